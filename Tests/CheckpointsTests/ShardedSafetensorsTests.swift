import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct ShardedSafetensorsTests {
  let scratch = Scratch()

  static var tensors: [TensorSource] {
    (0..<7).map { number in
      TensorSource(
        name: "layer\(9 - number).weight", type: number % 2 == 0 ? .f32 : .f16, shape: [number + 1, 2],
        bytes: (0..<(number + 1) * 2 * (number % 2 == 0 ? 4 : 2)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) })
    }
  }

  func write(
    _ sources: [TensorSource] = tensors, limit: Int = 40, to path: String, replacing: Bool = true,
    progress: WritingProgress? = nil
  ) throws {
    let writer = try ShardedSafetensorsWriter(
      path: path, shards: ShardedSafetensorsWriter.split(sources.map(\.spec), limit: limit), metadata: ["format": "pt"],
      indexMetadata: ["origin": "test"], replacing: replacing, progress: progress)
    try writer.writeAll(sources)
  }

  func check(_ path: String, _ sources: [TensorSource] = tensors) throws {
    let read = try ShardedSafetensors(indexPath: path)
    #expect(read.tensors.map(\.spec) == sources.map(\.spec))
    for source in sources {
      var expected: [UInt8] = []
      try source.produce { expected += $0 }
      #expect(try read.withBytes(of: source.spec.name) { [UInt8]($0) } == expected)
      var part = [UInt8](repeating: 0, count: expected.count - 1)
      try part.withUnsafeMutableBytes { try read.read(source.spec.name, at: 1, into: $0) }
      #expect(part == Array(expected.dropFirst()))
    }
    #expect(read.metadata == ["format": "pt"])
    #expect(read.indexMetadata == ["origin": "test"])
  }

  @Test func roundTripThroughADirectory() throws {
    try write(to: scratch("out"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch("out")).sorted() == [
        "model-00001-of-00005.safetensors", "model-00002-of-00005.safetensors", "model-00003-of-00005.safetensors",
        "model-00004-of-00005.safetensors", "model-00005-of-00005.safetensors", "model.safetensors.index.json",
      ])
    try check(scratch("out/model.safetensors.index.json"))
    let index = try String(contentsOfFile: scratch("out/model.safetensors.index.json"), encoding: .utf8)
    #expect(index.contains("\"total_size\": 176"))
    #expect(index.contains("\"layer9.weight\": \"model-00001-of-00005.safetensors\""))
  }

  @Test func replacesAnEarlierCheckpointAndItsShardsOnly() throws {
    let path = scratch("model.safetensors.index.json")
    _ = scratch.write("other.safetensors", [1])
    try write(to: path)
    #expect(sentence { try write(to: path, replacing: false) }.contains("expected no file of that name yet"))
    let fewer = Array(Self.tensors.prefix(3))
    try write(fewer, limit: 1000, to: path)
    try check(path, fewer)
    #expect(scratch.names.count == 3)
    #expect(scratch.names.contains("model-00001-of-00001.safetensors"))
    // The same number of shards again: the names are taken, so the new shard has one of its own.
    try write(fewer, limit: 1000, to: path)
    try check(path, fewer)
    #expect(scratch.names.count == 3)
    #expect(!scratch.names.contains("model-00001-of-00001.safetensors"))
  }

  struct Stop: Error {}

  @Test func anErrorLeavesTheEarlierCheckpoint() throws {
    let path = scratch("model.safetensors.index.json")
    try write(to: path)
    let before = scratch.names
    #expect(throws: Stop.self) {
      try write(to: path, progress: { done, total in if done > total / 2 { throw Stop() } })
    }
    #expect(scratch.names == before)
    try check(path)
    #expect(throws: Stop.self) { try write(to: scratch("new"), progress: { _, _ in throw Stop() }) }
    #expect(scratch.names == before)
  }

  @Test func whatAKilledRunLeftIsSweptByTheNext() throws {
    let path = scratch("model.safetensors.index.json")
    try write(to: path)
    let before = scratch.names
    // As after a kill between finishing the shards and replacing the index.
    _ = scratch.write("model-aa-00001-of-00001.safetensors", [1])
    _ = scratch.write("unrelated.safetensors", [1])
    _ = scratch.write(".model-bb-00001-of-00001.safetensors.7-x.bonsai-partial", [1])
    _ = scratch.write(
      ".model.safetensors.index.json.bonsai-shards",
      Array("model-00001-of-00005.safetensors\nmodel-aa-00001-of-00001.safetensors\n../x.safetensors".utf8))
    _ = try? write(to: path, progress: { _, _ in throw Stop() })
    #expect(scratch.names == (before + ["unrelated.safetensors"]).sorted())
    try check(path)
  }

  @Test func keepsTheDivisionOfTheInput() throws {
    try write(to: scratch("a"))
    let input = try ShardedSafetensors(indexPath: scratch("a/model.safetensors.index.json"))
    let shards = ShardedSafetensorsWriter.split(input.tensors.map(\.spec), like: input.tensors)
    #expect(shards.map { $0.map(\.name) } == input.shards.map { $0.tensors.map(\.name) })
  }

  @Test(arguments: [
    (#"{"weight_map":{"a":"../x.safetensors"}}"#, "the name of a safetensors file in the same directory"),
    (#"{"weight_map":{"a":"/etc/passwd"}}"#, "the name of a safetensors file in the same directory"),
    (#"{"weight_map":{"a":"x.safetensors","a":"x.safetensors"}}"#, "each name once"),
    (#"{"weight_map":{"a":1}}"#, "'\"'"),
    (#"{"metadata":{}}"#, "an object with \"weight_map\""),
    ("", "'{'"),
    (#"{"weight_map":{"b":"x.safetensors"}}"#, "tensor \"b\" in x.safetensors, found no such tensor"),
    (#"{"weight_map":{"a":"y.safetensors"}}"#, "open 'y.safetensors'"),
    (#"{"weight_map":{"a":"x.safetensors","b":"z.safetensors"}}"#, "tensor \"a\" in one shard"),
  ])
  func refuses(text: String, expected: String) throws {
    for name in ["x", "z"] {
      try SafetensorsWriter.write(
        [TensorSource(name: "a", type: .u8, shape: [1], bytes: [1])], to: scratch("\(name).safetensors"))
    }
    let path = scratch.write("model.safetensors.index.json", Array(text.utf8))
    let message = sentence { _ = try ShardedSafetensors(indexPath: path) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func namesGivenTwiceAreRefused() {
    let spec = TensorSpec(name: "a", type: .u8, shape: [1])
    #expect(
      sentence { _ = try ShardedSafetensorsWriter(path: scratch("x"), shards: [[spec], [spec]]) }.contains(
        "\"a\" twice"))
    #expect(scratch.names == [])
  }
}
