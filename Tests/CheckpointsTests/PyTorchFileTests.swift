import Checkpoints
import TestSupport
import Testing

@Suite struct PyTorchFileTests {
  static let readable = Fixture.expected.keys.filter { !$0.hasSuffix(".safetensors") }.sorted()

  @Test(arguments: readable)
  func readsWhatPythonReads(name: String) throws {
    let file = try PyTorchFile(path: Fixture.path(name))
    let expected = try #require(Fixture.expected[name])
    #expect(file.tensors.map(\.name) == expected.map(\.name))
    for tensor in expected {
      let info = try #require(file[tensor.name])
      #expect(info.type.name == tensor.type)
      #expect(info.shape == tensor.shape)
      #expect(try file.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv, "\(tensor.name)")
      // The copying path gives the same bytes, also in parts that cut an element in two.
      var copy = [UInt8](repeating: 0, count: info.byteCount)
      let cut = copy.count / 3
      try copy.withUnsafeMutableBytes {
        try file.read(tensor.name, at: cut, into: UnsafeMutableRawBufferPointer(rebasing: $0[cut...]))
        try file.read(tensor.name, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<cut]))
      }
      #expect(copy.withUnsafeBytes { fnv($0) } == tensor.fnv, "\(tensor.name)")
    }
  }

  @Test func tellsLayoutAndWhatIsBesideTheStateDict() throws {
    let legacy = try PyTorchFile(path: Fixture.path("lenet_legacy.pt"))
    #expect(legacy.layout == .legacy)
    let checkpoint = try PyTorchFile(path: Fixture.path("lenet_train_checkpoint.pt"))
    #expect(checkpoint.layout == .zip)
    #expect(checkpoint.stateDictPath == ["state_dict"])
    #expect(checkpoint.leftOut == ["epoch", "optimizer", "args", "best"])
    #expect(checkpoint.moduleVersions == ["": 1, "conv1": 1, "conv2": 1, "fc1": 1, "fc2": 1, "fc3": 1])
    let mixed = try PyTorchFile(path: Fixture.path("torch/mixed.pt"))
    #expect(mixed.leftOut == ["epoch", "names"])
    let numpy = try PyTorchFile(path: Fixture.path("torch/numpy.pt"))
    #expect(numpy.leftOut == ["best", "args", "arr"])
  }

  @Test func keepsStrides() throws {
    let file = try PyTorchFile(path: Fixture.path("odd_tensors.pt"))
    #expect(file["a"]?.strides == nil)
    #expect(file["a_t"]?.strides == [1, 6])
    #expect(file["cl"]?.strides == [60, 1, 15, 3])
    #expect(file["rowvec"]?.strides == [0, 1])
    #expect(file["a"]?.byteRange.lowerBound == file["a_t"]?.byteRange.lowerBound)
    #expect(file["a_view"]?.byteRange.count == 48)
  }

  @Test func takesTheStateDictThatIsNamed() throws {
    let path = Fixture.path("torch/two.pt")
    #expect(try PyTorchFile(path: path).tensors.map(\.name) == ["a.b.w", "c.w"])
    #expect(try PyTorchFile(path: path, stateDict: "a.b").stateDictPath == ["a", "b"])
    #expect(try PyTorchFile(path: path, stateDict: "c").leftOut == ["a"])
    #expect(
      sentence { _ = try PyTorchFile(path: path, stateDict: "model") }
        == "read PyTorch file 'two.pt': expected a dictionary at \"model\", found 2: \"c\", \"a.b\"; name one of those")
  }

  static let refused = [
    (
      "bad_pickle_code.pt",
      "expected tensors and plain data, found the name \"posix.system\", which can run code; "
        + "nothing was run; load the file nowhere unless you trust who made it"
    ),
    ("torch/typed.pt", "expected tensors by name, found none among 1 members"),
  ]

  @Test(arguments: refused)
  func refusesBySentence(name: String, expected: String) {
    let text = sentence { _ = try PyTorchFile(path: Fixture.path(name)) }
    #expect(text.hasPrefix("read PyTorch file '") && text.contains(expected), "\(text)")
  }

  /// Entries that are no dense tensors are listed with what they are, and the file is read.
  @Test(arguments: [
    ("torch/q.pt", "q", "a quantised tensor"), ("torch/sparse.pt", "s", "a sparse tensor"),
    ("torch/csr.pt", "s", "a sparse tensor"), ("torch/nested.pt", "nt", "a nested tensor"),
    ("torch/meta.pt", "m", "a tensor on the meta device, without values"),
    ("torch/conj.pt", "conj", "a tensor with its conj bit set"),
    ("torch/neg.pt", "neg", "a tensor with its neg bit set"),
  ])
  func listsWhatIsNoDenseTensor(name: String, entry: String, what: String) throws {
    let file = try PyTorchFile(path: Fixture.path(name))
    #expect(file.others == [OtherEntry(name: entry, what: what, isTensor: true)])
    #expect(file[entry] == nil)
  }

  @Test(arguments: [
    ("torch/single.pt", ["tensor"]), ("torch/intkeys.pt", ["0", "1"]), ("torch/two.pt", ["a.b.w", "c.w"]),
  ])
  func namesWhatHasNoName(name: String, names: [String]) throws {
    #expect(try PyTorchFile(path: Fixture.path(name)).tensors.map(\.name) == names)
  }

  /// The whole module and the TorchScript archive of the network whose state dict is recorded.
  @Test(arguments: ["lenet_whole_module.pt", "lenet_torchscript.pt"])
  func readsWholeModules(name: String) throws {
    let file = try PyTorchFile(path: Fixture.path(name))
    let expected = try #require(Fixture.expected["lenet_ordereddict.pt"])
    #expect(file.tensors.map(\.name) == expected.map(\.name))
    for tensor in expected { #expect(try file.withBytes(of: tensor.name) { fnv($0) } == tensor.fnv, "\(tensor.name)") }
  }

  @Test func refusesACutArchive() {
    #expect(
      sentence { _ = try PyTorchFile(path: Fixture.path("bad_truncated.pt")) }
        == "read zip directory of 'bad_truncated.pt': expected a zip directory at the end, found none in 125306 bytes; "
        + "the file is cut short or damaged: download or save it again")
    let scratch = Scratch()
    let cut = scratch.write("cut.pt", Array(Fixture.bytes("lenet_legacy.pt").dropLast(100)))
    #expect(
      sentence { _ = try PyTorchFile(path: cut) }.contains("found 244 bytes up to the end, too few for it"))
  }

  @Test func comparesThePickleWithItsChecksum() throws {
    let scratch = Scratch()
    var bytes = Fixture.bytes("lenet_dict.pt")
    // "conv1.weight" in the pickle becomes "aonv1.weight", which would pass unnoticed otherwise.
    let name = Array("conv1.weight".utf8)
    let place = try #require((0..<bytes.count).first { bytes[$0...].starts(with: name) })
    bytes[place] = UInt8(ascii: "a")
    let path = scratch.write("flipped.pt", bytes)
    #expect(sentence { _ = try PyTorchFile(path: path) }.contains("expected a pickle with checksum a984aa06"))
  }
}
