/// A range of keys that probably holds a cut, divided into slices of equal width that are counted.
struct CutBracket: Equatable {
  /// The most slices, as a power of two: a bracket out of a sample of `float32` then has slices of one key.
  private static let bits = 18

  let low: Int64
  let high: Int64
  /// Keys of a slice, as a power of two.
  let shift: UInt64

  init(low: Int64, high: Int64) {
    (self.low, self.high) = (low, high)
    let span = UInt64(bitPattern: high &- low)
    shift = UInt64(max(0, 64 - span.leadingZeroBitCount - Self.bits))
  }

  /// How many slices there are.
  var count: Int { Int(UInt64(bitPattern: high &- low) >> shift) + 1 }

  /// The slice of a key in the bracket.
  @inline(__always)
  func slice(of key: Int64) -> Int { Int(truncatingIfNeeded: UInt64(bitPattern: key &- low) &>> shift) }

  /// The keys of a slice, as a bracket.
  func slice(_ number: Int) -> CutBracket {
    let first = low &+ Int64(bitPattern: UInt64(number) << shift)
    let width = (1 as UInt64) << shift - 1
    let last = UInt64(bitPattern: high &- first) <= width ? high : first &+ Int64(bitPattern: width)
    return CutBracket(low: first, high: last)
  }
}

/// Counts, over a range of entries, those above a bracket, and in each of its slices.
struct BracketScan: KeyRuleVisitor {
  let view: TensorView
  let range: Range<Int>
  let bracket: CutBracket
  let bins: UnsafeMutablePointer<UInt32>
  /// Entries that take part, and those of them above the bracket.
  var seen = 0
  var above = 0
  var report = NaNReport()

  init(view: TensorView, range: Range<Int>, bracket: CutBracket, bins: UnsafeMutablePointer<UInt32>) {
    (self.view, self.range, self.bracket, self.bins) = (view, range, bracket, bins)
  }

  mutating func visit<Rule: KeyRule>(_ rule: Rule) {
    let low = Rule.Key(truncatingIfNeeded: bracket.low)
    let high = Rule.Key(truncatingIfNeeded: bracket.high)
    let bounds = rule.bounds(low: low, middle: high, high: high)
    let (bracket, bins) = (bracket, bins)
    let isPoint = low == high
    var (seen, above) = (0, 0)
    BlockWords.with { block in
      view.forEachBlock(rule.order, range, report: &report) { values, start, count in
        let anyNaN = rule.classify(values, count, bounds, into: block)
        for word in 0..<BitMask.wordCount(count) {
          let kept = view.keptWord(start &+ word &* 64) & lowBits(count &- word &* 64)
          seen &+= kept.nonzeroBitCount
          above &+= (block.above[word] & kept).nonzeroBitCount
          var inside = block.inside[word] & kept
          if isPoint {
            bins[0] &+= UInt32(truncatingIfNeeded: inside.nonzeroBitCount)
            continue
          }
          while inside != 0 {
            let place = (word &* 64 &+ inside.trailingZeroBitCount) &* MemoryLayout<Rule.Key>.size
            var unused = Rule.Key.Lanes(repeating: 0)
            let bits = Rule.Key.Lanes(repeating: values.loadUnaligned(fromByteOffset: place, as: Rule.Key.self))
            bins[bracket.slice(of: Int64(rule.keys(bits, excess: &unused)[0]))] &+= 1
            inside &= inside &- 1
          }
        }
        return anyNaN
      }
    }
    (self.seen, self.above) = (seen, above)
  }
}
