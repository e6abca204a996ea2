import Checkpoints
import Dispatch

/// Hands blocks to a writer on a thread of its own, so that the next one is made meanwhile.
///
/// A fixed number of blocks goes around: ``take()`` waits until one is free.
final class WriteBehind: @unchecked Sendable {
  /// Memory for a block of values and of a mask.
  final class Block: @unchecked Sendable {
    let values = UnsafeMutableRawBufferPointer.allocate(byteCount: WeightReader.bandLimit, alignment: 64)
    let mask = UnsafeMutableRawBufferPointer.allocate(byteCount: WeightReader.bandLimit, alignment: 64)

    deinit {
      values.deallocate()
      mask.deallocate()
    }
  }

  private static let depth = 3

  // The writer and the error are touched by the queue alone, the list of free blocks under the lock.
  private let writer: any TensorStoreWriter
  private let queue = DispatchQueue(label: "bonsai.write")
  private let available = DispatchSemaphore(value: WriteBehind.depth)
  private var free = (0..<WriteBehind.depth).map { _ in Block() }
  private let lock = DispatchQueue(label: "bonsai.blocks")
  private var error: (any Error)?

  init(_ writer: any TensorStoreWriter) { self.writer = writer }

  /// A block of memory, free to be filled.
  ///
  /// - Throws: What went wrong with a block that was handed over before.
  func take() throws -> Block {
    available.wait()
    do {
      return try lock.sync {
        if let error { throw error }
        return free.removeLast()
      }
    } catch {
      available.signal()
      throw error
    }
  }

  /// Appends the first bytes of a block's values, and of its mask, to tensors; then the block is free again.
  func write(_ block: Block, values count: Int, to names: [String], mask maskCount: Int = 0, to masks: [String] = []) {
    queue.async {
      if self.lock.sync(execute: { self.error }) == nil {
        do {
          let values = UnsafeRawBufferPointer(rebasing: block.values[..<count])
          for name in names { try self.writer.append(values, to: name) }
          let mask = UnsafeRawBufferPointer(rebasing: block.mask[..<maskCount])
          for name in masks { try self.writer.append(mask, to: name) }
        } catch {
          self.lock.sync { self.error = error }
        }
      }
      self.lock.sync { self.free.append(block) }
      self.available.signal()
    }
  }

  /// Whether parts of files can be handed over in place of their bytes.
  var copiesParts: Bool { writer is any CopyingWriter }

  /// Appends a part of a file to a tensor, after all that was handed over before.
  func write(_ part: FilePart, to name: String) throws {
    try queue.sync {
      if let error = lock.sync(execute: { error }) { throw error }
      try (writer as? any CopyingWriter)?.append(part, to: name)
    }
  }

  /// Gives a block back that is not written.
  func giveBack(_ block: Block) {
    lock.sync { free.append(block) }
    available.signal()
  }

  /// Waits until everything is written.
  ///
  /// - Throws: What went wrong meanwhile.
  func drain() throws {
    queue.sync {}
    if let error = lock.sync(execute: { self.error }) { throw error }
  }
}
