import Checkpoints
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
  static let readable = Fixture.expected.keys.filter { $0.hasSuffix(".safetensors") }.sorted()

  @Test(arguments: readable)
  func readsWhatPythonReads(name: String) throws {
    let file = try SafetensorsFile(path: Fixture.path(name))
    let expected = try #require(Fixture.expected[name])
    #expect(Set(file.tensors.map(\.name)) == Set(expected.map(\.name)))
    #expect(file.tensors.count == expected.count)
    for tensor in expected {
      let info = try #require(file[tensor.name])
      #expect(info.type.name == tensor.type)
      #expect(info.shape == tensor.shape)
      #expect(try file.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv)
      // The copying path gives the same bytes, also in parts.
      var copy = [UInt8](repeating: 0, count: info.byteCount)
      let half = copy.count / 2
      try copy.withUnsafeMutableBytes {
        try file.read(tensor.name, at: half, into: UnsafeMutableRawBufferPointer(rebasing: $0[half...]))
        try file.read(tensor.name, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<half]))
      }
      #expect(copy.withUnsafeBytes { fnv($0) } == tensor.fnv)
    }
  }

  @Test func keepsTheOrderOfHeaderAndMetadata() throws {
    let file = try SafetensorsFile(path: Fixture.path("lenet.safetensors"))
    #expect(
      file.tensors.map(\.name) == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias",
        "fc3.weight", "fc3.bias",
      ])
    #expect(file.metadata == ["format": "pt"])
    let odd = try SafetensorsFile(path: Fixture.path("odd_tensors.safetensors"))
    #expect(odd.metadata == ["note": "ä \"quoted\" \\ text"])
    #expect(odd["ünïcødé.weight"]?.shape == [2, 2])
    #expect(odd["scalar"]?.shape == [])
    #expect(odd["empty"]?.byteCount == 0)
  }

  @Test func headerAndOffsetOrderMayDiffer() throws {
    let scratch = Scratch()
    let path = scratch.write(
      "order.safetensors",
      safetensors(
        #"{"z":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"e":{"dtype":"F32","shape":[0],"data_offsets":[3,3]},"#
          + #""a":{"dtype":"U8","shape":[3],"data_offsets":[0,3],"extra":[1,{"x":null}]},"__metadata__":{"k":"v"}}"#,
        data: 5))
    let file = try SafetensorsFile(path: path)
    #expect(file.tensors.map(\.name) == ["z", "e", "a"])
    #expect(file.tensorsByOffset.map(\.name) == ["a", "e", "z"])
    #expect(try file.withBytes(of: "z") { [UInt8]($0) } == [3, 4])
    #expect(file.metadata == ["k": "v"])
  }

  @Test(arguments: [
    (
      "bad_7bytes.safetensors",
      "read safetensors header of 'bad_7bytes.safetensors': expected at least 8 bytes, found 7; "
        + "the file is cut short or no safetensors file: download or save it again"
    ),
    (
      "bad_empty.safetensors",
      "read safetensors header of 'bad_empty.safetensors': expected at least 8 bytes, found 0; "
        + "the file is cut short or no safetensors file: download or save it again"
    ),
    (
      "bad_header_len.safetensors",
      "read safetensors header of 'bad_header_len.safetensors': expected a header length of at most 100000000 bytes, "
        + "found 1099511627776; the file is damaged or no safetensors file: download or save it again"
    ),
    (
      "bad_dtype.safetensors",
      "read safetensors header of 'bad_dtype.safetensors': expected a dtype of safetensors (F32, BF16, I64, ...) "
        + "for tensor \"a\" at byte 13, found \"Q7\"; the file is damaged: download or save it again"
    ),
    (
      "bad_hole.safetensors",
      "read safetensors header of 'bad_hole.safetensors': expected tensor \"b\" to begin at data offset 8, "
        + "found 12 (a hole); the file is damaged: download or save it again"
    ),
    (
      "bad_overlap.safetensors",
      "read safetensors header of 'bad_overlap.safetensors': expected tensor \"b\" to begin at data offset 8, "
        + "found 4 (an overlap); the file is damaged: download or save it again"
    ),
    (
      "bad_truncated.safetensors",
      "read safetensors header of 'bad_truncated.safetensors': expected 123412 bytes of tensors after the header, "
        + "found 61330; the file is damaged: download or save it again"
    ),
  ])
  func refusesDamagedFixtures(name: String, expected: String) {
    #expect(sentence { _ = try SafetensorsFile(path: Fixture.path(name)) } == expected)
  }

  @Test func namesWhatIsThereForAnUnknownTensor() throws {
    let file = try SafetensorsFile(path: Fixture.path("lenet.safetensors"))
    #expect(
      sentence { try file.withBytes(of: "conv3.weight") { _ in } }
        == "look up tensor \"conv3.weight\" in 'lenet.safetensors': expected a name out of the file, found only "
        + "\"conv1.weight\", \"conv1.bias\", \"conv2.weight\", \"conv2.bias\", \"fc1.weight\" and 5 more; "
        + "choose one of those names")
    var buffer = [UInt8](repeating: 0, count: 25)
    #expect(
      sentence { try buffer.withUnsafeMutableBytes { try file.read("conv1.bias", into: $0) } }
        == "read tensor \"conv1.bias\" of 'lenet.safetensors': expected a part of its 24 bytes, "
        + "found 25 bytes from 0; ask for bytes within the tensor")
  }

  @Test func saysWhyAFileCannotBeOpened() {
    #expect(
      sentence { _ = try SafetensorsFile(path: "absent/none.safetensors") }
        == "open 'none.safetensors': expected a readable file, found \"No such file or directory\"; "
        + "check the path and its permissions")
    let scratch = Scratch()
    #expect(
      sentence { _ = try SafetensorsFile(path: scratch.path) }.hasSuffix(
        "expected a readable file, found something else (a directory, a pipe or a device); name a file"))
  }
}
