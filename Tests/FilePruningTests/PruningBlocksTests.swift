import Checkpoints
import Recipes
import Sparsity
import TestSupport
import Testing

@testable import FilePruning

/// What is done in passes over blocks, against the same done in memory at once.
@Suite("Pruning in blocks") struct PruningBlocksTests {
  @Test("one ranking over tensors of several types, with many ties", arguments: [1 << 20, 40, 1], [false, true])
  func global(levels: Int, masked: Bool) throws {
    var generator = SeededGenerator(21)
    let weights = [StoredType.f32, .bf16, .f64, .f32].enumerated().map { number, type in
      TestWeight("\(number).weight", type, [30 + number, 40], levels: levels, masked: masked, using: &generator)
    }
    let available = weights.reduce(0) { $0 + ($1.mask?.keptCount ?? $1.count) }
    for share in [0, 0.3, 0.9, 1] {
      let expected = try masks(pruning: try Amount.fraction(share).entries(of: available), of: weights)
      try expectPruning(weights, Recipe(.magnitude, target: .amount(.fraction(share))), gives: expected)
    }
  }

  @Test("a ranking in each tensor; more entries than a search gathers", arguments: [StoredType.f32, .bf16])
  func perTensor(type: StoredType) throws {
    var generator = SeededGenerator(22)
    // The second is counted rather than gathered, and for float32 seen twice.
    let weights = [("a.weight", [50, 30], true), ("b.weight", [600, 500], false), ("c.weight", [7, 90], false)].map {
      TestWeight($0, type, $1, masked: $2, using: &generator)
    }
    let expected = try weights.map { weight in
      try masks(pruning: Amount.fraction(0.45).entries(of: weight.mask?.keptCount ?? weight.count), of: [weight])[0]
    }
    try expectPruning(
      weights, Recipe(.magnitude, target: .amount(.fraction(0.45)), distribution: .uniform), gives: expected)
  }

  @Test("patterns", arguments: [false, true])
  func patterns(masked: Bool) throws {
    var generator = SeededGenerator(23)
    let weights = [("a.weight", [36, 48]), ("b.weight", [8, 4, 12]), ("c.weight", [4, 600])].map {
      TestWeight($0, .f32, $1, masked: masked, using: &generator)
    }
    for (norm, pattern) in [
      (nil, Pattern.nOfM(2, 4)), (nil, .nOfM(1, 6, dim: -1)), (1, .structured(dim: 0)), (2, .structured(dim: -1)),
      (.infinity, .structured(dim: 1)), (nil, .structured(dim: 1)), (2, .block(rows: 4, columns: 4)),
      (1, .block(rows: 2, columns: 12, of: .lastTwo)),
    ] as [(Norm?, Pattern)] {
      let amount: Amount? = pattern.fixesAmount ? nil : 0.4
      let expected = try weights.map { weight in
        try weight.withScores {
          try pattern.mask(pruning: amount, of: $0, shape: weight.shape, .norm(norm?.order ?? 2))
        }
      }
      var recipe = Recipe(.magnitude, target: amount.map { .amount($0) }, pattern: pattern)
      if let norm { recipe.criterion = pattern.fixesAmount ? recipe.criterion : LnNorm(norm) }
      try expectPruning(weights, recipe, gives: expected)
    }
  }

  @Test("whatever is smaller than a threshold")
  func threshold() throws {
    var generator = SeededGenerator(24)
    let weights = [("a.weight", [30, 48]), ("b.weight", [8, 12])].map {
      TestWeight($0, .f32, $1, masked: $0 == "a.weight", using: &generator)
    }
    func values(_ weight: TestWeight) -> [Float] {
      weight.bytes.withUnsafeBytes { bytes in
        (0..<weight.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
    }
    func masked(_ weight: TestWeight, _ stays: [Bool]) -> BitMask {
      weight.mask.map { BitMask(stays).intersection($0) } ?? BitMask(stays)
    }
    let border = values(weights[0])[77].magnitude
    try expectPruning(
      weights, Recipe(.magnitude, target: .below(Double(border))),
      gives: weights.map { masked($0, values($0).map { $0.magnitude >= border }) })
    let rows = weights.map { weight -> BitMask in
      let columns = weight.shape[1]
      let norms = (0..<weight.shape[0]).map { row in
        (0..<columns).reduce(0.0) { sum, column in
          let index = row * columns + column
          return sum + (weight.mask?[index] ?? true ? Double(values(weight)[index].magnitude) : 0)
        }
      }
      return masked(weight, (0..<weight.count).map { norms[$0 / columns] >= 15 })
    }
    try expectPruning(
      weights, Recipe(.norm(1), target: .below(15), pattern: .structured(dim: 0)), gives: rows)
  }

  @Test("shares by Erdős–Rényi-kernel make up the share asked for")
  func erk() throws {
    var generator = SeededGenerator(25)
    let shapes = [[6, 3, 5, 5], [120, 40], [10, 84]]
    let weights = shapes.enumerated().map { TestWeight("\($0).weight", .f32, $1, using: &generator) }
    let shares = Distribution.erkSparsities(overall: 0.8, shapes: shapes)
    let expected = try zip(weights, shares).map { weight, share in
      try masks(pruning: Amount.fraction(share).entries(of: weight.count), of: [weight])[0]
    }
    try expectPruning(weights, Recipe(.magnitude, target: .amount(.fraction(0.8)), distribution: .erk), gives: expected)
    let pruned = expected.reduce(0) { $0 + $1.prunedCount }
    #expect(abs(pruned - weights.reduce(0) { $0 + $1.count } * 4 / 5) <= weights.count)
  }

  @Test("draws are the same in every pass and division into blocks", arguments: [false, true])
  func random(masked: Bool) throws {
    var generator = SeededGenerator(26)
    let weights = [("a.weight", [600, 500]), ("b.weight", [8, 12])].map {
      TestWeight($0, .f32, $1, masked: masked, using: &generator)
    }
    func expected(_ parts: [[Float]], _ k: [Int]) throws -> [BitMask] {
      try zip(parts.indices, weights).map { index, weight in
        let compact = try parts[index].withUnsafeBufferPointer {
          try Selection.prune(k[index], of: [Scores($0)], by: .largestValue)[0]
        }
        return weight.mask?.depositing(compact) ?? compact
      }
    }
    let counts = weights.map { $0.mask?.keptCount ?? $0.count }
    let draws = CountedDraws(count: counts.reduce(0, +))
    let sequence = draws.values
    let parts = [Array(sequence[..<counts[0]]), Array(sequence[counts[0]...])]
    let each = try counts.map { try Amount.fraction(0.3).entries(of: $0) }
    try expectPruning(
      weights, Recipe(.random(seed: 9), target: .amount(.fraction(0.3)), distribution: .uniform),
      gives: try expected(parts, each),
      draws: draws)

    let whole = try sequence.withUnsafeBufferPointer {
      try Selection.prune(Amount.fraction(0.3).entries(of: $0.count), of: [Scores($0)], by: .largestValue)[0]
    }
    let compact = [BitMask((0..<counts[0]).map { whole[$0] }), BitMask((counts[0]..<whole.count).map { whole[$0] })]
    try expectPruning(
      weights, Recipe(.random(seed: 9), target: .amount(.fraction(0.3))),
      gives: zip(compact, weights).map { $1.mask?.depositing($0) ?? $0 }, draws: draws)
  }
}

/// Draws of a sequence that is not PyTorch's.
struct CountedDraws: UniformDraws {
  /// The sequence of seed 9.
  let values: [Float]

  init(count: Int) {
    var generator = SeededGenerator(9)
    values = (0..<count).map { _ in Float(generator.next() >> 40) * 0x1p-24 }
  }

  func begin(seed: UInt64, parts: [UniformPart]) -> (UnsafeMutableRawBufferPointer) throws -> Void {
    #expect(seed == 9 && parts.allSatisfy { $0.type == .float32 })
    var next = 0
    return { buffer in
      values.withUnsafeBytes {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[next..<next + buffer.count]))
      }
      next += buffer.count
    }
  }
}
