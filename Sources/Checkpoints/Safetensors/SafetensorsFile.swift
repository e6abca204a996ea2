import OrderedCollections

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
public struct SafetensorsFile: Sendable {
  let file: MappedFile
  private let byName: OrderedDictionary<String, TensorInfo>

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
    byName = header.tensors
    metadata = header.metadata
  }

  /// The tensors in the order of the header.
  ///
  /// Files written by ``SafetensorsWriter`` keep the order of the state dict here. Python's writer sorts by element
  /// type and name first, so that order is lost there.
  public var tensors: [TensorInfo] { byName.values.elements }

  /// The tensors in the order in which their bytes lie in the file: the order for reading everything once.
  public var tensorsByOffset: [TensorInfo] { byName.values.sorted(by: TensorInfo.liesBefore) }

  /// The tensor called `name`, or nil. O(1).
  public subscript(name: String) -> TensorInfo? { byName[name] }

  /// Hands out the bytes of the tensor called `name` without copying them.
  ///
  /// The pointer is valid during the call only, and as aligned as the file is: files of other writers need not align
  /// their tensors, so load elements with `loadUnaligned`. `bytes.count` is the tensor's ``TensorInfo/byteCount``.
  ///
  /// - Throws: ``CheckpointError`` of kind `notFound`, and whatever `body` throws.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard let tensor = byName[name] else { throw CheckpointError.noTensor(name, in: path, names: byName.keys) }
    return try file.withBytes(tensor.byteRange, body)
  }

  /// Copies part of a tensor into `buffer`: the `buffer.count` bytes from `offset` on, counted from its first byte.
  ///
  /// Reads through the file and not through the mapping: memory stays bounded, and a read error is thrown.
  ///
  /// - Throws: ``CheckpointError`` where there is no such tensor, the part leaves the tensor, or reading fails.
  public func read(
    _ name: String, at offset: Int = 0, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let tensor = byName[name] else { throw .noTensor(name, in: path, names: byName.keys) }
    try tensor.checkPart(at: offset, count: buffer.count, file: path)
    try file.read(at: tensor.byteRange.lowerBound + offset, into: buffer)
  }
}

extension TensorInfo {
  /// Throws unless `count` bytes from `offset` on lie within the tensor.
  func checkPart(at offset: Int, count: Int, file: String) throws(CheckpointError) {
    guard offset >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw CheckpointError(
        .invalidArgument, "read tensor \(CheckpointError.quote(name)) of", file: file,
        expected: "a part of its \(byteCount) bytes", found: "\(count) bytes from \(offset)",
        advice: "ask for bytes within the tensor")
    }
  }
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
