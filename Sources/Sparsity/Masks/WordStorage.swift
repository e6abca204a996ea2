/// Memory of packed bits, shared by copies of a mask until one of them changes.
///
/// It is `Sendable` because it is written only while one mask alone holds it.
final class WordStorage: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<UInt64>
  let size: Int

  /// Uninitialised words.
  init(uninitialized size: Int) {
    pointer = .allocate(capacity: max(size, 1))
    self.size = size
  }

  convenience init(repeating word: UInt64, size: Int) {
    self.init(uninitialized: size)
    pointer.initialize(repeating: word, count: size)
  }

  convenience init(copying other: WordStorage) {
    self.init(uninitialized: other.size)
    pointer.initialize(from: other.pointer, count: other.size)
  }

  deinit { pointer.deallocate() }

  var buffer: UnsafeBufferPointer<UInt64> { UnsafeBufferPointer(start: pointer, count: size) }
  var mutableBuffer: UnsafeMutableBufferPointer<UInt64> { UnsafeMutableBufferPointer(start: pointer, count: size) }
}
