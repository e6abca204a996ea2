import Checkpoints
import Dispatch
import Sparsity

/// The digests of a store's files, made on a thread of its own while the output is written.
final class FileDigests: @unchecked Sendable {
  private static let blockSize = 1 << 20

  private let store: any TensorStore
  private let group = DispatchGroup()
  private let lock = DispatchQueue(label: "bonsai.digest.state")
  // Under the lock.
  private var isStopped = false
  private var result: Result<[String], any Error> = .success([])

  /// Begins to read the files, one after the other.
  init(_ store: any TensorStore, _ digest: any FileDigest.Type) {
    self.store = store
    DispatchQueue(label: "bonsai.digest").async(group: group) {
      let result = Result { try self.digests(digest) }
      self.lock.sync { self.result = result }
    }
  }

  /// The digest of each file, in the order of the store's.
  ///
  /// - Parameter check: Called while there is something to wait for; may throw to stop.
  func finish(_ check: () throws -> Void) throws -> [String] {
    while group.wait(timeout: .now() + .milliseconds(100)) == .timedOut { try check() }
    return try lock.sync { result }.get()
  }

  /// Gives up, and waits until nothing is read any more.
  func cancel() {
    lock.sync { isStopped = true }
    group.wait()
  }

  private func digests(_ type: any FileDigest.Type) throws -> [String] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 64)
    defer { memory.deallocate() }
    return try zip(store.files.indices, store.fileSizes).map { file, size in
      var digest = type.init()
      for start in stride(from: 0, to: size, by: memory.count) {
        if lock.sync(execute: { isStopped }) { break }
        let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, size - start)])
        try store.readFile(file, at: start, into: block)
        digest.update(UnsafeRawBufferPointer(block))
      }
      return digest.text()
    }
  }
}
