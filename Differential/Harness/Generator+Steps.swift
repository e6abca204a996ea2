extension ProgramGenerator {
  private enum Kind {
    case prune, global, pass, forward, optimize, file, copy, remove, undo, probe, convert, value, mode
  }

  /// One step, or a few that belong together.
  mutating func steps() -> [Step] {
    let kind = random.pick(weighted: [
      (32, Kind.prune), (10, .global), (6, .pass), (6, .forward), (9, .optimize), (6, .file), (4, .copy),
      (5, .remove), (6, .undo), (4, .probe), (3, .convert), (6, .value), (3, .mode),
    ])
    switch kind {
    case .prune: return [prune()]
    case .global: return [global()]
    case .forward: return [.forward(seed: random.seed(), batch: batch(), gradients: random.chance(0.4))]
    case .pass: return [backward()]
    case .optimize where !hasOptimizer: return [backward()]
    case .optimize where random.chance(0.2) && !pruned.isEmpty:
      return [.hold(target: prunedTarget()), backward(), .optimize]
    case .optimize: return random.chance(0.8) ? [backward(), .optimize] : [.optimize]
    case .file: return file()
    case .copy: return [.copy]
    case .remove:
      let target = prunedTarget()
      pruned.removeAll { $0 == target }
      return [.remove(target: target)]
    case .undo: return [.undo(target: prunedTarget())]
    case .probe:
      let removing = random.chance(0.3)
      let target = removing ? prunedTarget() : target()
      return [.probe(target: target, method: method(shape(of: target)), seed: random.seed(), removing: removing)]
    case .convert:
      let dtype = random.pick(["float32", "float64", "float16", "bfloat16"])
      return [.convert(module: random.chance(0.8) ? "" : random.pick(modules), dtype: dtype)]
    case .value:
      return random.chance(0.5)
        ? [.add(target: target(), recipe: weights(layouts: false))]
        : [.fill(target: target(), recipe: weights(layouts: random.chance(0.3)))]
    case .mode: return [random.chance(0.6) ? .train(on: random.chance(0.4)) : .freeze(on: random.chance(0.6))]
    }
  }

  private mutating func batch() -> Int { random.pick(weighted: [(6, 2), (3, 3), (2, 1), (1, 0)]) }

  private mutating func backward() -> Step {
    .backward(seed: random.seed(), batch: batch(), accumulating: random.chance(0.2))
  }

  private mutating func file() -> [Step] {
    let slot = random.int(0...1)
    let load = Step.load(slot: slot, how: random.pick([.strict, .strict, .loose, .translated]))
    if saved.contains(slot), random.chance(0.7) || random.chance(0.02) { return [load] }
    saved.insert(slot)
    return random.chance(0.6) ? [.save(slot: slot)] : [.save(slot: slot), load]
  }

  /// A tensor that is probably pruned.
  private mutating func prunedTarget() -> Target {
    pruned.isEmpty || random.chance(0.1) ? target() : random.pick(pruned)
  }

  private mutating func note(_ target: Target) { if !pruned.contains(target) { pruned.append(target) } }

  private func shape(of target: Target) -> [Int] { parameters.first { $0.target == target }?.shape ?? [1] }

  private mutating func prune() -> Step {
    let target = target()
    note(target)
    let shape = shape(of: target)
    let method = method(shape)
    var scores: TensorRecipe?
    switch method {
    case .l1, .ln, .everyOther: scores = random.chance(0.3) ? self.scores(shape) : nil
    default: break
    }
    return .prune(target: target, method: method, seed: random.seed(), scores: scores)
  }

  private mutating func global() -> Step {
    var targets: [Target] = []
    for _ in 0..<random.int(1...5) {
      let target = target()
      if !targets.contains(target) { targets.append(target) }
      note(target)
    }
    let count = targets.reduce(0) { $0 + shape(of: $1).reduce(1, *) }
    let method: Method =
      switch random.int(0...11) {
      case 0: .identity
      case 1: .everyOther(type: random.chance(0.8) ? "unstructured" : "structured", dim: 0)
      case 2: random.chance(0.3) ? .ln(amount: amount(of: count), n: "2", dim: 0) : .random(amount: amount(of: count))
      case 3...4: .random(amount: amount(of: count))
      default: .l1(amount: amount(of: count))
      }
    let scored = random.chance(0.25)
    return .globally(
      targets: targets, method: method, seed: random.seed(),
      scores: targets.map { scored && random.chance(0.6) ? scores(shape(of: $0)) : nil })
  }

  /// Any method, for a tensor of that shape.
  mutating func method(_ shape: [Int]) -> Method {
    let count = shape.reduce(1, *)
    let rank = shape.count
    let structured = rank > 1 || random.chance(0.05)
    let dim = random.chance(0.03) ? rank : random.int(-rank...max(rank - 1, 0))
    let channels = shape.indices.contains(dim) ? shape[dim] : shape.indices.contains(dim + rank) ? shape[dim + rank] : 1
    switch random.int(0...(structured ? 15 : 9)) {
    case 0...3: return .l1(amount: amount(of: count))
    case 4...5: return .random(amount: amount(of: count))
    case 6: return .identity
    case 7...8:
      var mask = TensorRecipe(seed: random.seed(), kind: random.chance(0.75) ? .bits : .levels)
      if random.chance(0.4) { mask.dtype = random.pick(["bool", "int64", "uint8", "float32", "float64", "bfloat16"]) }
      if random.chance(0.15) { mask.layout = random.pick(TensorRecipe.Layout.allCases) }
      if random.chance(0.05) { mask.shape = shape + [1] }
      return .custom(mask: mask)
    case 9:
      return .everyOther(
        type: random.pick(structured ? ["unstructured", "structured", "global"] : ["unstructured", "global"]), dim: dim)
    case 10...13:
      let n = random.pick(["1", "2", "2", "inf", "-inf", "0", "0.5", "3", "-1", "fro", "nuc"])
      return .ln(amount: amount(of: channels), n: n, dim: dim)
    default: return .randomStructured(amount: amount(of: channels), dim: dim)
    }
  }
}
