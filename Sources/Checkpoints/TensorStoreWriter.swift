/// The writing half of ``TensorStore``: a file being written block by block; it takes its target's place on ``finish()`` or not at all.
///
/// For tensors larger than memory: ``append(_:to:)`` takes the bytes of any tensor in blocks, ``finish()`` checks that
/// all are complete, syncs and renames. ``cancel()``, an error, or letting the writer go leave the target as it was.
public protocol TensorStoreWriter: AnyObject {
  /// The path of the target.
  var path: String { get }
  /// The bytes of tensors written so far.
  var bytesWritten: Int { get }
  /// The bytes of tensors that the finished checkpoint holds.
  var bytesTotal: Int { get }

  /// Appends a block to the tensor called `name`. Tensors may come in any order, the blocks of one in theirs.
  ///
  /// - Throws: ``CheckpointError`` where there is no such tensor, the block exceeds it, or writing fails; and what the
  ///   progress closure throws.
  func append(_ block: UnsafeRawBufferPointer, to name: String) throws

  /// Gives keys of the metadata other values: for what is known only when all is written.
  ///
  /// - Parameter values: Values for some of the keys that the writer began with, which take as many bytes.
  /// - Throws: ``CheckpointError`` where they take more or fewer bytes, or writing fails.
  func replaceMetadata(_ values: CheckpointMetadata) throws

  /// Checks that every tensor is complete, and puts the checkpoint in place of its target.
  ///
  /// - Throws: ``CheckpointError`` where bytes are missing, or syncing or renaming fails; the target is untouched then.
  func finish() throws

  /// Deletes what was written; the target stays as it was.
  func cancel()
}

/// Called while a checkpoint is written, with the bytes of tensors written and their total; may throw to stop.
public typealias WritingProgress = (_ written: Int, _ total: Int) throws -> Void

/// A writer whose files hold the bytes of tensors as the files of a store do, so that the system can copy them.
package protocol CopyingWriter: TensorStoreWriter {
  /// Appends a part of a file to the tensor called `name`, as ``TensorStoreWriter/append(_:to:)`` does a block.
  func append(_ part: FilePart, to name: String) throws
}

extension TensorStoreWriter {
  /// Appends all bytes of each source in turn, then finishes; cancels on an error.
  ///
  /// - Throws: ``CheckpointError``, and whatever a source or the progress closure throws.
  public func writeAll(_ sources: some Sequence<TensorSource>) throws {
    do {
      for source in sources {
        try source.produce { try append($0, to: source.spec.name) }
      }
      try finish()
    } catch {
      cancel()
      throw error
    }
  }
}

/// How much of each tensor has been written, shared by the writers.
struct WritingLedger {
  let file: String
  let tensors: [TensorInfo]
  private let indices: [String: Int]
  private var written: [Int]
  private(set) var bytesWritten = 0
  let bytesTotal: Int

  init(_ tensors: [TensorInfo], file: String) {
    self.file = file
    self.tensors = tensors
    indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    written = [Int](repeating: 0, count: tensors.count)
    bytesTotal = tensors.reduce(0) { $0 + $1.byteRange.count }
  }

  /// The tensor called `name` and how much of it is there, once a block of `count` more bytes is known to fit.
  func place(_ name: String, count: Int) throws(CheckpointError) -> (index: Int, written: Int) {
    guard let index = indices[name] else { throw .noTensor(name, in: file, names: tensors.map(\.name)) }
    guard count <= tensors[index].byteRange.count - written[index] else {
      throw mismatch(tensors[index], found: "\(written[index] + count) or more")
    }
    return (index, written[index])
  }

  mutating func add(_ count: Int, to index: Int) {
    written[index] += count
    bytesWritten += count
  }

  func isComplete(_ index: Int) -> Bool { written[index] == tensors[index].byteRange.count }

  func checkComplete() throws(CheckpointError) {
    for (index, tensor) in tensors.enumerated() where !isComplete(index) {
      throw mismatch(tensor, found: "\(written[index])")
    }
  }

  private func mismatch(_ tensor: TensorInfo, found: String) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "write tensor \(CheckpointError.quote(tensor.name)) to", file: file,
      expected: "\(tensor.byteRange.count) bytes (\(tensor.type) of shape \(tensor.shape))", found: found,
      advice: "give the contiguous bytes of the whole tensor; nothing was changed")
  }
}

extension CheckpointError {
  /// New metadata does not fit in place of the old.
  static func otherMetadata(_ path: String, expected: Int, found: Int) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "write metadata of", file: path, expected: "\(expected) bytes, as at the beginning",
      found: "\(found)", advice: "keep the keys and the lengths of their values")
  }
}
