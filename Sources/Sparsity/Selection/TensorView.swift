/// The scores of one buffer as plain pointers, for work on many threads.
///
/// Whoever makes one holds the ``Scores`` until the work is done.
struct TensorView: @unchecked Sendable {
  /// Entries of a block, a multiple of 64: its values and results stay in the processor's nearest cache.
  static let blockSize = 2048

  let buffer: Int
  let base: UnsafeRawPointer
  let type: ElementType
  let count: Int
  /// Words of the earlier mask.
  let kept: UnsafePointer<UInt64>?
  /// The entry that lies at ``base``.
  private let origin: Int

  /// A view of a buffer that is not empty.
  init(_ scores: Scores, buffer: Int) {
    self.buffer = buffer
    base = scores.bytes.baseAddress.unsafelyUnwrapped
    type = scores.type
    count = scores.count
    kept = scores.kept.map { UnsafePointer($0.storage.pointer) }
    origin = 0
  }

  /// A view of entries that all take part.
  ///
  /// - Parameter origin: The entry that lies at `base`, where those before it lie nowhere.
  init(_ base: UnsafeRawPointer, origin: Int = 0, count: Int, type: ElementType, buffer: Int) {
    self.buffer = buffer
    self.base = base
    self.type = type
    self.count = count
    kept = nil
    self.origin = origin
  }

  /// The word of the earlier mask from entry `start` on.
  @inline(__always)
  func keptWord(_ start: Int) -> UInt64 {
    guard let kept else { return ~0 }
    return kept[start &>> 6]
  }

  /// Calls `body` for each block of `range` with values of the domain, the first entry and the number of entries.
  ///
  /// Values of the domain's own type are passed where they lie, others are converted into memory that lasts for the
  /// call. Where `body` returns true, because it met NaN, those that take part are counted in `report`.
  ///
  /// - Parameter range: Begins at a multiple of 64.
  @inline(__always)
  func forEachBlock(
    _ order: KeyOrder, _ range: Range<Int>, report: inout NaNReport, _ body: (UnsafeRawPointer, Int, Int) -> Bool
  ) {
    let native = order.domain.isNative(type)
    let scratch =
      native
      ? nil
      : UnsafeMutableRawPointer.allocate(byteCount: Self.blockSize &* order.domain.byteCount, alignment: 16)
    defer { scratch?.deallocate() }
    var start = range.lowerBound
    while start < range.upperBound {
      let count = min(Self.blockSize, range.upperBound &- start)
      var values = base + (start &- origin) &* type.byteCount
      if let scratch {
        order.domain.convert(values, type, count, into: scratch)
        values = UnsafeRawPointer(scratch)
      }
      if body(values, start, count), order.nan == .refuse { countNaN(order, values, start, count, in: &report) }
      start &+= count
    }
  }

  /// Writes the keys of `count` entries that lie at `source`, and returns whether any is NaN.
  @inline(__always)
  func read<Rule: KeyRule>(
    _ rule: Rule, _ source: UnsafeRawPointer, _ count: Int, into keys: UnsafeMutablePointer<Rule.Key>
  ) -> Bool {
    if rule.order.domain.isNative(type) { return rule.encode(source, count, into: keys) }
    rule.order.domain.convert(source, type, count, into: keys)
    return rule.encode(keys, count, into: keys)
  }

  /// Counts the NaN that take part among values of the domain, of which the first is entry `start`.
  @inline(never)
  func countNaN(
    _ order: KeyOrder, _ values: UnsafeRawPointer, _ start: Int, _ count: Int, in report: inout NaNReport
  ) {
    for index in 0..<count where keptWord(start + index) >> UInt64((start + index) & 63) & 1 == 1 {
      if order.domain.isNaN(values, index) { report.add(1, buffer: buffer, index: start + index) }
    }
  }

  /// Calls `body` with the position in a block of each entry that takes part, in order.
  @inline(__always)
  func forEachKept(_ start: Int, _ count: Int, _ body: (Int) -> Void) {
    guard let kept else {
      var index = 0
      while index < count {
        body(index)
        index &+= 1
      }
      return
    }
    var index = 0
    while index < count {
      var word = kept[(start &+ index) &>> 6] & lowBits(count &- index)
      while word != 0 {
        body(index &+ word.trailingZeroBitCount)
        word &= word &- 1
      }
      index &+= 64
    }
  }
}
