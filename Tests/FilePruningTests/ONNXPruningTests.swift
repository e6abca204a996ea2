import Checkpoints
import Foundation
import ONNXFormat
import Recipes
import Sparsity
import TestSupport
import Testing

@testable import FilePruning

/// Patterns on weights whose outputs stand last, as MatMul has them: what is pruned is what would be pruned of the same
/// weights the other way round.
@Suite struct ONNXPruningTests {
  static let inputs = 8
  static let outputs = 12

  /// A model of one MatMul, and the transposed weight.
  static func model(_ scratch: Scratch) throws -> (path: String, transposed: String) {
    var generator = SeededGenerator(7)
    let values = (0..<inputs * outputs).map { _ in Float.random(in: -1...1, using: &generator) }
    var tensor = ONNXTensorProto()
    (tensor.name, tensor.dataType, tensor.dims) = ("onnx::MatMul_3", 1, [Int64(inputs), Int64(outputs)])
    tensor.rawData = values.withUnsafeBytes { Data($0) }
    var node = ONNXNodeProto()
    (node.opType, node.input, node.output) = ("MatMul", ["x", tensor.name], ["y"])
    var model = ONNXModelProto()
    model.irVersion = 9
    model.graph.initializer = [tensor]
    model.graph.node = [node]
    let path = scratch.write("m.onnx", [UInt8](try model.serializedData()))
    let turned = (0..<inputs * outputs).map { values[$0 % inputs * outputs + $0 / inputs] }
    try SafetensorsWriter.write(
      [TensorSource(name: "onnx::MatMul_3", type: .f32, shape: [outputs, inputs], elements: turned)],
      to: scratch("turned.safetensors"))
    return (path, scratch("turned.safetensors"))
  }

  @Test(arguments: [
    Pattern.structured(dim: 0), .structured(dim: 1), .structured(dim: -1), .nOfM(2, 4), .nOfM(1, 4, dim: 0),
    .block(rows: 4, columns: 1), .block(rows: 2, columns: 4), .unstructured,
  ])
  func outputsStandLast(_ pattern: Pattern) throws {
    let scratch = Scratch()
    let (path, transposed) = try Self.model(scratch)
    let recipe = Recipe(.magnitude, target: pattern.fixesAmount ? nil : .sparsity(0.5), pattern: pattern)
    var results: [[Float]] = []
    for (input, output, format) in [
      (path, "out.onnx", Checkpoint.OutputFormat.onnx), (transposed, "out.safetensors", .safetensors),
    ] {
      let pruner = try FilePruner(Checkpoint.open(input), recipe)
      _ = try pruner.run(to: .init(path: scratch(output), format: format))
      let written = try Checkpoint.open(scratch(output))
      results.append(
        try written.withBytes(of: "onnx::MatMul_3") { bytes in
          (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        })
    }
    let turned = (0..<Self.inputs * Self.outputs).map {
      results[0][$0 % Self.inputs * Self.outputs + $0 / Self.inputs]
    }
    #expect(turned == results[1])
    #expect(turned.contains(0))
  }

  @Test func rolesComeFromTheGraph() throws {
    let scratch = Scratch()
    let store = try Checkpoint.open(Self.model(scratch).path)
    let judgement = try #require(store.roles["onnx::MatMul_3"])
    #expect(judgement == RoleJudgement(.weight, "MatMul 'y' takes it as input 1"))
    func role(_ uses: [TensorUse]) -> Role? { TensorUse.judgement(uses, rank: 2, type: .f32)?.role }
    #expect(role([TensorUse(operation: "Gather", input: 0, node: "n")]) == .embedding)
    // A table that is a head too stays whole.
    #expect(
      role([
        TensorUse(operation: "MatMul", input: 1, node: "n", isTransposed: true),
        TensorUse(operation: "Gather", input: 0, node: "n"),
      ]) == .embedding)
    #expect(role([TensorUse(operation: "DequantizeLinear", input: 1, node: "n")]) == .scale)
    #expect(role([TensorUse(operation: "com.microsoft::MatMulNBits", input: 2, node: "n")]) == .scale)
    #expect(role([TensorUse(operation: "Concat", input: 1, node: "n")]) == .other)
    #expect(role([TensorUse(operation: "own::Layer", input: 1, node: "n")]) == nil)
  }

  @Test func rowsThatAreInputsStayWhole() throws {
    let scratch = Scratch()
    let store = try Checkpoint.open(Self.model(scratch).path)
    let recipe = Recipe(.magnitude, target: .sparsity(0.5), distribution: .perRow)
    #expect(throws: CheckpointError.self) { try FilePruner(store, recipe) }
  }
}
