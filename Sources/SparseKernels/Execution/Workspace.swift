import Foundation

/// Memory for intermediate results, kept for the next call: fresh pages cost as much as a small product.
///
/// It is safe to share because a block is out of the list while it is lent.
final class Workspace: @unchecked Sendable {
  /// One for the whole process.
  static let shared = Workspace()
  private static let mostKept = 8
  /// Larger blocks go back to the system.
  private static let mostBytes = 64 << 20

  private let lock = NSLock()
  private var free: [UnsafeMutableRawBufferPointer] = []

  /// Lends so many floats, of unspecified content, at a multiple of 64 bytes.
  func withFloats<R>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> R) -> R {
    let block = take((count + 16) * MemoryLayout<Float>.size)
    defer { give(block) }
    return body(block.baseAddress!.assumingMemoryBound(to: Float.self))
  }

  private func take(_ bytes: Int) -> UnsafeMutableRawBufferPointer {
    let found: UnsafeMutableRawBufferPointer? = lock.withLock {
      let fitting = free.indices.filter { free[$0].count >= bytes }
      guard let best = fitting.min(by: { free[$0].count < free[$1].count }) else { return nil }
      return free.remove(at: best)
    }
    return found ?? .allocate(byteCount: max(bytes, 1 << 12), alignment: 64)
  }

  private func give(_ block: UnsafeMutableRawBufferPointer) {
    guard block.count <= Self.mostBytes else { return block.deallocate() }
    let surplus: UnsafeMutableRawBufferPointer? = lock.withLock {
      free.append(block)
      guard free.count > Self.mostKept, let least = free.indices.min(by: { free[$0].count < free[$1].count }) else {
        return nil
      }
      return free.remove(at: least)
    }
    surplus?.deallocate()
  }
}
