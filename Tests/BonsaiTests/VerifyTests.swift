import Checkpoints
import Foundation
import Testing

@Suite struct VerifyTests {
  let scratch = Scratch()

  @Test func saysWhatItHasRead() throws {
    let path = fixture("lenet_pruned90_masks.pt")
    let outcome = try bonsai("verify", path)
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(
      outcome.output == "\(path): ok; PyTorch (zip), 15 tensors read, checksums compared, "
        + "5 pruned tensors compared with their masks\n")
  }

  @Test func findingsAreStatus1() throws {
    let path = fixture("odd_tensors.safetensors")
    let outcome = try bonsai("verify", path)
    #expect(outcome.status == 1)
    #expect(outcome.lines[0] == "\(path): \"nan\" has 1 NaN and 1 infinite among 3 values")
    #expect(try bonsai("verify", "--allow-nonfinite", path).status == 0)
    let json = try bonsai("verify", "--json", path).json()
    #expect(json["ok"] as? Bool == false && (json["findings"] as? [[String: Any]])?.count == 1)
  }

  /// Every file that is not read, with the sentence that says why.
  @Test(
    arguments: [
      ("bad_7bytes.safetensors", "read safetensors header of '*': expected at least 8 bytes, found 7; "),
      (
        "bad_dtype.safetensors",
        "expected a dtype of safetensors (F32, BF16, I64, ...) for tensor \"a\" at byte 13, found \"Q7\""
      ),
      ("bad_empty.safetensors", "found 0"),
      ("bad_header_len.safetensors", "read safetensors header of '*': expected a header"),
      ("bad_hole.safetensors", "expected tensor \"b\" to begin at data offset 8, found 12 (a hole)"),
      ("bad_overlap.safetensors", "(an overlap)"),
      ("bad_pickle_code.pt", "found the name \"posix.system\", which can run code; nothing was run"),
      ("bad_truncated.pt", "expected a zip directory at the end, found none in 125306 bytes"),
      ("bad_truncated.safetensors", "expected 123412 bytes of tensors after the header, found 61330"),
      ("torch/typed.pt", "expected tensors by name, found none among 1 members"),
    ])
  func refusesInOneLine(name: String, expected: String) throws {
    let outcome = try bonsai("verify", fixture(name))
    #expect(outcome.status == 2 && outcome.output == "")
    #expect(outcome.error.hasPrefix("bonsai: ") && outcome.error.filter { $0 == "\n" }.count == 1)
    let text = outcome.error.replacingOccurrences(of: fixture(name), with: "*")
    #expect(text.contains(expected), "\(text)")
  }

  @Test func aTensorThatTheIndexLacksIsFound() throws {
    let folder = scratch("shards")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let shard = "pytorch_model-00001-of-00001.bin"
    try FileManager.default.copyItem(atPath: fixture("lenet_dict.pt"), toPath: "\(folder)/\(shard)")
    let names = try Checkpoint.open(fixture("lenet_dict.pt")).tensors.map(\.name)
    let name = try #require(names.last)
    let index = ["weight_map": Dictionary(uniqueKeysWithValues: names.dropLast().map { ($0, shard) })]
    try JSONEncoder().encode(index).write(to: URL(fileURLWithPath: folder + "/pytorch_model.bin.index.json"))
    let outcome = try bonsai("verify", folder)
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.output.contains("\"\(name)\" is in a shard, but not in the index"))
  }

  @Test func aFlippedBitOfAnArchiveIsFound() throws {
    let checkpoint = try Checkpoint.open(fixture("lenet_dict.pt"))
    var bytes = try Data(contentsOf: URL(fileURLWithPath: fixture("lenet_dict.pt")))
    bytes[try #require(checkpoint["fc1.weight"]).byteRange.lowerBound + 5] ^= 1
    try bytes.write(to: URL(fileURLWithPath: scratch("flipped.pt")))
    let outcome = try bonsai("verify", scratch("flipped.pt"))
    #expect(outcome.status == 2 && outcome.error.contains("expected checksum "))
  }
}
