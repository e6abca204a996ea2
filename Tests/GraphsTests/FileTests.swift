import Checkpoints
import Foundation
import Testing

@testable import Graphs

@Suite struct FileTests {
  static let names = ["dictionary", "tied", "rotary", "pruned", "training", "torch-2.9", "torch-2.15"]

  @Test(arguments: names) func nothingIsLost(_ name: String) throws {
    let model = try Fixture.model(name)
    let text = try model.file.graphText()
    #expect(try JSONValue(parsing: text, file: name).text == text)
    // The graph, taken apart and put together.
    var changed = model
    changed.graph.inputTree = nil
    #expect(try changed.graphText() == text)
    let scratch = try Scratch()
    try model.write(to: scratch("same.pt2"))
    let again = try ExportedProgram(contentsOf: scratch("same.pt2"))
    #expect(again.graph == model.graph)
    for tensor in model.file.tensors {
      let bytes = try model.file.withBytes(of: tensor.name) { Array($0) }
      #expect(try again.file.withBytes(of: tensor.name) { Array($0) } == bytes)
    }
  }

  @Test func theLayoutOfOldVersionsIsRefused() throws {
    let error = #expect(throws: CheckpointError.self) { try Fixture.model("torch-2.6") }
    #expect(error?.expected == "an archive of torch.export.save, torch 2.8 or later")
  }

  @Test func isACheckpoint() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("pruned"))
    #expect(checkpoint.format == .pt2)
    #expect(checkpoint.prunedPairs.map(\.name) == ["a.weight", "b.weight"])
    #expect(try checkpoint.verify().findings.isEmpty)
    #expect(try checkpoint.verifyChecksums())
  }

  @Test func pruningOneOfTwoTiedWeightsPrunesBoth() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("tied"))
    let scratch = try Scratch()
    let sources = checkpoint.tensors.map { tensor in
      guard tensor.name == "head.weight" else { return checkpoint.source(of: tensor) }
      return TensorSource(name: tensor.name, type: tensor.type, shape: tensor.shape) { consume in
        var bytes = try checkpoint.withBytes(of: tensor.name) { Array($0) }
        for index in 0..<16 { bytes[index] = 0 }
        try bytes.withUnsafeBytes(consume)
      }
    }
    try Checkpoint.write(sources, as: .pt2, to: scratch("out.pt2"), like: checkpoint)
    let written = try Checkpoint.open(scratch("out.pt2"))
    let head = try written.withBytes(of: "head.weight") { Array($0) }
    #expect(head.prefix(16).allSatisfy { $0 == 0 } && !head[16..<32].allSatisfy { $0 == 0 })
    #expect(try written.withBytes(of: "embedding.weight") { Array($0) } == head)
    #expect(try written.verifyChecksums())
  }

  @Test func masksAreFolded() throws {
    var model = try Fixture.model("pruned")
    let folded = model.graph.foldPrunedPairs()
    #expect(folded.map(\.name) == ["a.weight", "b.weight"])
    #expect(model.graph.problems == [])
    #expect(model.graph.operators.keys.sorted() == ["aten::batch_norm", "aten::linear", "aten::relu"])
    #expect(model.graph.parameters["a.weight"] != nil && model.graph.buffers["a.weight_mask"] == nil)
    // One whose mask is an output too stays.
    var other = try Fixture.model("pruned")
    let mask = try #require(other.graph.buffers["a.weight_mask"])
    other.graph.outputs.append(Graph.Output(.tensor(mask)))
    #expect(other.graph.foldPrunedPairs().map(\.name) == ["b.weight"])
  }

  @Test func weightsOfAnotherShapeAreWritten() throws {
    var model = try Fixture.model("dictionary")
    try model.graph.setShape([2, 6], of: "a.weight")
    let checkpoint = Checkpoint(model.file)
    let sources = checkpoint.tensors.map { tensor in
      tensor.name == "a.weight"
        ? TensorSource(name: tensor.name, type: .f32, shape: [2, 6], elements: [Float](repeating: 2, count: 12))
        : checkpoint.source(of: tensor)
    }
    let scratch = try Scratch()
    #expect(throws: GraphError.self) { try model.write(to: scratch("none.pt2")) }
    #expect(!FileManager.default.fileExists(atPath: scratch("none.pt2")))
    try model.write(to: scratch("out.pt2"), sources)
    let written = try ExportedProgram(contentsOf: scratch("out.pt2"))
    #expect(written.file["a.weight"]?.shape == [2, 6])
    #expect(written.file.isParameter("a.weight").requiresGrad)
    #expect(throws: GraphError.self) { try model.graph.setShape([1], of: "none") }
  }

  @Test func namesThatTheGraphDoesNotHaveAreRefused() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("dictionary"))
    let scratch = try Scratch()
    #expect(throws: CheckpointError.self) {
      try Checkpoint.write(checkpoint.sources().dropLast(), as: .pt2, to: scratch("out.pt2"), like: checkpoint)
    }
    #expect(throws: CheckpointError.self) {
      try Checkpoint.write(checkpoint.sources(), as: .pt2, to: scratch("out.pt2"))
    }
    #expect(!FileManager.default.fileExists(atPath: scratch("out.pt2")))
  }

  /// Bytes and numbers exchanged at random: a typed error or a graph without contradictions, never a trap. `BONSAI_MUTATIONS`
  /// says how many of each.
  @Test(arguments: names) func mutatedArchivesAreHarmless(_ name: String) throws {
    let count = ProcessInfo.processInfo.environment["BONSAI_MUTATIONS"].flatMap { Int($0) } ?? 60
    let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Fixture.path(name))))
    let text = try Fixture.model(name).file.graphText()
    let start = try #require(original.firstRange(of: text)).lowerBound
    var numbers = Numbers(state: 7)
    for round in 0..<count {
      var bytes = original
      // Anywhere in the archive, or in its JSON, where a digit or a bracket goes furthest.
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        let place =
          round % 2 == 0
          ? start + Int.random(in: 0..<text.count, using: &numbers) : Int.random(in: 0..<bytes.count, using: &numbers)
        bytes[place] =
          round % 4 < 2
          ? UInt8(ascii: "0123456789-\"{}[],".unicodeScalars.randomElement(using: &numbers) ?? "0")
          : .random(in: 0...255, using: &numbers)
      }
      if round % 16 == 15 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &numbers)) }
      do {
        let checkpoint = try Checkpoint.open(bytes: bytes)
        guard let file = checkpoint.exportedModel else { continue }
        var model = try ExportedProgram(file)
        #expect(model.graph.problems == [])
        _ = model.graph.counts(model.graph.symbols() ?? [:])
        _ = model.graph.description
        model.graph.foldPrunedPairs()
        model.graph.removeDeadNodes()
        _ = try model.graphText()
        for tensor in file.tensors { _ = try file.withBytes(of: tensor.name) { $0.count } }
      } catch is CheckpointError {
      } catch is GraphError {
      }
    }
  }
}
