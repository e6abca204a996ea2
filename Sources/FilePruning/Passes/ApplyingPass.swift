import Checkpoints
import Recipes
import Sparsity

/// The pass that makes masks and writes the output.
struct ApplyingPass {
  let rankers: Rankers
  let layout: PrunedLayout
  let form: PrunedForm
  /// Called with the bytes handled so far and their total; may throw to stop.
  let progress: (_ done: Int, _ total: Int) throws -> Void

  /// Bytes that the system copies at once, between two looks at what the user wants.
  private static let partSize = 64 << 20

  private var context: FileContext { rankers.context }

  /// Goes over all tensors.
  ///
  /// - Parameter writer: Where the output goes, already begun; nil to count only.
  /// - Returns: What became of each weight that was pruned.
  func run(into writer: (any TensorStoreWriter)?) throws -> [PruningReport.Tensor] {
    let behind = writer.map(WriteBehind.init)
    do {
      var reports: [Int: PruningReport.Tensor] = [:]
      var done = 0
      let changed = rankers.order.filter { !layout.targets[$0].isEmpty }
      let tensors = context.store.tensors
      let copies = behind == nil ? [] : layout.copies
      let total =
        changed.reduce(0) { $0 + context.weights[$1].tensor.byteCount }
        + copies.reduce(0) { $0 + tensors[$1].byteCount }
      for weight in changed {
        reports[weight] = try apply(weight, behind) {
          done += $0
          try progress(done, total)
        }
      }
      if let behind {
        for place in copies {
          try copy(tensors[place], behind) {
            done += $0
            try progress(done, total)
          }
        }
        try behind.drain()
      }
      try context.store.checkUnchanged()
      return context.weights.indices.compactMap { reports[$0] }
    } catch {
      // The writer is cancelled next: it must have come to rest.
      try? behind?.drain()
      throw error
    }
  }

  private func apply(
    _ number: Int, _ behind: WriteBehind?, _ handled: (Int) throws -> Void
  ) throws -> PruningReport.Tensor {
    let weight = context.weights[number]
    let ranker = rankers.rankers[number] ?? EarlierRanker()
    let masks = form == .masks
    let values = layout.targets[number].map(\.values)
    let maskNames = layout.targets[number].compactMap(\.mask)
    let spare = behind == nil ? WriteBehind.Block() : nil
    var report = PruningReport.Tensor(
      name: weight.name, shape: weight.shape, entries: weight.count)
    for start in stride(from: 0, to: weight.count, by: rankers.blockCounts[number]) {
      let range = start..<min(weight.count, start + rankers.blockCounts[number])
      let bytes = range.count * weight.type.byteCount
      guard let block = try behind?.take() ?? spare else { continue }
      do {
        try context.reader.readValues(of: weight, range, into: block.values)
        let kept = try context.reader.kept(of: weight, range)
        let dense = UnsafeMutableRawBufferPointer(rebasing: block.values[..<bytes])
        let scores = Scores(bytes: UnsafeRawBufferPointer(dense), type: weight.type, kept: kept)
        var output = DenseOutput(
          mask: masks && behind != nil ? UnsafeMutableRawBufferPointer(rebasing: block.mask[..<bytes]) : nil,
          product: masks || behind == nil ? nil : dense, of: UnsafeRawBufferPointer(dense), type: weight.type)
        let nonzero = BitMask(UnsafeRawBufferPointer(dense), type: weight.type)
        // What is written has zeros where entries are pruned, whatever they were.
        output.isZeroing = true
        let bits = try ranker.survivors(of: WeightBlock(number: number, start: start, scores: scores), writing: output)
        report.pruned += bits.prunedCount
        report.prunedBefore += kept?.prunedCount ?? 0
        let gone = nonzero.subtracting(bits)
        report.alreadyZero += bits.prunedCount - (kept.map { gone.intersection($0) } ?? gone).keptCount
      } catch {
        behind?.giveBack(block)
        throw error
      }
      behind?.write(block, values: bytes, to: values, mask: masks ? bytes : 0, to: maskNames)
      try handled(bytes)
    }
    return report
  }

  private func copy(_ tensor: TensorInfo, _ behind: WriteBehind, _ handled: (Int) throws -> Void) throws {
    if behind.copiesParts, let part = (context.store as? Checkpoint)?.part(of: tensor) {
      for start in stride(from: 0, to: tensor.byteCount, by: Self.partSize) {
        let part = part.part(from: start, count: Self.partSize)
        try behind.write(part, to: tensor.name)
        try handled(part.range.count)
      }
      return
    }
    for start in stride(from: 0, to: tensor.byteCount, by: context.blockSize) {
      let count = min(context.blockSize, tensor.byteCount - start)
      let block = try behind.take()
      do {
        try context.store.read(
          tensor.name, at: start, into: UnsafeMutableRawBufferPointer(rebasing: block.values[..<count]))
      } catch {
        behind.giveBack(block)
        throw error
      }
      behind.write(block, values: count, to: [tensor.name])
      try handled(count)
    }
  }
}
