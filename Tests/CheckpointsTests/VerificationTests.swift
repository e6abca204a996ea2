import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct VerificationTests {
  let scratch = Scratch()

  func findings(_ sources: [TensorSource], allowingNonFinite: Bool = false) throws -> [String] {
    try Checkpoint.write(sources, as: .pytorch, to: scratch("v.pt"))
    let result = try Checkpoint.open(scratch("v.pt")).verify(allowingNonFinite: allowingNonFinite)
    #expect(result.comparedChecksums && result.tensorCount == sources.count)
    return result.findings.map(\.description)
  }

  func floats(_ name: String, _ values: [Float], _ shape: [Int]? = nil) -> TensorSource {
    TensorSource(name: name, type: .f32, shape: shape ?? [values.count], elements: values)
  }

  @Test func findsValuesThatAreNoNumbers() throws {
    let sources = [floats("w", [1, .nan, .infinity, -.infinity]), floats("v", [0])]
    #expect(try findings(sources) == ["\"w\" has 1 NaN and 2 infinite among 4 values"])
    #expect(try findings(sources, allowingNonFinite: true) == [])
    let bools = TensorSource(name: "b", type: .bool, shape: [3], bytes: [0, 1, 7])
    #expect(try findings([bools]) == ["\"b\" has 1 truth values other than 0 and 1"])
  }

  @Test func findsMasksThatDoNotFit() throws {
    #expect(
      try findings([floats("w_orig", [1, 2]), floats("w_mask", [1, 0.5])]) == [
        "\"w_mask\" has 1 entries other than 0 and 1"
      ])
    #expect(
      try findings([floats("w_orig", [1, 2]), floats("w_mask", [1, 0], [2, 1])]) == [
        "\"w_mask\" is F32 of shape [2, 1], and its tensor F32 of shape [2]"
      ])
    #expect(try findings([floats("w_orig", [1, 2])]) == ["\"w_orig\" has no \"w_mask\" beside it"])
    #expect(
      try findings([floats("w_mask", [1, 2]), floats("w", [1])]) == ["\"w_mask\" has no \"w_orig\" beside it"])
    // Not every mask is a pruning mask.
    #expect(try findings([floats("attention_mask", [1, 2])]) == [])
  }

  @Test func findsProductsThatAreNone() throws {
    let pair = [floats("w_orig", [1, -2, 3]), floats("w_mask", [1, 0, 1])]
    #expect(try findings(pair + [floats("w", [1, 0, 3])]) == [])
    #expect(
      try findings(pair + [floats("w", [1, -2, 3])]) == ["\"w\" is not w_orig times w_mask: 1 of its values differ"])
    #expect(
      try findings(pair + [floats("w", [1])]) == ["\"w\" is not w_orig times w_mask: all of its values differ"])
  }

  @Test func fixturesAreInOrder() throws {
    for name in Fixture.expected.keys.sorted() {
      let result = try Checkpoint.open(Fixture.path(name)).verify()
      let expected = name.hasPrefix("odd_tensors") ? ["nan"] : []
      #expect(result.findings.map(\.tensor) == expected, "\(name): \(result.findings)")
    }
  }

  @Test func readsWhatIsPacked() throws {
    let dense = try Checkpoint.open(Fixture.path("lenet_pruned90_removed.safetensors"))
    try SparseBitmask.plan(packing: dense).write(to: scratch("packed.safetensors"))
    let packed = try Checkpoint.open(scratch("packed.safetensors"))
    #expect(try packed.verify().packedCount == 5)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch("packed.safetensors"))))
    bytes[try #require(packed["fc1.bitmask"]).byteRange.lowerBound] ^= 1
    let damaged = try Checkpoint.open(scratch.write("damaged.safetensors", bytes))
    #expect(sentence { _ = try damaged.verify() }.hasPrefix("unpack tensor \"fc1.weight\" of 'damaged.safetensors'"))
  }

  @Test func progressEndsAtTheTotal() throws {
    for name in ["lenet_pruned90_masks.pt", "lenet.safetensors"] {
      var last = (0, 0)
      _ = try Checkpoint.open(Fixture.path(name)).verify { last = ($0, $1) }
      #expect(last.0 > 0 && last.0 <= last.1)
    }
  }
}
