import Checkpoints
import Compaction
import Foundation
import Graphs
import NN
import ONNXCases
import Recipes
import Testing
import Torch

@testable import Runtime

/// Some of onnx's own node tests, and a small network, recorded.
private enum Recorded {
  static let folder = Bundle.module.resourcePath.map { $0 + "/ONNX" } ?? "ONNX"
  static let cases = (try? ONNXCase.all(in: folder)) ?? []
  static let network = folder + "/small.onnx"
}

@Suite("ONNX's operators") struct ONNXOperatorTests {
  @Test("onnx's own cases give what they must, operator by operator")
  func cases() throws {
    #expect(Recorded.cases.count >= 40)
    for test in Recorded.cases {
      threadCount = 1
      guard case .passed = test.run(in: Recorded.folder) else {
        Issue.record("\(test.name): \(test.run(in: Recorded.folder))")
        continue
      }
    }
  }

  @Test("each operator of the table has a lowering or a reason, and its rows say which")
  func table() {
    let table = ONNXOperatorTable.standard
    #expect(table.entries.count > 190)
    #expect(table["Conv"]?.isCounted == true)
    #expect(table["StringConcat"]?.refusal == "it works on texts")
    let text = table.markdown { $0 == "convolution" }
    #expect(text.contains("| Conv | `convolution` `constant_pad_nd` | yes | not `constant_pad_nd` |"))
  }
}

@Suite("ONNX files made smaller") struct ONNXCompactionTests {
  @Test("channels go out of an ONNX file, and it computes what the masked model does")
  func compacted() throws {
    threadCount = 1
    let model = try ModelFile(contentsOf: Recorded.network)
    let compactor = try Compactor(model)
    let choice = try compactor.choose(CompactionRecipe(target: .amount(0.5)))
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("small-\(UUID().uuidString)").path
    defer {
      for ending in [".onnx", ".pt2", ".masked.onnx"] { try? FileManager.default.removeItem(atPath: path + ending) }
    }
    try compactor.compacted(choice).write(to: path + ".onnx")
    try compactor.masked(choice).write(to: path + ".pt2")
    try compactor.masked(choice).write(to: path + ".masked.onnx")
    let small = try ModelFile(contentsOf: path + ".onnx")
    #expect(small.graph.values["c1.weight"]?.tensor?.shape == [4, 3, 3, 3])
    #expect(small.graph.values["fc.weight"]?.tensor?.shape == [5, 2])
    let x = Tensor.randn([2, 3, 6, 6], dtype: .float64, generator: Generator(seed: 1))
    let outputs = try [small, ModelFile(contentsOf: path + ".pt2"), ModelFile(contentsOf: path + ".masked.onnx")].map {
      model in
      try noGrad { try GraphModule(doublePrecision: model).eval().run([x])[0] }
    }
    #expect(outputs[0].relativeDifference(from: outputs[1]) < 1e-12)
    #expect(outputs[2].relativeDifference(from: outputs[1]) < 1e-12)
  }

  @Test("what exporters of detectors write loses channels: constants, sizes without names, two resolutions added")
  func pyramid() throws {
    threadCount = 1
    let model = try ModelFile(contentsOf: Recorded.folder + "/pyramid.onnx")
    let x = Tensor.randn([2, 3, 8, 16], dtype: .float64, generator: Generator(seed: 1))
    var options = CompactionOptions()
    options.inputShapes = ["x": x.shape]
    let compactor = try Compactor(model, options: options)
    let choice = try compactor.choose(CompactionRecipe(target: .amount(0.5)))
    // 4 x 8 positions of a, 2 x 4 of b, 4 x 8 of c.
    #expect(compactor.cost(.macs, choice) == 32 * 4 * 27 + 8 * 4 * 36 + 32 * 4 * 36)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("pyramid-\(UUID().uuidString)").path
    defer { for ending in [".onnx", ".pt2"] { try? FileManager.default.removeItem(atPath: path + ending) } }
    try compactor.compacted(choice).write(to: path + ".onnx")
    try compactor.masked(choice).write(to: path + ".pt2")
    let small = try ModelFile(contentsOf: path + ".onnx")
    #expect(small.graph.values["a.weight"]?.tensor?.shape == [4, 3, 3, 3])
    #expect(small.graph.values["c.weight"]?.tensor?.shape == [4, 4, 3, 3])
    let outputs = try [small, ModelFile(contentsOf: path + ".pt2")].map { model in
      try noGrad { try GraphModule(doublePrecision: model).eval().run([x])[0] }
    }
    #expect(outputs[0].shape == [2, 4, 4, 8])
    #expect(outputs[0].relativeDifference(from: outputs[1]) < 1e-12)
  }

  @Test("a node that is not followed is named, and keeps whole what it touches")
  func refused() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("none-\(UUID().uuidString).onnx").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Recorded.network)))
    // Another operator of as many letters in the place of Relu.
    let place = try #require(bytes.indices.dropLast(4).first { Array(bytes[$0..<$0 + 4]) == Array("Relu".utf8) })
    bytes.replaceSubrange(place..<place + 4, with: "Rely".utf8)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(throws: ONNXGraphError.self) { try ModelFile(contentsOf: path) }
  }
}
