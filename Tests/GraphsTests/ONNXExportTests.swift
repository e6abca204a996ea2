import Checkpoints
import Foundation
import Graphs
import Testing

/// Graphs of torch.export written as ONNX models, and read again as files.
@Suite struct ONNXExportTests {
  private func written(_ name: String, _ scratch: Scratch, opset: Int = 18) throws -> ONNXFile {
    let path = scratch("\(name).onnx")
    try Fixture.model(name).writeONNX(to: path, opset: opset)
    return try ONNXFile(path: path)
  }

  @Test func operatorsInputsAndWeights() throws {
    let scratch = try Scratch()
    let file = try written("torch-2.15", scratch)
    #expect(file.producer == "bonsai")
    #expect(file.opsets == ["ai.onnx": 18])
    #expect(
      file.operators == [
        "BatchNormalization": 1, "Concat": 1, "Conv": 1, "Gemm": 1, "ReduceMean": 1, "Relu": 1, "Reshape": 1,
        "Shape": 1,
      ])
    #expect(file.inputs.map(\.type).allSatisfy { $0.hasPrefix("f32[batch, ") })
    #expect(file.outputs.map(\.name) == ["scores", "shape"])
    let model = try Checkpoint(Fixture.model("torch-2.15").file)
    for tensor in file.tensors where model[tensor.name] != nil {
      let bytes = try file.withBytes(of: tensor.name) { [UInt8]($0) }
      #expect(try model.withBytes(of: tensor.name) { [UInt8]($0) } == bytes)
    }
    #expect(file.tensors.filter { model[$0.name] != nil }.count >= 7)
  }

  @Test func aTableThatIsAHeadIsOneTensor() throws {
    let scratch = try Scratch()
    let file = try written("tied", scratch)
    let shared = file.tensors.filter { file.uses[$0.name]?.count == 2 }
    #expect(shared.count == 1)
    #expect(Set(shared.flatMap { file.uses[$0.name] ?? [] }.map(\.operation)).contains("Gather"))
  }

  @Test func outputsHaveTheNamesOfADictionary() throws {
    let scratch = try Scratch()
    #expect(try written("dictionary", scratch).outputs.map(\.name) == Fixture.model("dictionary").graph.outputNames)
  }

  @Test(arguments: [("training", "training"), ("rotary", "wrap_with_set_grad_enabled")])
  func whatCannotBeWrittenIsNamed(_ name: String, _ reason: String) throws {
    let scratch = try Scratch()
    #expect {
      try written(name, scratch)
    } throws: { error in
      guard case GraphError.notInONNX(let problems) = error else { return false }
      return problems.contains { $0.contains(reason) }
    }
    #expect(!FileManager.default.fileExists(atPath: scratch("\(name).onnx")))
  }

  @Test func otherVersionsAreRefused() throws {
    let scratch = try Scratch()
    #expect(throws: GraphError.self) { try written("tied", scratch, opset: 17) }
    #expect(try written("tied", scratch, opset: 23).opsets == ["ai.onnx": 23])
  }

  /// A step in place on a slice of a slice changes the whole.
  @Test func stepsInPlaceOnParts() throws {
    func slice(_ from: String, _ to: String, dim: Int, start: Int, end: Int) -> Node {
      Node(
        "torch.ops.aten.slice.Tensor",
        [
          .init("self", .tensor(from)), .init("dim", .int(dim)), .init("start", .int(start)), .init("end", .int(end)),
        ], outputs: [.tensor(to)])
    }
    func type(_ shape: [Int]) -> Value { Value(.tensor(TensorType(dtype: .f32, sizes: shape.map { .fixed($0) }))) }
    let graph = Graph(
      inputs: [.init(.tensor("x"))], outputs: [.init(.tensor("sum"))],
      nodes: [
        Node(
          "torch.ops.aten.new_zeros.default", [.init("self", .tensor("x")), .init("size", .ints([3, 4]))],
          outputs: [.tensor("z")]),
        slice("z", "rows", dim: 0, start: -2, end: .max), slice("rows", "part", dim: 1, start: 1, end: 3),
        Node(
          "torch.ops.aten.fill_.Scalar", [.init("self", .tensor("part")), .init("value", .float(2))],
          outputs: [.tensor("filled")]),
        Node(
          "torch.ops.aten.add.Tensor", [.init("self", .tensor("x")), .init("other", .tensor("z"))],
          outputs: [.tensor("sum")]),
      ],
      values: [
        "x": type([3, 4]), "z": type([3, 4]), "rows": type([2, 4]), "part": type([2, 2]), "filled": type([2, 2]),
        "sum": type([3, 4]),
      ])
    let scratch = try Scratch()
    try graph.writeONNX(to: scratch("m.onnx")) { _, _ in throw CancellationError() }
    let file = try ONNXFile(path: scratch("m.onnx"))
    #expect(file.operators == ["Add": 1, "Expand": 1, "Where": 1])
    let mask = try #require(file.tensors.first { $0.type == .bool })
    #expect(try file.withBytes(of: mask.name) { [UInt8]($0) } == [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0])
  }

  @Test func masksOfPrunedModelsAreFolded() throws {
    let scratch = try Scratch()
    let file = try written("pruned", scratch)
    let pairs = Checkpoint(file).prunedPairs
    #expect(pairs.count == 2)
    let folding = ONNXFolding(pairs, in: file)
    #expect(folding.folded == pairs.map(\.name) && folding.left.isEmpty)
    try folding.write(
      to: scratch("folded.onnx"),
      products: { name in
        pairs.first { $0.name == name }.map { pair in
          TensorSource(name: name, type: .f32, shape: pair.original.shape) { consume in
            try file.withBytes(of: pair.original.name, consume)
          }
        }
      }, metadata: [:], replacing: false)
    let folded = try ONNXFile(path: scratch("folded.onnx"))
    #expect(folded.operators["Mul"] == nil)
    #expect(pairs.allSatisfy { folded[$0.name]?.shape == $0.original.shape && folded[$0.mask.name] == nil })
    #expect(pairs.allSatisfy { folded.uses[$0.name]?.count == 1 })
  }
}
