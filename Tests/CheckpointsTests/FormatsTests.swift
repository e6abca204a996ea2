import Checkpoints
import Foundation
import TestSupport
import Testing

/// Files in the layouts that people meet; `Fixtures/formats/record.py` wrote them and what Python reads out of them, with
/// the classes at hand.
@Suite struct FormatsTests {
  struct Expected: Codable {
    var tensors: [Fixture.Tensor]
    var others: [String]
  }

  static let expected: [String: Expected] = {
    let data = try! Data(contentsOf: URL(fileURLWithPath: Fixture.path("formats/formats.json")))
    return try! JSONDecoder().decode([String: Expected].self, from: data)
  }()

  @Test(arguments: expected.keys.sorted())
  func readsWhatPythonReads(name: String) throws {
    let expected = try #require(Self.expected[name])
    let checkpoint = try Checkpoint.open(Fixture.path("formats/\(name)"))
    #expect(checkpoint.tensors.map(\.name) == expected.tensors.map(\.name))
    #expect(checkpoint.leftOut == expected.others)
    for tensor in expected.tensors {
      let info = try #require(checkpoint[tensor.name])
      #expect(info.type.name == tensor.type, "\(tensor.name)")
      #expect(info.shape == tensor.shape, "\(tensor.name)")
      #expect(try checkpoint.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv, "\(tensor.name)")
      var copy = [UInt8](repeating: 0, count: info.byteCount)
      try copy.withUnsafeMutableBytes { try checkpoint.read(tensor.name, into: $0) }
      #expect(copy.withUnsafeBytes { fnv($0) } == tensor.fnv, "\(tensor.name)")
    }
    #expect(try checkpoint.verify(allowingNonFinite: true).findings.isEmpty)
    // The same out of memory, where the file is one.
    let again = try Checkpoint.open(bytes: Fixture.bytes("formats/\(name)"))
    #expect(try checkpoint.differences(from: again).allSatisfy(\.isEqual))
  }

  @Test func formatsAreToldByContent() throws {
    let formats = ["deflated.pt", "old.tar.pt", "arrays.npz", "compressed.npz", "fortran.npy", "module_legacy.pt"].map {
      try? Checkpoint.open(Fixture.path("formats/\($0)")).format
    }
    #expect(formats == [.pytorch, .tarPyTorch, .numpyArchive, .numpyArchive, .numpy, .legacyPyTorch])
    #expect(try Checkpoint.open(Fixture.path("formats/deflated.pt")).verifyChecksums())
  }

  @Test func whatIsBesideIsToldInWords() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("formats/beside.pt"))
    let words = Dictionary(uniqueKeysWithValues: checkpoint.others.map { ($0.name, $0.what) })
    #expect(words["sparse"] == "a sparse tensor")
    #expect(words["meta"] == "a tensor on the meta device, without values")
    #expect(words["quantised"] == "a quantised tensor")
    #expect(words["stage"] == "an object of \"project.Stage\", not made")
    #expect(words["partial"] == "an object of \"functools.partial\", not made")
    #expect(words["stream"] == "an object of \"_io.BytesIO\", not made")
    #expect(words["settings"] == "an object of \"project.Settings\", not made")
    #expect(words["function"] == "the name \"torch._C._nn.gelu\"")
    #expect(words["none"] == "None")
    #expect(
      checkpoint.others.filter(\.isTensor).map(\.name) == ["sparse", "meta", "quantised", "(a tuple of 2 as its key)"])
  }

  @Test func aPartIsTakenWhereAskedFor() throws {
    let path = Fixture.path("formats/nested.pt")
    #expect(try Checkpoint.open(path).stateDictPath == [])
    let model = try Checkpoint.open(path, stateDict: "model")
    #expect(model.tensors.map(\.name) == ["enc.w", "blocks.0.w", "blocks.1.w"])
    #expect(model.leftOut == ["ema", "optimizer", "epoch"])
    #expect(try Checkpoint.open(path, stateDict: "optimizer").tensors.map(\.name) == ["state.0.exp_avg"])
    #expect(
      sentence { _ = try Checkpoint.open(path, stateDict: "teacher") }
        == "read PyTorch file 'nested.pt': expected a dictionary at \"teacher\", found 5: \"ema\", \"model.enc\", "
        + "\"model.blocks.0\", \"model.blocks.1\", \"optimizer.state.0\"; name one of those")
  }

  @Test func damagedDeflatedMembersAreRefused() throws {
    let bytes = Fixture.bytes("formats/deflated.pt")
    let scratch = Scratch()
    for place in stride(from: 200, to: bytes.count - 500, by: 37) {
      var changed = bytes
      changed[place] ^= 0x55
      let path = scratch.write("changed.pt", changed)
      do {
        let checkpoint = try Checkpoint.open(path)
        _ = try checkpoint.verify()
      } catch is CheckpointError {
      }
    }
    var bomb = bytes
    // The directory's size of the first storage: 1 GiB out of a few bytes.
    let name = Array("archive/data/0".utf8)
    let record = try #require(bytes.indices.last { bytes[$0...].starts(with: name) }) - 46
    bomb.replaceSubrange(record + 24..<record + 28, with: [0, 0, 0, 0x40])
    let text = sentence { _ = try Checkpoint.open(scratch.write("bomb.pt", bomb)) }
    #expect(text.contains("expected sizes that deflated data can have, found 1073741824 bytes"), "\(text)")
  }
}
