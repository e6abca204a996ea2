import OrderedCollections

/// The layouts of checkpoints that can be read.
public enum CheckpointFormat: String, Hashable, Sendable, CaseIterable {
  /// One safetensors file.
  case safetensors
  /// Several safetensors files with an index, `*.safetensors.index.json`.
  case shardedSafetensors
  /// PyTorch's zip archives, since version 1.6.
  case pytorch
  /// A model that torch.export.save wrote: graph and weights.
  case pt2
  /// A model in ONNX's format: graph and tensors.
  case onnx
  /// PyTorch's layout before version 1.6.
  case legacyPyTorch
  /// PyTorch's layout before version 0.1.10: a tar archive.
  case tarPyTorch
  /// Several PyTorch files with an index, `*.bin.index.json`.
  case shardedPyTorch
  /// One array of NumPy's, `.npy`.
  case numpy
  /// NumPy's archives of arrays, `.npz`.
  case numpyArchive
}

extension CheckpointFormat: CustomStringConvertible {
  /// The format in words.
  public var description: String {
    switch self {
    case .safetensors: "safetensors"
    case .shardedSafetensors: "sharded safetensors"
    case .pytorch: "PyTorch (zip)"
    case .legacyPyTorch: "PyTorch (legacy)"
    case .tarPyTorch: "PyTorch (tar)"
    case .shardedPyTorch: "sharded PyTorch"
    case .numpy: "NumPy array"
    case .numpyArchive: "NumPy archive"
    case .pt2: "exported model"
    case .onnx: "ONNX model"
    }
  }
}

extension CheckpointFormat {
  /// What the content of a file says it is; an error that names what it is where that is known and not read here.
  static func detect(_ file: MappedFile) throws(CheckpointError) -> CheckpointFormat {
    let head = file.bytes(0..<min(file.size, 512))
    if head.starts(with: [0x50, 0x4b, 0x03, 0x04]) || head.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      if try PT2File.isExport(file) { return .pt2 }
      return NumPyFile.isArchive(try ZipArchive(file)) ? .numpyArchive : .pytorch
    }
    if PyTorchParts.hasLegacyMagic(file) { return .legacyPyTorch }
    if TarArchive.isTar(file), try TarArchive(file).members["pickle"] != nil { return .tarPyTorch }
    if head.starts(with: NumPyHeader.magic) { return .numpy }
    if ONNXFile.isModel(file) { return .onnx }
    if head.count >= 9, head[8] == UInt8(ascii: "{") { return .safetensors }
    if head.first == UInt8(ascii: "{") && file.path.hasSuffix(".json") { return indexFormat(file) }
    // Damaged beyond recognition, or of a content with white space in front: the reader of that format says why.
    if file.path.hasSuffix(".safetensors") { return .safetensors }
    if file.path.hasSuffix(".json") { return indexFormat(file) }
    if file.path.hasSuffix(".onnx"), !head.isEmpty, !head.starts(with: Array("version https://git-lfs".utf8)) {
      return .onnx
    }
    let (found, advice) = guess(head)
    throw CheckpointError(
      .notRecognised, "open", file: file.path, expected: "safetensors, a PyTorch file or an ONNX model", found: found,
      advice: advice)
  }

  /// What the shards of an index are: by its name, else by theirs.
  private static func indexFormat(_ file: MappedFile) -> CheckpointFormat {
    if file.path.hasSuffix(ShardIndex.suffix) { return .shardedSafetensors }
    if file.path.hasSuffix(ShardIndex.pytorchSuffix) { return .shardedPyTorch }
    let isPyTorch = (try? ShardIndex.read(path: file.path, endings: ShardedPyTorch.endings)).map {
      !$0.weightMap.isEmpty
    }
    return isPyTorch == true ? .shardedPyTorch : .shardedSafetensors
  }

  private static func guess(_ head: [UInt8]) -> (found: String, advice: String) {
    let usual = "name a .safetensors, .pt, .pth, .bin, .ckpt or .onnx file"
    func begins(_ text: String) -> Bool { head.starts(with: Array(text.utf8)) }
    if head.isEmpty { return ("an empty file", "download or save it again") }
    if begins("version https://git-lfs") {
      return ("a Git LFS pointer in place of the file", "fetch the file itself: git lfs pull")
    }
    if begins("<!DOCTYPE") || begins("<!doctype") || begins("<html") {
      return ("a web page", "download the file itself, not the page about it")
    }
    if begins("GGUF") { return ("a GGUF file", "convert it to safetensors first") }
    if head.starts(with: [0x89] + Array("HDF".utf8)) {
      return ("an HDF5 file (Keras)", "convert it to safetensors first")
    }
    if head.starts(with: [0x1f, 0x8b]) || begins("BZh") || head.starts(with: [0xfd] + Array("7zXZ".utf8)) {
      return ("a compressed file", "unpack it first")
    }
    if head.count >= 262, head[257..<262].elementsEqual("ustar".utf8) {
      return ("a tar archive that is none of torch.save's", "unpack it first")
    }
    if head.count >= 2, head[0] == 0x80, (2...5).contains(head[1]) {
      return (
        "a bare pickle",
        "in Python, save the tensors with torch.save or safetensors; a bare pickle can hold anything, code included"
      )
    }
    return ("bytes of none of them", usual)
  }
}
