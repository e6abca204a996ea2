import Checkpoints
import Foundation
import Recipes
import Sparsity
import TestSupport
import Testing

@testable import FilePruning

@Suite("Files that pruning reads and writes") struct PruningFilesTests {
  let scratch = Scratch()
  let half = Recipe(.magnitude, target: .amount(.fraction(0.5)))

  func bytes(_ checkpoint: Checkpoint, _ name: String) throws -> [UInt8] {
    try checkpoint.withBytes(of: name) { Array($0) }
  }

  /// The layers of the LeNet of the fixtures, in another order and in shards.
  func shards() throws -> Checkpoint {
    let lenet = try Checkpoint.open(Fixture.path("lenet_ordereddict.pt"))
    try Checkpoint.write(
      lenet.sources(), as: .shardedSafetensors(limit: 30_000), to: scratch("shards"), metadata: ["format": "pt"])
    return try Checkpoint.open(scratch("shards"))
  }

  @Test("every format in and out gives the same weights")
  func formats() throws {
    let wanted = try prune(Fixture.path("lenet_ordereddict.pt"), to: "wanted.safetensors")
    _ = try shards()
    for input in [Fixture.path("lenet.safetensors"), Fixture.path("lenet_legacy.pt"), scratch("shards")] {
      for output in ["a.safetensors", "a.pt", "dir/"] {
        let found = try prune(input, to: output)
        for tensor in wanted.tensors { #expect(try bytes(found, tensor.name) == bytes(wanted, tensor.name)) }
        try FileManager.default.removeItem(atPath: scratch(output))
      }
    }
  }

  func prune(_ input: String, to output: String) throws -> Checkpoint {
    let path = scratch(output)
    let format = try #require(Checkpoint.OutputFormat(path: path))
    _ = try FilePruner(try Checkpoint.open(input), half).run(to: .init(path: path, format: format))
    return try Checkpoint.open(path)
  }

  @Test("weights and their masks stay in the shards where they were")
  func shardsStay() throws {
    let input = try shards()
    #expect(input.files.count > 3)
    let output = FilePruner.Output(
      path: scratch("masked"), format: .shardedSafetensors(limit: 1), form: .masks, record: ["command": "test"])
    _ = try FilePruner(input, half, digest: SumDigest.self).run(to: output)
    let found = try Checkpoint.open(scratch("masked"))
    #expect(found.files.map { $0.split(separator: "/").last } == input.files.map { $0.split(separator: "/").last })
    for tensor in found.tensors {
      let name = tensor.name.replacing("_orig", with: "").replacing("_mask", with: "")
      #expect(tensor.fileIndex == input[name]?.fileIndex, "\(tensor.name)")
    }
    #expect(found.metadata["format"] == "pt" && found.metadata["bonsai.1.command"] == "test")
    for file in input.files {
      let data = try Data(contentsOf: URL(fileURLWithPath: file))
      var sum = SumDigest()
      data.withUnsafeBytes { sum.update($0) }
      #expect(found.metadata["bonsai.1.sum.\(file.split(separator: "/").last ?? "")"] == sum.text())
    }
    // A second run numbers its record on.
    let again = FilePruner.Output(path: scratch("again.pt"), format: .pytorch, record: ["command": "more"])
    _ = try FilePruner(found, half).run(to: again)
    let metadata = try Checkpoint.open(scratch("again.pt")).metadata
    #expect(metadata["bonsai.1.command"] == "test" && metadata["bonsai.2.command"] == "more")
  }

  @Test(
    "tensors that share their memory are pruned once; such as share a part are refused",
    .enabled(if: Python.finds("torch"), "needs a python3 with torch"))
  func tied() throws {
    _ = try Python.run(
      """
      import sys, torch
      torch.manual_seed(1)
      w, v = torch.randn(30, 20), torch.randn(40, 20)
      torch.save({"a.weight": w, "b.weight": w, "c.weight": w.t(), "d.bias": torch.ones(3)}, sys.argv[1] + "/tied.pt")
      torch.save({"a.weight": w, "b.weight": w.view(20, 30)}, sys.argv[1] + "/views.pt")
      torch.save({"e.embedding": w, "head.weight": w, "v.weight": v}, sys.argv[1] + "/embedding.pt")
      torch.save({"part.weight": v[:20], "whole.weight": v}, sys.argv[1] + "/parts.pt")
      torch.save({"t.weight": v.t(), "v.weight": w}, sys.argv[1] + "/strided.pt")
      print("done")
      """, scratch.path)
    #expect(
      sentence { _ = try FilePruner(try Checkpoint.open(scratch("tied.pt")), half) }.contains(
        "share a part of their memory"))
    #expect(
      sentence { _ = try FilePruner(try Checkpoint.open(scratch("parts.pt")), half) }.contains(
        "share a part of their memory"))

    let views = try FilePruner(try Checkpoint.open(scratch("views.pt")), half)
    #expect(views.names == ["a.weight"])
    let report = try views.run(to: .init(path: scratch("v.safetensors"), format: .safetensors))
    #expect(report.weights.entries == 600 && report.weights.pruned == 300)
    let found = try Checkpoint.open(scratch("v.safetensors"))
    #expect(try bytes(found, "a.weight") == bytes(found, "b.weight"))
    #expect(try bytes(found, "a.weight") != bytes(try Checkpoint.open(scratch("views.pt")), "a.weight"))

    // An embedding is not pruned under another name either, unless that name is asked for.
    let embedding = try Checkpoint.open(scratch("embedding.pt"))
    #expect(try FilePruner(embedding, half).names == ["v.weight"])
    var asked = half
    asked.selector.included = [try NamePattern("head")]
    #expect(try FilePruner(embedding, asked).names == ["e.embedding", "v.weight"])

    let strided = try Checkpoint.open(scratch("strided.pt"))
    _ = try FilePruner(strided, half).run(to: .init(path: scratch("s.pt"), format: .pytorch))
    let t = try TestWeight("t.weight", strided), v = try TestWeight("v.weight", strided)
    let expected = try masks(pruning: 700, of: [t, v])
    let pruned = try Checkpoint.open(scratch("s.pt"))
    #expect(try bytes(pruned, "t.weight") == t.product(expected[0]))
    #expect(try bytes(pruned, "v.weight") == v.product(expected[1]))
  }

  @Test("input and output may be the same file, and nothing is replaced unasked", arguments: ["a.safetensors", "a.pt"])
  func inPlace(name: String) throws {
    let wanted = try prune(Fixture.path("lenet.safetensors"), to: "wanted-\(name)")
    let lenet = try Checkpoint.open(Fixture.path("lenet.safetensors"))
    let format = try #require(Checkpoint.OutputFormat(path: name))
    try Checkpoint.write(lenet.sources(), as: format, to: scratch(name))
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch(name)))
    #expect(sentence { _ = try prune(scratch(name), to: name) }.contains("expected no file of that name yet"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch(name))) == before)
    _ = try FilePruner(try Checkpoint.open(scratch(name)), half)
      .run(to: .init(path: scratch(name), format: format, replacing: true))
    let found = try Checkpoint.open(scratch(name))
    for tensor in wanted.tensors { #expect(try bytes(found, tensor.name) == bytes(wanted, tensor.name)) }
    #expect(scratch.names == [name, "wanted-\(name)"].sorted())
  }

  @Test("whatever stops a run leaves the earlier output and nothing else", arguments: [0, 3, 12, 40])
  func stopped(after blocks: Int) throws {
    struct Stop: Error {}
    let input = try shards()
    let old = [UInt8]("earlier".utf8)
    _ = scratch.write("out.safetensors", old)
    let before = scratch.names
    let pruner = try FilePruner(input, half)
    pruner.context.blockSize = 4096
    for path in ["out.safetensors", "new.pt", "new/"] {
      var left = blocks
      #expect(throws: Stop.self) {
        _ = try pruner.run(
          to: .init(path: scratch(path), format: try #require(.init(path: path)), replacing: true)
        ) { _, _, _ in
          left -= 1
          if left < 0 { throw Stop() }
        }
      }
      #expect(scratch.names == before)
    }
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: scratch("out.safetensors")))) == old)
  }

  @Test("a file that can be read no further leaves nothing behind, whenever that happens", arguments: [1, 30, 90])
  func readError(after blocks: Int) throws {
    let lenet = try Checkpoint.open(Fixture.path("lenet.safetensors"))
    try Checkpoint.write(lenet.sources(), as: .safetensors, to: scratch("in.safetensors"))
    let pruner = try FilePruner(try Checkpoint.open(scratch("in.safetensors")), half)
    pruner.context.blockSize = 4096
    var left = blocks
    let message = sentence {
      _ = try pruner.run(to: .init(path: scratch("out.pt"), format: .pytorch)) { _, _, _ in
        left -= 1
        if left == 0 { #expect(truncate(scratch("in.safetensors"), 5000) == 0) }
      }
    }
    #expect(message.hasPrefix("read 'in.safetensors': expected 4096 bytes at offset"), "\(message)")
    #expect(scratch.names == ["in.safetensors"])
  }

  @Test("a sample of the weights changes no result", arguments: [Distribution.Kind.global, .uniform])
  func sampled(distribution: Distribution.Kind) throws {
    var generator = SeededGenerator(3)
    let weights = [
      TestWeight("a.weight", .f32, [300, 200], using: &generator),
      TestWeight("b.weight", .bf16, [130, 100], levels: 50, using: &generator),
      TestWeight("c.weight", .f32, [7, 11], using: &generator),
    ]
    try SafetensorsWriter.write(weights.flatMap(\.sources), to: scratch("in.safetensors"))
    var recipe = half
    recipe.distribution = Distribution(distribution)
    var outputs: [[UInt8]] = []
    for (number, count) in [1, Int.max].enumerated() {
      let pruner = try FilePruner(try Checkpoint.open(scratch("in.safetensors")), recipe)
      pruner.context.blockSize = 4096
      pruner.context.sampledCount = count
      var searched = 0
      _ = try pruner.run(to: .init(path: scratch("\(number).safetensors"), format: .safetensors)) { stage, _, total in
        if stage == .searching, total > 0 { searched += 1 }
      }
      // Blocks that were read: all once, and in no other way than without a sample.
      if distribution == .global { #expect((65...67).contains(searched), "\(searched)") }
      outputs.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch("\(number).safetensors")))))
    }
    #expect(outputs[0] == outputs[1])
  }

  @Test("a symbolic link stays one, and what it leads to is replaced, as cp does it")
  func symbolicLinks() throws {
    let files = FileManager.default
    try files.createDirectory(atPath: scratch("store"), withIntermediateDirectories: false)
    try files.copyItem(atPath: Fixture.path("lenet.safetensors"), toPath: scratch("store/blob"))
    try files.createSymbolicLink(atPath: scratch("model.safetensors"), withDestinationPath: "store/blob")
    let pruner = try FilePruner(try Checkpoint.open(scratch("model.safetensors")), half)
    #expect(
      sentence { _ = try pruner.run(to: .init(path: scratch("model.safetensors"), format: .safetensors)) }
        .contains("expected no file of that name yet"))
    let report = try pruner.run(to: .init(path: scratch("model.safetensors"), format: .safetensors, replacing: true))
    #expect(try files.destinationOfSymbolicLink(atPath: scratch("model.safetensors")) == "store/blob")
    #expect(scratch.names == ["model.safetensors", "store"])
    #expect(try files.contentsOfDirectory(atPath: scratch("store")) == ["blob"])
    let found = try Checkpoint.open(scratch("store/blob"))
    #expect(try found.statistics(of: "fc1.weight").zeroCount > 0 && report.weights.pruned > 0)

    // A link that leads nowhere is named, and a link in place of an index gives way to the index, whose shards lie beside.
    try files.createSymbolicLink(atPath: scratch("lost.safetensors"), withDestinationPath: "nowhere")
    #expect(
      sentence {
        _ = try pruner.run(to: .init(path: scratch("lost.safetensors"), format: .safetensors, replacing: true))
      }.contains("a link that leads nowhere"))
    let shards = try shards()
    let index = "shards/model.safetensors.index.json"
    try files.moveItem(atPath: scratch(index), toPath: scratch("store/index"))
    try files.createSymbolicLink(atPath: scratch(index), withDestinationPath: "../store/index")
    let before = try Data(contentsOf: URL(fileURLWithPath: scratch("store/index")))
    _ = try FilePruner(shards, half).run(
      to: .init(path: scratch("shards"), format: .shardedSafetensors(limit: 1), replacing: true))
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("store/index"))) == before)
    #expect(try Checkpoint.open(scratch("shards")).statistics(of: "fc1.weight").zeroCount > 0)
  }

  @Test("NaN is refused by name and place, unless it is to rank as PyTorch ranks it")
  func nan() throws {
    var values = (0..<600).map { Float($0) }
    values[457] = .nan
    try SafetensorsWriter.write(
      [
        TensorSource(name: "a.weight", type: .f32, shape: [4, 5], elements: (0..<20).map { Float($0) }),
        TensorSource(name: "b.weight", type: .f32, shape: [20, 30], elements: values),
      ], to: scratch("nan.safetensors"))
    let checkpoint = try Checkpoint.open(scratch("nan.safetensors"))
    for recipe in [
      half, Recipe(.magnitude, target: .below(3)),
      Recipe(.magnitude, target: .amount(.fraction(0.5)), distribution: .uniform),
      Recipe(.magnitude, pattern: .nOfM(1, 5)),
    ] {
      let pruner = try FilePruner(checkpoint, recipe)
      pruner.context.blockSize = 512
      #expect(
        sentence { _ = try pruner.dryRun() }
          == "prune 'b.weight' of 'nan.safetensors': expected values that can be ranked, found 1 NaN, the first at "
          + "entry 457; repair the weights, exclude the tensor, or rank NaN as PyTorch does, above everything")
    }
    var structured = Recipe(
      .norm(2), target: .amount(.fraction(0.5)), pattern: .structured(dim: 0), distribution: .uniform)
    #expect(sentence { _ = try FilePruner(checkpoint, structured).dryRun() }.contains("at channel 15;"))
    structured.nan = .rankLargest
    #expect(try FilePruner(checkpoint, structured).dryRun().weights.pruned == 310)
    var ranked = half
    ranked.nan = .rankLargest
    #expect(try FilePruner(checkpoint, ranked).dryRun().weights.pruned == 310)
  }

  @Test("a new name that another tensor has is refused before anything is read, in a dry run too")
  func takenNames() throws {
    let values = (0..<16).map { Float($0) }
    try SafetensorsWriter.write(
      [
        TensorSource(name: "a.weight", type: .f32, shape: [4, 4], elements: values),
        TensorSource(name: "a.weight_mask", type: .f32, shape: [4, 4], elements: values),
      ], to: scratch("taken.safetensors"))
    var recipe = half
    recipe.selector.only = [try NamePattern("^a.weight$")]
    let pruner = try FilePruner(try Checkpoint.open(scratch("taken.safetensors")), recipe)
    let expected =
      "prune 'taken.safetensors': expected each name once in the output, found \"a.weight_mask\" twice; "
      + "rename the tensor, or exclude the weight"
    #expect(sentence { _ = try pruner.dryRun(as: .masks) { _, _, _ in Issue.record("read") } } == expected)
    let output = FilePruner.Output(path: scratch("out.pt"), format: .pytorch, form: .masks)
    #expect(sentence { _ = try pruner.run(to: output) } == expected)
    #expect(try pruner.dryRun().weights.pruned == 8)
    #expect(scratch.names == ["taken.safetensors"])
  }

  @Test("masks must fit: 0 and 1, of the weight's shape, for weights that are there")
  func badMasks() throws {
    func refusal(_ masks: [TensorSource]) throws -> String {
      try SafetensorsWriter.write(masks, to: scratch("masks.safetensors"))
      let recipe = Recipe(.masks(StoredTensors(masksIn: try Checkpoint.open(scratch("masks.safetensors")))))
      return sentence {
        _ = try FilePruner(try Checkpoint.open(Fixture.path("lenet.safetensors")), recipe).dryRun()
      }
    }
    let ones = [Float](repeating: 1, count: 840)
    func mask(_ name: String, _ shape: [Int], _ values: [Float]) -> TensorSource {
      TensorSource(name: name, type: .f32, shape: shape, elements: values)
    }
    #expect(
      try refusal([mask("fc3.weight", [10, 84], [0.5] + ones.dropFirst())]).contains(
        "expected values 0 and 1, found others"))
    #expect(try refusal([mask("fc3.weight", [84, 10], ones)]).contains("expected shape [10, 84] for 'fc3.weight'"))
    #expect(
      try refusal([mask("fc4.weight_mask", [10, 84], ones)]).contains("expected a floating-point tensor 'fc4.weight'")
    )
  }
}

extension TestWeight {
  /// A weight of a checkpoint.
  init(_ name: String, _ checkpoint: Checkpoint) throws {
    let tensor = try #require(checkpoint[name])
    var generator = SeededGenerator(0)
    self.init(name, tensor.type, [0], using: &generator)
    shape = tensor.shape
    bytes = try checkpoint.withBytes(of: name) { Array($0) }
  }
}

/// A digest that is easily checked.
struct SumDigest: FileDigest {
  static let name = "sum"
  private var sum: UInt64 = 0
  mutating func update(_ bytes: UnsafeRawBufferPointer) { for byte in bytes { sum = sum &* 31 &+ UInt64(byte) } }
  func text() -> String { String(repeating: "0", count: 20 - "\(sum)".count) + "\(sum)" }
}
