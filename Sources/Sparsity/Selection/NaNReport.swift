/// The NaN met so far: how many, and the place of the first.
struct NaNReport: Sendable {
  private(set) var count = 0
  private(set) var buffer = Int.max
  private(set) var index = Int.max

  /// Adds `count` NaN of a buffer, the first of them at `index`.
  mutating func add(_ count: Int, buffer: Int, index: Int) {
    guard count > 0 else { return }
    self.count += count
    if (buffer, index) < (self.buffer, self.index) { (self.buffer, self.index) = (buffer, index) }
  }

  /// Adds what another thread met.
  mutating func merge(_ other: NaNReport) {
    add(other.count, buffer: other.buffer, index: other.index)
  }

  /// Throws when there was any.
  func check() throws(SelectionError) {
    if count > 0 { throw .nan(buffer: buffer, index: index, count: count) }
  }
}
