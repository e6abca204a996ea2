import Checkpoints
import Foundation
import TestSupport
import Testing

/// Inputs that another program changes while they are read.
@Suite struct ChangeTests {
  let scratch = Scratch()

  @Test func aChangeIsNoticedAtTheEndOfAPass() throws {
    let path = scratch.write("m.safetensors", Fixture.bytes("lenet.safetensors"))
    let checkpoint = try Checkpoint.open(path)
    try checkpoint.checkUnchanged()
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: UInt64(checkpoint.size - 4))
    // Times of change are as coarse as the system's clock tick.
    usleep(20_000)
    try file.write(contentsOf: Data([1, 2, 3, 4]))
    try file.close()
    #expect(sentence { try checkpoint.checkUnchanged() }.contains("expected a file that nobody changes meanwhile"))
    #expect(sentence { _ = try checkpoint.verify() }.contains("nobody changes meanwhile"))
    #expect(
      sentence { try Checkpoint.write(checkpoint.sources(), as: .pytorch, to: scratch("out.pt")) }
        .contains("another size or time of change than on opening"))
    #expect(scratch.names == ["m.safetensors"])
  }

  @Test func tensorsThatTheIndexLacksAreFound() throws {
    let source = { (name: String) in TensorSource(name: name, type: .u8, shape: [2], bytes: [1, 2]) }
    try SafetensorsWriter.write([source("a"), source("b")], to: scratch("x.safetensors"))
    _ = scratch.write("model.safetensors.index.json", Array(#"{"weight_map":{"a":"x.safetensors"}}"#.utf8))
    let checkpoint = try Checkpoint.open(scratch("model.safetensors.index.json"))
    #expect(try checkpoint.verify().findings.map(\.description) == ["\"b\" is in a shard, but not in the index"])
  }
}
