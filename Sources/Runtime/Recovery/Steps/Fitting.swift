import Torch

extension RecoveryWork {
  /// Refits the layers in the order of the graph, each on its inputs as they are by then, so that the place where it is held
  /// against the original, its output, that of its norm or the sum they go into, is the original's.
  ///
  /// - Parameter weights: whether weights are refitted; constants alone otherwise.
  func fit(_ entry: inout RecoveryReport.Step, weights: Bool) throws {
    let (pairs, skipped) = try LayerPair.all(small, teacher: teacher, kept: kept)
    entry.skipped = skipped
    var fitted = weights ? pairs : pairs.filter(\.takesConstants)
    if weights {
      // The sums, a copy that is damped, and its factor.
      func bytes(_ pair: LayerPair) -> Int { LayerFit.size(pair) * 24 }
      entry.skipped += fitted.filter { bytes($0) > settings.memoryLimit }.map {
        SkippedLayer(
          name: $0.small.path, reason: "its sums would take \(bytes($0)) bytes, more than \(settings.memoryLimit)")
      }
      fitted.removeAll { bytes($0) > settings.memoryLimit }
    } else {
      entry.skipped += pairs.filter { !$0.takesConstants }.map {
        SkippedLayer(name: $0.small.path, reason: "it has no bias and no batch norm behind it")
      }
    }
    let groups = try independent(fitted)
    for (place, group) in groups.enumerated() {
      try report(entry.name, place, of: groups.count)
      let fits = group.map { LayerFit($0, isWeighted: weights) }
      let places = (group.flatMap { $0.places.small }, group.flatMap { $0.places.teacher })
      let (own, original) = (Probe(small, places.0), Probe(teacher, places.1))
      func forEach(
        _ batches: some Collection<[Tensor]>, _ body: (LayerFit, Tensor, Tensor, Tensor) throws -> Void
      ) throws {
        for batch in batches {
          let (found, wanted) = (try own.values(batch), try original.values(batch))
          for (index, fit) in fits.enumerated() {
            try body(fit, found[2 * index], found[2 * index + 1], wanted[index])
          }
          if settings.shouldStop?() == true { throw RecoveryStopped() }
        }
      }
      let batches = data.fitted(samples: settings.fittingSamples)
      try noGrad {
        try forEach(batches) { try $0.gather($1, $2, $3, batches: batches.count) }
        for fit in fits { fit.solve() }
        try forEach(data.heldOut) { try $0.judge($1, $2, $3) }
        for fit in fits { fit.apply() }
      }
      entry.layers += fits.compactMap(\.outcome)
    }
    try report(entry.name, groups.count, of: groups.count)
  }

  /// Neighbouring layers none of which hears of another one's change, so that one pass over the samples is enough for
  /// them; as far as memory allows.
  private func independent(_ pairs: [LayerPair]) throws -> [[LayerPair]] {
    let plan = try small.currentPlan()
    var groups: [[LayerPair]] = []
    var (reached, memory): (Set<Int>, Int) = ([], 0)
    var seen = 0
    func spread(through step: Int) {
      while seen < step {
        if plan.steps[seen].uses.contains(where: reached.contains) {
          reached.formUnion(plan.steps[seen].results.compactMap { $0 })
        }
        seen += 1
      }
    }
    for pair in pairs {
      spread(through: pair.small.step)
      let input = plan.steps[pair.small.step].tensors["input"]
      let size = LayerFit.size(pair)
      let isFree =
        !(input.map(reached.contains) ?? true) && memory + size <= 1 << 24
        && !(groups.last?.contains { $0.small.reference.step == pair.small.reference.step } ?? false)
      if isFree, !groups.isEmpty {
        groups[groups.count - 1].append(pair)
        memory += size
      } else {
        groups.append([pair])
        (reached, memory, seen) = ([], size, pair.small.step)
      }
      reached.formUnion(plan.steps[pair.small.step].results.compactMap { $0 })
      seen = max(seen, pair.small.step)
    }
    return groups
  }
}
