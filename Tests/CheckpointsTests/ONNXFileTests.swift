import Foundation
import ONNXFormat
import TestSupport
import Testing

@testable import Checkpoints

/// Models made by Python's onnx: read, written back, changed, and damaged.
@Suite struct ONNXFileTests {
  static let names = ["onnx/small.onnx", "onnx/external/small.onnx"]

  @Test(arguments: names) func tensorsAreThoseOfPython(_ name: String) throws {
    let model = try Checkpoint.open(Fixture.path(name))
    #expect(model.format == .onnx)
    #expect(model.metadata == ["a": "b"])
    #expect(
      model.tensors.map(\.name) == [
        "conv.weight", "conv.bias", "onnx::MatMul_12", "fc2.weight", "half", "cw", "br/else_branch/sub_w",
        "br/then_branch/sub_b",
      ])
    let wanted = try Checkpoint.open(Fixture.path("onnx/small.safetensors"))
    #expect(try model.differences(from: wanted).allSatisfy { $0.isEqual && $0.hasSameBytes })
    #expect(model.uses(of: "fc2.weight") == [TensorUse(operation: "Gemm", input: 1, node: "g", isTransposed: true)])
    #expect(model.uses(of: "half") == [])
    #expect(model.uses(of: "br/else_branch/sub_w") == [TensorUse(operation: "MatMul", input: 1, node: "o2")])
  }

  @Test(arguments: names) func unchangedModelIsWrittenByteForByte(_ name: String) throws {
    let scratch = Scratch()
    let model = try Checkpoint.open(Fixture.path(name))
    try Checkpoint.write(
      model.sources(), as: .onnx, to: scratch("small.onnx"), metadata: model.metadata, like: model)
    #expect(Self.bytes(scratch("small.onnx")) == Fixture.bytes(name))
    guard name.contains("external") else { return }
    #expect(Self.bytes(scratch("w.bin")) == Fixture.bytes("onnx/external/w.bin"))
  }

  @Test(arguments: names) func onlyEntriesChange(_ name: String) throws {
    let scratch = Scratch()
    let model = try Checkpoint.open(Fixture.path(name))
    let changed: Set = ["half", "cw", "conv.weight"]
    let sources = model.tensors.map { tensor in
      TensorSource(name: tensor.name, type: tensor.type, shape: tensor.shape) { consume in
        try model.withBytes(of: tensor.name) { bytes in
          var copy = [UInt8](bytes)
          if changed.contains(tensor.name) { for index in 0..<copy.count / 2 { copy[index] = 0 } }
          try copy.withUnsafeBytes(consume)
        }
      }
    }
    try Checkpoint.write(
      sources, as: .onnx, to: scratch("out.onnx"), metadata: model.metadata.merging(["k": "v"]) { $1 }, like: model)
    let written = try Checkpoint.open(scratch("out.onnx"))
    #expect(written.metadata == ["a": "b", "k": "v"])
    for one in try written.differences(from: model) {
      #expect(one.isEqual == !changed.contains(one.name), "\(one.name)")
    }
    for source in sources where changed.contains(source.spec.name) {
      var bytes: [UInt8] = []
      try source.produce { bytes += $0 }
      #expect(try written.withBytes(of: source.spec.name) { [UInt8]($0) } == bytes)
    }
  }

  /// Parsed, serialised and given its payloads back.
  @Test func messagesAndPayloadsMakeTheSameFile() throws {
    let scratch = Scratch()
    let file = try ONNXFile(path: Fixture.path("onnx/small.onnx"))
    #expect(file.model.graph.initializer[2].rawData.isEmpty)
    try ONNXPayloads(of: file).write(file.model, to: scratch("again.onnx"))
    #expect(Self.bytes(scratch("again.onnx")) == Fixture.bytes("onnx/small.onnx"))
  }

  @Test func entriesOfATensorThatIsNewOrMoved() throws {
    let scratch = Scratch()
    let file = try ONNXFile(path: Fixture.path("onnx/small.onnx"))
    var payloads = ONNXPayloads(of: file)
    var model = file.model
    try payloads.set(
      TensorSource(name: "", type: .f32, shape: [2, 3], elements: [1, 2, 3, 4, 5, 6] as [Float]),
      in: &model.graph.initializer[0])
    // So small a limit puts what is large beside the model.
    try payloads.write(model, to: scratch("new.onnx"), limit: 100)
    #expect(scratch.names == ["new.onnx", "new.onnx.data"])
    let written = try ONNXFile(path: scratch("new.onnx"))
    #expect(written["conv.weight"]?.shape == [2, 3])
    #expect(try written.withBytes(of: "conv.weight") { [Float]($0.bindMemory(to: Float.self)) } == [1, 2, 3, 4, 5, 6])
    let (left, right) = (Checkpoint(written), Checkpoint(file))
    for one in try left.differences(from: right) where one.name != "conv.weight" { #expect(one.isEqual) }
    #expect(written["onnx::MatMul_12"]?.fileIndex == 1)
    #expect(
      try written.bytes(of: written.model.graph.initializer[2]) == file.bytes(of: file.model.graph.initializer[2]))
  }

  @Test func cutShortAnywhereIsRefused() throws {
    let whole = Fixture.bytes("onnx/small.onnx")
    // Metadata are the last field: without them, the file is a whole model again.
    for count in stride(from: 1, to: whole.count - 30, by: 97) {
      #expect(throws: CheckpointError.self) { try ONNXFile(MappedFile(bytes: whole[..<count], name: "cut")) }
    }
  }

  @Test(arguments: ["../w.bin", "/etc/passwd", "a/../../w.bin", "", "link.bin"])
  func dataOutsideTheDirectoryAreRefused(_ location: String) throws {
    let scratch = Scratch()
    var model = ONNXModelProto()
    model.irVersion = 9
    var tensor = ONNXTensorProto()
    tensor.name = "w"
    tensor.dims = [2]
    tensor.dataType = 1
    tensor.dataLocation = .external
    var entry = ONNXStringStringEntryProto()
    (entry.key, entry.value) = ("location", location)
    tensor.externalData = [entry]
    model.graph.initializer = [tensor]
    try FileManager.default.createDirectory(atPath: scratch("home"), withIntermediateDirectories: true)
    _ = scratch.write("w.bin", Array(repeating: 0, count: 64))
    try FileManager.default.createSymbolicLink(
      atPath: scratch("home/link.bin"), withDestinationPath: scratch("w.bin"))
    let path = scratch.write("home/m.onnx", [UInt8](try model.serializedData()))
    do {
      _ = try Checkpoint.open(path)
      Issue.record("data outside were read")
    } catch {
      #expect(error.kind == .unsafe)
    }
  }

  @Test func entriesThatDoNotFitAreRefused() throws {
    func open(_ change: (inout ONNXTensorProto) -> Void) -> String {
      var model = ONNXModelProto()
      model.irVersion = 9
      var tensor = ONNXTensorProto()
      tensor.name = "w"
      tensor.dims = [2]
      tensor.dataType = 1
      change(&tensor)
      model.graph.initializer = [tensor]
      return sentence { _ = try Checkpoint.open(bytes: [UInt8](try model.serializedData()), name: "m.onnx") }
    }
    #expect(open { $0.rawData = Data(count: 7) }.contains("expected 8 bytes (F32 of shape [2]), found 7"))
    #expect(open { $0.int32Data = [1, 2] }.contains("them in field 5"))
    #expect(
      open {
        $0.dims = [-1]
        $0.rawData = Data(count: 8)
      }.contains("expected a shape"))
    #expect(
      open {
        $0.dims = [1 << 40, 1 << 40]
        $0.rawData = Data(count: 8)
      }.contains("expected a shape"))
    #expect(open { $0.dataLocation = .external }.contains("in memory"))
  }

  @Test func graphsTooDeepAreRefused() throws {
    var graph = ONNXGraphProto()
    for _ in 0..<40 {
      var node = ONNXNodeProto()
      var attribute = ONNXAttributeProto()
      attribute.g = graph
      node.attribute = [attribute]
      graph = ONNXGraphProto()
      graph.node = [node]
    }
    var model = ONNXModelProto()
    model.irVersion = 9
    model.graph = graph
    let bytes = [UInt8](try model.serializedData())
    #expect(sentence { _ = try Checkpoint.open(bytes: bytes) }.contains("graphs within each other"))
  }

  static func bytes(_ path: String) -> [UInt8] {
    [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data())
  }
}
