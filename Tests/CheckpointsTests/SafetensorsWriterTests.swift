import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
  let scratch = Scratch()

  let sources = [
    TensorSource(name: "half", type: .f16, shape: [3], bytes: [0, 0x3c, 0, 0x40, 0, 0x42]),
    TensorSource(name: "b.weight", type: .f32, shape: [2, 2], elements: [1, -2, .pi, .nan] as [Float]),
    TensorSource(name: "empty", type: .i64, shape: [0, 5], bytes: []),
    TensorSource(name: "a \"q\" \\ \u{1} ü", type: .f64, shape: [], elements: [0.1]),
    TensorSource(name: "flag", type: .bool, shape: [3], bytes: [1, 0, 1]),
  ]

  @Test func roundTripKeepsOrderBytesAndMetadata() throws {
    let path = scratch("out.safetensors")
    try SafetensorsWriter.write(sources, metadata: ["z": "1", "a": "ä\n\"\\"], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.tensors.map(\.name) == sources.map(\.spec.name))
    #expect(file.tensorsByOffset.map(\.name) == ["empty", "a \"q\" \\ \u{1} ü", "b.weight", "half", "flag"])
    #expect(Array(file.metadata.keys) == ["z", "a"])
    #expect(file.metadata["a"] == "ä\n\"\\")
    for source in sources {
      let info = try #require(file[source.spec.name])
      #expect(info.shape == source.spec.shape)
      #expect(info.byteRange.lowerBound % (info.type.byteCount ?? 1) == 0)
      var expected: [UInt8] = []
      try source.produce { expected += $0 }
      #expect(try file.withBytes(of: source.spec.name) { [UInt8]($0) } == expected)
    }
    #expect(scratch.names == ["out.safetensors"])
  }

  @Test func writesBlocksInAnyOrderOfTensors() throws {
    let path = scratch("blocks.safetensors")
    nonisolated(unsafe) var seen: [Int] = []
    let writer = try SafetensorsWriter(
      path: path,
      tensors: [TensorSpec(name: "a", type: .u8, shape: [4]), TensorSpec(name: "b", type: .i16, shape: [2])],
      progress: { done, total in
        #expect(total == 8)
        seen.append(done)
      })
    func append(_ bytes: [UInt8], _ name: String) throws {
      try bytes.withUnsafeBytes { try writer.append($0, to: name) }
    }
    try append([1, 2], "a")
    try append([5, 6, 7], "b")
    try append([3, 4], "a")
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(
      sentence { try writer.finish() }
        == "write tensor \"b\" to 'blocks.safetensors': expected 4 bytes (I16 of shape [2]), found 3; "
        + "give the contiguous bytes of the whole tensor; nothing was changed")
    #expect(sentence { try append([8, 9], "b") }.contains("expected 4 bytes (I16 of shape [2]), found 5 or more"))
    #expect(sentence { try append([1], "c") }.contains("look up tensor \"c\""))
    try append([8], "b")
    try writer.finish()
    #expect(seen == [2, 5, 7, 8])
    let file = try SafetensorsFile(path: path)
    #expect(try file.withBytes(of: "a") { [UInt8]($0) } == [1, 2, 3, 4])
    #expect(try file.withBytes(of: "b") { [UInt8]($0) } == [5, 6, 7, 8])
    #expect(sentence { try writer.finish() }.contains("found a finished one"))
  }

  struct Stop: Error {}

  @Test func anErrorLeavesTheTargetAndNothingElse() throws {
    let path = scratch.write("old.safetensors", [1, 2, 3])
    let failing = TensorSource(name: "x", type: .u8, shape: [4]) { consume in
      try [UInt8](repeating: 0, count: 2).withUnsafeBytes(consume)
      throw Stop()
    }
    #expect(throws: Stop.self) { try SafetensorsWriter.write([failing], to: path) }
    #expect(throws: Stop.self) {
      try SafetensorsWriter.write(sources, to: path, progress: { _, _ in throw Stop() })
    }
    let short = TensorSource(name: "x", type: .u8, shape: [4], bytes: [1])
    #expect(sentence { try SafetensorsWriter.write([short], to: path) }.contains("expected 4 bytes"))
    do { _ = try SafetensorsWriter(path: path, tensors: [TensorSpec(name: "x", type: .u8, shape: [4])]) }
    #expect(scratch.names == ["old.safetensors"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
  }

  @Test func replacesOrRefusesAnExistingFile() throws {
    let path = scratch.write("old.safetensors", [1, 2, 3])
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(
      sentence { try SafetensorsWriter.write(sources, to: path, replacing: false) }
        == "write 'old.safetensors': expected no file of that name yet, found one; "
        + "choose another name or allow replacing it")
    let late = TensorSource(name: "x", type: .u8, shape: [1]) { consume in
      try Data().write(to: URL(fileURLWithPath: scratch("late.safetensors")))
      try [7].withUnsafeBytes { try consume(UnsafeRawBufferPointer(rebasing: $0[..<1])) }
    }
    #expect(
      sentence { try SafetensorsWriter.write([late], to: scratch("late.safetensors"), replacing: false) }
        .contains("found one"))
    try SafetensorsWriter.write(sources, to: path)
    #expect(try SafetensorsFile(path: path).tensors.count == 5)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    try SafetensorsWriter.write(sources, to: scratch("new.safetensors"), replacing: false)
    #expect(scratch.names == ["late.safetensors", "new.safetensors", "old.safetensors"])
  }

  @Test func leftoversOfKilledProcessesGo() throws {
    let path = scratch("t.safetensors")
    _ = scratch.write(".t.safetensors.123-abc.bonsai-partial", [1])
    _ = scratch.write(".other.safetensors.123-abc.bonsai-partial", [1])
    let writer = try SafetensorsWriter(path: path, tensors: [TensorSpec(name: "x", type: .u8, shape: [0])])
    // A second writer to the same target does not take the first one's file away.
    try SafetensorsWriter.write(sources, to: path)
    try writer.finish()
    #expect(try SafetensorsFile(path: path).tensors.map(\.name) == ["x"])
    #expect(scratch.names == [".other.safetensors.123-abc.bonsai-partial", "t.safetensors"])
  }

  @Test func refusesWhatTheFormatCannotHold() {
    func attempt(_ name: String, _ type: StoredType, _ shape: [Int], _ path: String = "x.safetensors") -> String {
      sentence {
        try SafetensorsWriter.write([TensorSource(name: name, type: type, shape: shape, bytes: [])], to: path)
      }
    }
    #expect(attempt("__metadata__", .u8, [0]).contains("the reserved \"__metadata__\""))
    #expect(attempt("z", .c128, [0]).contains("expected element types of safetensors, found C128 for \"z\""))
    #expect(attempt("z", .f4, [3]).contains("a shape with a whole number of bytes"))
    #expect(attempt("z", .u8, [-1]).contains("found U8 [-1] for \"z\""))
    #expect(attempt("z", .u8, [1 << 62, 4]).contains("below 2^63"))
    #expect(attempt("z", .u8, [0], scratch.path).contains("expected the path of a file, found a directory"))
    #expect(attempt("z", .u8, [0], scratch("absent/x")).contains("found \"No such file or directory\""))
    #expect(attempt("z", .u8, [1 << 50], scratch("x")).contains("expected 1125899906842"))
    let twice = [
      TensorSource(name: "a", type: .u8, shape: [0], bytes: []),
      TensorSource(name: "a", type: .u8, shape: [0], bytes: []),
    ]
    #expect(sentence { try SafetensorsWriter.write(twice, to: scratch("x")) }.contains("found \"a\" twice"))
    #expect(scratch.names == [])
  }
}
