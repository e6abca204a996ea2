/// Output that grows up to a limit and can repeat what it holds.
final class ByteSink {
  private(set) var count = 0
  private var capacity: Int
  private var bytes: UnsafeMutablePointer<UInt8>
  private let limit: Int

  /// - Parameters:
  ///   - capacity: How many bytes are expected.
  ///   - limit: How many bytes are taken at most.
  init(capacity: Int, limit: Int) {
    self.capacity = max(0, min(max(64, capacity), limit))
    self.limit = limit
    bytes = .allocate(capacity: self.capacity)
  }
  deinit { bytes.deallocate() }

  /// What has been written. Only valid during `body`.
  func withBytes<R, E: Error>(from start: Int = 0, _ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: bytes + start, count: count - start))
  }

  @inline(__always)
  func append(_ byte: UInt8) throws(DamagedGzip) {
    if count == capacity { try grow(by: 1) }
    bytes[count] = byte
    count += 1
  }

  func append(_ piece: UnsafeRawBufferPointer) throws(DamagedGzip) {
    guard let base = piece.baseAddress, piece.count > 0 else { return }
    if piece.count > capacity - count { try grow(by: piece.count) }
    UnsafeMutableRawPointer(bytes + count).copyMemory(from: base, byteCount: piece.count)
    count += piece.count
  }

  /// Appends `count` bytes that stand `distance` bytes before the end; the two may overlap.
  @inline(__always)
  func repeatEarlier(distance: Int, count length: Int) throws(DamagedGzip) {
    guard distance <= count else { throw .distance(distance, produced: count) }
    if length > capacity - count { try grow(by: length) }
    let target = bytes + count
    if distance == 1 {
      target.update(repeating: target[-1], count: length)
    } else if distance >= length {
      UnsafeMutableRawPointer(target).copyMemory(from: target - distance, byteCount: length)
    } else {
      for index in 0..<length { target[index] = target[index - distance] }
    }
    count += length
  }

  @inline(never)
  private func grow(by length: Int) throws(DamagedGzip) {
    guard length <= limit - count else { throw .tooLarge(limit: limit) }
    let larger = min(limit, max(count + length, capacity * 2))
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    UnsafeMutableRawPointer(moved).copyMemory(from: bytes, byteCount: count)
    bytes.deallocate()
    (bytes, capacity) = (moved, larger)
  }
}
