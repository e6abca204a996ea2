/// A safetensors file, opened read-only and memory-mapped; the whole header is checked on opening.
///
/// ```swift
/// let file = try SafetensorsFile(path: "model.safetensors")
/// for tensor in file.tensors { print(tensor.name, tensor.type, tensor.shape) }  // conv1.weight F32 [6, 1, 5, 5]
/// let sum = try file.withBytes(of: "conv1.bias") { bytes in
///   (0..<6).reduce(Float(0)) { $0 + bytes.loadUnaligned(fromByteOffset: 4 * $1, as: Float.self) }
/// }
/// ```
///
/// Opening reads the header only, O(h log h) in its length; bytes are read when touched. Safe to share between threads.
///
/// - Important: As with every reader that maps files, a process that touches bytes which someone else has cut off
///   meanwhile is stopped by the system. ``read(_:at:into:)`` does not map and throws instead.
public struct SafetensorsFile: TensorReader {
  let file: MappedFile
  /// The tensors, in the order of the header.
  ///
  /// Files written by ``SafetensorsWriter`` keep the order of the state dict here. Python's writer sorts by element
  /// type and name first, so that order is lost there.
  public let table: TensorTable

  /// The path, as it was given.
  public var path: String { file.path }

  /// The size of the file in bytes.
  public var size: Int { file.size }

  /// The text under `__metadata__`, in the order of the file; empty where there is none.
  public let metadata: CheckpointMetadata

  /// Opens and checks the file at `path`.
  ///
  /// - Throws: ``CheckpointError`` where it cannot be read, or its header contradicts the format in any way.
  public init(path: String) throws(CheckpointError) {
    try self.init(MappedFile(path: path))
  }

  /// Reads what is in memory as a file; the bytes are copied once.
  ///
  /// - Throws: ``CheckpointError`` where the header contradicts the format in any way.
  public init(bytes: some Collection<UInt8>, name: String = "memory") throws(CheckpointError) {
    try self.init(MappedFile(bytes: bytes, name: name))
  }

  init(_ file: MappedFile) throws(CheckpointError) {
    let header = try SafetensorsHeader.read(from: file)
    self.file = file
    table = TensorTable(header.tensors, in: [file], path: file.path)
    metadata = header.metadata
  }

  /// The tensors in the order in which their bytes lie in the file: the order for reading everything once.
  public var tensorsByOffset: [TensorInfo] { tensors.sorted(by: TensorInfo.liesBefore) }
}

extension CheckpointError {
  /// An unknown tensor name, with the names that come closest to a hint.
  static func noTensor(
    _ name: String, in file: String, names: some Collection<String>
  ) -> CheckpointError {
    let some = names.prefix(5).map { quote($0) }.joined(separator: ", ")
    let list = names.count > 5 ? "\(some) and \(names.count - 5) more" : some
    return CheckpointError(
      .notFound, "look up tensor \(quote(name)) in", file: file, expected: "a name out of the file",
      found: names.isEmpty ? "no tensors at all" : "only \(list)", advice: "choose one of those names")
  }
}
