import Checkpoints

/// Tensors in memory as a store: what works on files works on it.
public struct MemoryStore: TensorStore {
  /// What messages call it.
  public let path = "memory"
  /// The tensors, in order.
  public let tensors: [TensorInfo]
  /// None.
  public let metadata: CheckpointMetadata = [:]
  private let bytes: [UInt8]
  private let places: [String: Int]
  /// What the last writer of this store has written.
  public let output = Output()

  /// What a writer has written.
  public final class Output: @unchecked Sendable {
    /// Nothing yet.
    public init() {}
    /// The tensors, in order.
    public var tensors: [(name: String, bytes: [UInt8])] = []

    /// The bytes of a tensor; nil where there is none of that name.
    public subscript(name: String) -> [UInt8]? { tensors.first { $0.name == name }?.bytes }
  }

  /// Tensors out of their parts.
  public init(_ parts: [(name: String, type: StoredType, shape: [Int], bytes: [UInt8])]) {
    var tensors: [TensorInfo] = []
    var bytes: [UInt8] = []
    for part in parts {
      let range = bytes.count..<bytes.count + part.bytes.count
      bytes += part.bytes
      tensors.append(TensorInfo(name: part.name, type: part.type, shape: part.shape, byteRange: range))
    }
    (self.tensors, self.bytes) = (tensors, bytes)
    places = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
  }

  /// One.
  public var files: [String] { [path] }
  /// Its size.
  public var fileSizes: [Int] { [bytes.count] }
  /// The tensor of a name.
  public subscript(name: String) -> TensorInfo? { places[name].map { tensors[$0] } }

  /// Copies part of a tensor.
  public func read(
    _ name: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    guard let tensor = self[name] else {
      throw CheckpointError(.notFound, "read", file: path, expected: name, found: "none", advice: "name another")
    }
    try readFile(0, at: tensor.byteRange.lowerBound + offset, into: buffer)
  }

  /// Copies part of all bytes.
  public func readFile(
    _ file: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    bytes.withUnsafeBytes {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + buffer.count]))
    }
  }

  /// Nothing can change.
  public func checkUnchanged() {}

  /// Begins to write into ``output``; the format does not matter.
  public func writer(
    as format: Checkpoint.OutputFormat, to path: String, tensors: [TensorSpec], origins: [TensorInfo],
    metadata: CheckpointMetadata, replacing: Bool
  ) throws(CheckpointError) -> any TensorStoreWriter {
    output.tensors = tensors.map { ($0.name, []) }
    return Writer(output)
  }

  private final class Writer: TensorStoreWriter {
    let output: Output
    let path = "memory"
    var bytesTotal: Int { bytesWritten }
    private(set) var bytesWritten = 0
    private let places: [String: Int]

    init(_ output: Output) {
      self.output = output
      places = Dictionary(uniqueKeysWithValues: output.tensors.enumerated().map { ($1.name, $0) })
    }

    func append(_ block: UnsafeRawBufferPointer, to name: String) throws {
      guard let place = places[name] else {
        throw CheckpointError(.notFound, "write", file: path, expected: name, found: "none", advice: "name another")
      }
      output.tensors[place].bytes += block
      bytesWritten += block.count
    }

    func replaceMetadata(_ values: CheckpointMetadata) {}
    func finish() {}
    func cancel() {}
  }
}
