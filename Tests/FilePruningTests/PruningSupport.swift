import Checkpoints
import Foundation
import Recipes
import Sparsity
import TestSupport
import Testing

@testable import FilePruning

/// A weight in memory, for tests that compare what is done in blocks with the same done at once.
struct TestWeight {
  var name: String
  var type: StoredType
  var shape: [Int]
  var bytes: [UInt8]
  var mask: BitMask?

  var elementType: ElementType { type.elementType! }
  var count: Int { shape.reduce(1, *) }

  /// Values of `levels` magnitudes, so that many are tied, or as good as all different; half of the signs negative.
  init(
    _ name: String, _ type: StoredType, _ shape: [Int], levels: Int = 1 << 20, masked: Bool = false,
    using generator: inout SeededGenerator
  ) {
    (self.name, self.type, self.shape) = (name, type, shape)
    let count = shape.reduce(1, *)
    bytes = (0..<count).flatMap { _ -> [UInt8] in
      let value =
        Float(Int.random(in: 1...levels, using: &generator)) / Float(levels) * (Bool.random(using: &generator) ? 1 : -1)
      return Self.bytes(value, type)
    }
    if masked { mask = BitMask((0..<count).map { _ in Int.random(in: 0..<4, using: &generator) > 0 }) }
  }

  static func bytes(_ value: Float, _ type: StoredType) -> [UInt8] {
    func raw(_ bits: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: bits.littleEndian) { Array($0) } }
    switch type {
    case .f64: return raw(Double(value).bitPattern)
    case .bf16: return raw(UInt16(value.bitPattern >> 16))
    default: return raw(value.bitPattern)
    }
  }

  /// The tensors in a file.
  var sources: [TensorSource] {
    guard let mask else { return [TensorSource(name: name, type: type, shape: shape, bytes: bytes)] }
    return [
      TensorSource(name: name + "_orig", type: type, shape: shape, bytes: bytes),
      TensorSource(name: name + "_mask", type: type, shape: shape, bytes: dense(mask)),
    ]
  }

  func dense(_ mask: BitMask) -> [UInt8] {
    var dense = [UInt8](repeating: 0, count: bytes.count)
    dense.withUnsafeMutableBytes { mask.expand(into: $0, as: elementType) }
    return dense
  }

  func product(_ mask: BitMask) -> [UInt8] {
    var product = bytes
    bytes.withUnsafeBytes { source in
      product.withUnsafeMutableBytes { mask.multiply(source, into: $0, type: elementType) }
    }
    return product
  }

  func withScores<R>(_ body: (Scores) throws -> R) rethrows -> R {
    try bytes.withUnsafeBytes { try body(Scores(bytes: $0, type: elementType, kept: mask)) }
  }
}

/// The masks of single entries ranked together, made in memory.
func masks(pruning k: Int, of weights: [TestWeight]) throws -> [BitMask] {
  func next(_ index: Int, _ scores: [Scores]) throws -> [BitMask] {
    if index == weights.count { return try Selection.prune(k, of: scores) }
    return try weights[index].withScores { try next(index + 1, scores + [$0]) }
  }
  return try next(0, [])
}

/// Prunes weights through files, in small blocks, in both forms, and compares with the masks that are expected.
func expectPruning(
  _ weights: [TestWeight], _ recipe: Recipe, gives expected: [BitMask], draws: (any UniformDraws)? = nil,
  location: SourceLocation = #_sourceLocation
) throws {
  let scratch = Scratch()
  try SafetensorsWriter.write(weights.flatMap(\.sources), metadata: ["k": "v"], to: scratch("in.safetensors"))
  for form in PrunedForm.allCases {
    let pruner = try FilePruner(try Checkpoint.open(scratch("in.safetensors")), recipe, draws: draws)
    pruner.context.blockSize = 1024
    let path = scratch("\(form).safetensors")
    let report = try pruner.run(to: .init(path: path, format: .safetensors, form: form))
    #expect(try pruner.dryRun().weights.tensors == report.weights.tensors, sourceLocation: location)
    let found = try Checkpoint.open(path)
    #expect(found.metadata == ["k": "v"], sourceLocation: location)
    for (weight, mask) in zip(weights, expected) {
      func bytes(_ name: String) throws -> [UInt8] { try found.withBytes(of: name) { Array($0) } }
      if form == .zeros {
        #expect(try bytes(weight.name) == weight.product(mask), "\(weight.name)", sourceLocation: location)
      } else {
        #expect(try bytes(weight.name + "_orig") == weight.bytes, "\(weight.name)", sourceLocation: location)
        #expect(try bytes(weight.name + "_mask") == weight.dense(mask), "\(weight.name)", sourceLocation: location)
      }
      let line = try #require(report.weights.tensors.first { $0.name == weight.name })
      #expect(line.pruned == mask.prunedCount && line.prunedBefore == weight.mask?.prunedCount ?? 0)
    }
  }
}

/// The fixtures of the tests of files.
enum Fixture {
  static func path(_ name: String) -> String {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return tests.appendingPathComponent("CheckpointsTests/Fixtures/\(name)").path
  }
}
