import Dispatch
import Foundation

/// Plain copies of memory on all processors: nothing that reads and writes as many bytes can be faster.
final class CopyFloor {
  /// Larger copies have the same rate.
  private static let limit = 256 << 20

  private let source: UnsafeMutableRawBufferPointer
  private let target: UnsafeMutableRawBufferPointer
  private let threads: Int

  /// Two buffers of as many bytes as the work reads, or 256 MB, touched already.
  init(bytes: Int, threads: Int) {
    let bytes = min(bytes, Self.limit)
    source = .allocate(byteCount: bytes, alignment: 4096)
    target = .allocate(byteCount: bytes, alignment: 4096)
    source.initializeMemory(as: UInt8.self, repeating: 1)
    target.initializeMemory(as: UInt8.self, repeating: 0)
    // Waking a second thread takes longer than copying little.
    self.threads = bytes < 1 << 20 ? 1 : threads
  }

  deinit {
    source.deallocate()
    target.deallocate()
  }

  /// The seconds that one byte read and one byte written take together, halved: of one copy, by the bytes of both sides.
  func secondsPerByte() -> Double {
    secondsAfterRest { copy() } / Double(2 * source.count)
  }

  private func copy() {
    struct Buffers: @unchecked Sendable {
      let source: UnsafeMutableRawPointer
      let target: UnsafeMutableRawPointer
    }
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    let buffers = Buffers(source: from, target: to)
    let (bytes, threads) = (source.count, threads)
    guard threads > 1 else { return to.copyMemory(from: from, byteCount: bytes) }
    // Several pieces for each thread, so that a slow one does not hold up the others.
    let pieces = threads * 4
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      let start = bytes * piece / pieces
      let end = bytes * (piece + 1) / pieces
      (buffers.target + start).copyMemory(from: buffers.source + start, byteCount: end - start)
    }
  }
}
