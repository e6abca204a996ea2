import Foundation

/// Columns cut into tiles of equal width.
struct Tiling: Sendable {
  /// Vectors in a tile.
  let vectors: Int
  /// The number of tiles.
  let count: Int

  /// As few tiles as hold the columns, and these as narrow as they can be.
  init(columns: Int, lanes: Int, most: Int) {
    let all = max(1, (columns + lanes - 1) / lanes)
    let tiles = (all + most - 1) / most
    vectors = (all + tiles - 1) / tiles
    count = (all + vectors - 1) / vectors
  }
}

/// What was laid out for a size, kept for the four sizes seen last: another one costs laying out anew.
final class Cache<Key: Hashable & Sendable, Value: Sendable>: @unchecked Sendable {
  private static var most: Int { 4 }
  private let lock = NSLock()
  private var entries: [(key: Key, value: Value)] = []

  /// What is kept for a key, or what `make` gives.
  subscript(key: Key, make: () -> Value) -> Value {
    lock.withLock {
      let found = entries.firstIndex { $0.key == key }
      let entry = found.map { entries.remove(at: $0) } ?? (key: key, value: make())
      if entries.count == Self.most { entries.removeFirst() }
      entries.append(entry)
      return entry.value
    }
  }
}

extension Optional<[Float]> {
  /// Gives `body` the first entry's address; nil for none.
  func withOptionalPointer<R>(_ body: (UnsafePointer<Float>?) -> R) -> R {
    guard let list = self else { return body(nil) }
    return list.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
