/// Which entries of a tensor are kept: one bit an entry, 1 for kept and 0 for pruned.
///
/// Bits are packed into 64-bit words, the lowest bit first, in the flat (row-major) order of the tensor: a mask takes
/// 1/32 of the memory of `float32` weights. Bits of the last word beyond ``count`` are always 0, so equal masks are
/// equal values. Copies share their memory until one of them changes.
///
/// ```swift
/// var mask = BitMask(repeating: true, count: 10)
/// mask[3] = false
/// mask.keptCount           // 9
/// ```
public struct BitMask: Sendable {
  /// The number of entries.
  public let count: Int
  private(set) var storage: WordStorage

  /// A mask whose entries are all kept, or all pruned.
  public init(repeating kept: Bool, count: Int) {
    precondition(count >= 0, "BitMask: expected a count of 0 or more, found \(count)")
    self.init(WordStorage(repeating: kept ? ~0 : 0, size: Self.wordCount(count)), count: count)
  }

  /// A mask from packed words.
  ///
  /// - Parameters:
  ///   - words: `(count + 63) / 64` words; bits beyond `count` are cleared.
  ///   - count: The number of entries.
  public init(words: [UInt64], count: Int) {
    precondition(
      count >= 0 && words.count == Self.wordCount(count),
      "BitMask: expected \(Self.wordCount(max(count, 0))) words for \(count) entries, found \(words.count)")
    let storage = WordStorage(uninitialized: words.count)
    words.withUnsafeBufferPointer { _ = storage.mutableBuffer.initialize(fromContentsOf: $0) }
    self.init(storage, count: count)
  }

  /// A mask from one truth value an entry.
  public init(_ kept: some Sequence<Bool>) {
    var words: [UInt64] = []
    var count = 0
    for bit in kept {
      if count % 64 == 0 { words.append(0) }
      if bit { words[count / 64] |= 1 << UInt64(count % 64) }
      count += 1
    }
    self.init(words: words, count: count)
  }

  /// A mask of words that are already written; bits beyond `count` are cleared.
  init(_ storage: WordStorage, count: Int) {
    self.storage = storage
    self.count = count
    clearTail()
  }

  /// A mask whose words are all written by `body`.
  init(count: Int, writingWords body: (UnsafeMutablePointer<UInt64>) -> Void) {
    let storage = WordStorage(uninitialized: Self.wordCount(count))
    if count > 0 { body(storage.pointer) }
    self.init(storage, count: count)
  }

  /// Words that `count` bits take.
  static func wordCount(_ count: Int) -> Int { (count + 63) / 64 }

  private func clearTail() {
    if count % 64 != 0 { storage.pointer[storage.size - 1] &= lowBits(count % 64) }
  }

  /// The packed bits, copied; entry `i` is bit `i % 64` of word `i / 64`.
  public var words: [UInt64] { Array(storage.buffer) }

  /// Gives `body` the packed bits without a copy; entry `i` is bit `i % 64` of word `i / 64`.
  public func withWords<R>(_ body: (UnsafeBufferPointer<UInt64>) throws -> R) rethrows -> R {
    try withExtendedLifetime(storage) { try body(storage.buffer) }
  }

  /// Gives `body` the words to change; bits beyond ``count`` are cleared afterwards.
  mutating func withMutableWords<R>(_ body: (UnsafeMutableBufferPointer<UInt64>) -> R) -> R {
    if !isKnownUniquelyReferenced(&storage) { storage = WordStorage(copying: storage) }
    defer { clearTail() }
    return withExtendedLifetime(storage) { body(storage.mutableBuffer) }
  }

  /// Whether the entry at a flat index is kept.
  public subscript(index: Int) -> Bool {
    get {
      precondition(index >= 0 && index < count, "BitMask: index \(index) is outside 0..<\(count)")
      return withWords { $0[index / 64] >> UInt64(index % 64) & 1 == 1 }
    }
    set {
      precondition(index >= 0 && index < count, "BitMask: index \(index) is outside 0..<\(count)")
      let bit: UInt64 = 1 << UInt64(index % 64)
      withMutableWords { words in
        if newValue { words[index / 64] |= bit } else { words[index / 64] &= ~bit }
      }
    }
  }

  /// The number of entries that are kept. One look at each word.
  public var keptCount: Int {
    withWords { words in words.baseAddress.map { countBits($0, words.count) } ?? 0 }
  }

  /// The number of entries that are pruned.
  public var prunedCount: Int { count - keptCount }

  /// The share of entries that are pruned, 0 for an empty mask.
  public var sparsity: Double { count == 0 ? 0 : Double(prunedCount) / Double(count) }
}

extension BitMask: Hashable {
  /// Whether both masks have the same count and keep the same entries.
  public static func == (a: BitMask, b: BitMask) -> Bool {
    guard a.count == b.count else { return false }
    return a.storage === b.storage || a.withWords { mine in b.withWords { mine.elementsEqual($0) } }
  }

  /// Feeds the count and all words.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    withWords { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension BitMask: CustomStringConvertible {
  /// Such as `BitMask(6 of 10 kept)`.
  public var description: String { "BitMask(\(keptCount) of \(count) kept)" }
}
