import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointTests {
  let scratch = Scratch()

  @Test(arguments: Fixture.expected.keys.sorted())
  func opensEveryFixtureByContent(name: String) throws {
    // Under a name that says nothing.
    let path = scratch.write("content", Fixture.bytes(name))
    let checkpoint = try Checkpoint.open(path)
    let expected = try #require(Fixture.expected[name])
    for tensor in expected {
      #expect(try checkpoint.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv)
      #expect(checkpoint[tensor.name]?.type.name == tensor.type)
    }
    #expect(checkpoint.tensors.count == expected.count)
    #expect(checkpoint.size == Fixture.bytes(name).count)
  }

  @Test func describesWhatItOpened() throws {
    func description(_ name: String) throws -> String { try Checkpoint.open(Fixture.path(name)).formatDescription }
    #expect(try description("lenet.safetensors") == "safetensors")
    #expect(try description("lenet_legacy.pt") == "PyTorch (legacy)")
    #expect(try description("lenet_train_checkpoint.pt") == "PyTorch (zip), under state_dict")
    let parallel = try Checkpoint.open(Fixture.path("lenet_dataparallel.pth"))
    #expect(parallel.dataParallelPrefix == "module.")
    #expect(try Checkpoint.open(Fixture.path("lenet_dict.pt")).dataParallelPrefix == nil)
  }

  @Test(arguments: [
    (Checkpoint.OutputFormat.safetensors, "out.safetensors"), (.shardedSafetensors(limit: 50_000), "out"),
    (.pytorch, "out.pt"),
  ])
  func copiesBetweenFormats(format: Checkpoint.OutputFormat, target: String) throws {
    let input = try Checkpoint.open(Fixture.path("lenet_ordereddict.pt"))
    let path = scratch(target)
    try Checkpoint.write(
      input.sources(), as: format, to: path, metadata: ["format": "pt", "note": "ä\""],
      moduleVersions: input.moduleVersions)
    let output = try Checkpoint.open(path)
    #expect(output.tensors.map(\.spec) == input.tensors.map(\.spec))
    #expect(output.metadata == ["format": "pt", "note": "ä\""])
    for tensor in try #require(Fixture.expected["lenet_ordereddict.pt"]) {
      #expect(try output.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv)
    }
    if format == .pytorch { #expect(output.moduleVersions == input.moduleVersions) }
    #expect(try output.verifyChecksums() == (format == .pytorch))
    #expect(scratch.names == [target])
  }

  @Test func shardsStayWhereTheyWere() throws {
    let input = try Checkpoint.open(Fixture.path("lenet.safetensors"))
    try Checkpoint.write(input.sources(), as: .shardedSafetensors(limit: 40_000), to: scratch("a"))
    let first = try Checkpoint.open(scratch("a"))
    try Checkpoint.write(first.sources(), as: .shardedSafetensors(limit: 1 << 40), to: scratch("b"), like: first)
    let second = try Checkpoint.open(scratch("b"))
    #expect(first.files.count == 5)
    #expect(second.tensors == first.tensors)
  }

  @Test func writesEveryTypeThatPyTorchHas() throws {
    let input = try Checkpoint.open(Fixture.path("torch/dtypes_p2.pt"))
    try Checkpoint.write(input.sources(), as: .pytorch, to: scratch("out.pt"))
    let output = try Checkpoint.open(scratch("out.pt"))
    #expect(output.tensors.map(\.spec) == input.tensors.map(\.spec))
    for tensor in try #require(Fixture.expected["torch/dtypes_p2.pt"]) {
      #expect(try output.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv)
    }
    #expect(
      sentence { try Checkpoint.write(input.sources(), as: .safetensors, to: scratch("out.safetensors")) }
        .contains("expected element types of safetensors, found C32 for \"complex32\""))
    let packed = [TensorSource(name: "f", type: .f4, shape: [2], bytes: [1])]
    #expect(
      sentence { try Checkpoint.write(packed, as: .pytorch, to: scratch("f.pt")) }
        .contains("expected element types of PyTorch, found F4 for \"f\""))
  }

  @Test func findsADamagedMember() throws {
    var bytes = Fixture.bytes("lenet_dict.pt")
    let place = try #require(try Checkpoint.open(Fixture.path("lenet_dict.pt"))["conv1.weight"]).byteRange.lowerBound
    bytes[place] ^= 1
    let checkpoint = try Checkpoint.open(scratch.write("flipped.pt", bytes))
    #expect(
      sentence { _ = try checkpoint.verifyChecksums() }
        .hasPrefix("verify member \"lenet_dict/data/0\" of 'flipped.pt': expected checksum aee4a63e"))
    #expect(try Checkpoint.open(Fixture.path("torch/nocrc.pt")).verifyChecksums() == false)
  }

  @Test func readsInBlocks() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("odd_tensors.pt"))
    for tensor in checkpoint.tensors {
      var bytes: [UInt8] = []
      try checkpoint.forEachBlock(of: tensor.name, size: 7) { block, offset in
        #expect(offset == bytes.count)
        bytes += Array(block)
      }
      #expect(try checkpoint.withBytes(of: tensor.name) { Array($0) } == bytes)
    }
    #expect(sentence { try checkpoint.forEachBlock(of: "none") { _, _ in } }.contains("look up tensor \"none\""))
  }

  @Test(
    arguments: [
      ([], "an empty file"), (Array("version https://git-lfs.github.com/spec/v1".utf8), "a Git LFS pointer"),
      (Array("<!DOCTYPE html>".utf8), "a web page"), (Array("GGUF\u{3}\0\0\0".utf8), "a GGUF file"),
      ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file"),
      ([0x1f, 0x8b, 8], "a compressed file"), ([0x80, 4, 0x95], "a bare pickle"),
      (Array("hello".utf8), "bytes of none of them"),
    ] as [([UInt8], String)])
  func saysWhatAnUnknownFileIs(bytes: [UInt8], expected: String) {
    let path = scratch.write("file.bin", bytes)
    let text = sentence { _ = try Checkpoint.open(path) }
    #expect(
      text.hasPrefix("open 'file.bin': expected safetensors, a PyTorch file or an ONNX model, found \(expected)"),
      "\(text)")
  }

  @Test func looksIntoDirectories() throws {
    #expect(sentence { _ = try Checkpoint.open(scratch.path) }.contains("found none; name the file or its directory"))
    _ = scratch.write("a.pt", Fixture.bytes("lenet_dict.pt"))
    #expect(try Checkpoint.open(scratch.path).format == .pytorch)
    _ = scratch.write("b.pt", Fixture.bytes("lenet_dict.pt"))
    #expect(sentence { _ = try Checkpoint.open(scratch.path) }.contains("expected one checkpoint, found 2: a.pt, b.pt"))
    _ = scratch.write("x.safetensors", Fixture.bytes("lenet.safetensors"))
    #expect(try Checkpoint.open(scratch.path).format == .safetensors)
  }

  @Test func choosesTheFormatByTheEnding() {
    #expect(Checkpoint.OutputFormat(path: "a.safetensors") == .safetensors)
    #expect(Checkpoint.OutputFormat(path: "a.safetensors.index.json") == .shardedSafetensors(limit: 5_000_000_000))
    #expect(Checkpoint.OutputFormat(path: scratch.path) == .shardedSafetensors(limit: 5_000_000_000))
    #expect(Checkpoint.OutputFormat(path: "a.pth") == .pytorch)
    #expect(Checkpoint.OutputFormat(path: "a.onnx") == .onnx)
    #expect(Checkpoint.OutputFormat(path: "a.gguf") == nil)
  }
}
