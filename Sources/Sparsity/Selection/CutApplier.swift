/// Turns a ``Cut`` into masks, block by block in flat order.
///
/// ```swift
/// var applier = CutApplier(cut)
/// for block in blocks { masks.append(try applier.apply(to: block)) }
/// ```
///
/// Blocks must come in the order of their flat indices, since the first of equal entries go.
public struct CutApplier {
  private let cut: Cut
  private let threads: Int?
  private var quota: Int
  private var blocks = 0

  /// An applier that stands before the first block.
  ///
  /// - Parameters:
  ///   - cut: The cut of a ``CutSearch`` over the same blocks.
  ///   - threads: The most threads to use; all processors when nil. The masks are the same for any number.
  public init(_ cut: Cut, threads: Int? = nil) {
    self.cut = cut
    self.threads = threads
    quota = cut.quota
  }

  /// The mask of the next block: entries that the cut keeps and, where the block has an earlier mask, that keeps too.
  ///
  /// - Parameters:
  ///   - block: The scores, with the earlier mask they had in the search.
  ///   - output: Dense results to write in the same pass. The masked weights may replace the scores.
  /// - Throws: ``SelectionError`` when sizes do not match.
  ///
  /// One read of the block, two where some but not all of the entries equal to the threshold go.
  public mutating func apply(to block: Scores, writing output: DenseOutput? = nil) throws(SelectionError) -> BitMask {
    let buffer = blocks
    blocks += 1
    try block.validate(buffer: buffer)
    try output?.validate(buffer: buffer, count: block.count)
    guard block.count > 0 else { return BitMask(repeating: true, count: 0) }
    return withExtendedLifetime(block.kept) {
      let set = TensorSet([block], threads: threads)
      let target = SelectionTarget([block.count], outputs: output.map { [$0] } ?? [])
      quota = set.apply(cut, quota: quota, to: target)
      return BitMask(target.words[0], count: block.count)
    }
  }
}

extension TensorSet {
  /// Writes the masks of a cut.
  ///
  /// - Parameters:
  ///   - quota: Ties that still go; `Int.max` for all.
  ///   - ties: The ties of each piece, where they are known.
  /// - Returns: Ties that are left to prune after these tensors.
  func apply(_ cut: Cut, quota: Int, ties: [Int]? = nil, to target: SelectionTarget) -> Int {
    var quotas = Array(repeating: quota, count: pieces.count)
    if quota != Int.max, quota > 0, pieces.count > 1 {
      let ties = ties ?? countTies(cut)
      for piece in 1..<pieces.count { quotas[piece] = max(0, quotas[piece - 1] - ties[piece - 1]) }
    }
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: pieces.count) { left in
      forEachPiece { index, piece in
        var write = MaskWrite(
          view: piece.view, range: piece.range, key: cut.key, quota: quotas[index],
          target: target.words[piece.buffer].pointer, output: target.output(piece.buffer))
        cut.order.visit(&write)
        left.initializeElement(at: index, to: write.quota)
      }
      return pieces.isEmpty ? quota : left[pieces.count - 1]
    }
  }

  private func countTies(_ cut: Cut) -> [Int] {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: pieces.count) { ties in
      forEachPiece { index, piece in
        var count = TieCount(view: piece.view, range: piece.range, key: cut.key)
        cut.order.visit(&count)
        ties.initializeElement(at: index, to: count.ties)
      }
      return Array(ties)
    }
  }
}

/// Counts the entries of a range that take part and equal the threshold, and those above it.
struct TieCount: KeyRuleVisitor {
  let view: TensorView
  let range: Range<Int>
  let key: Int64
  var ties = 0
  var above = 0
  var report = NaNReport()

  init(view: TensorView, range: Range<Int>, key: Int64) {
    self.view = view
    self.range = range
    self.key = key
  }

  mutating func visit<Rule: KeyRule>(_ rule: Rule) {
    let bounds = rule.bounds(key)
    var ties = 0
    var above = 0
    BlockWords.with { block in
      view.forEachBlock(rule.order, range, report: &report) { values, start, count in
        let anyNaN = rule.classify(values, count, bounds, into: block)
        for word in 0..<BitMask.wordCount(count) {
          let kept = view.keptWord(start &+ word &* 64)
          ties &+= (block.inside[word] & kept).nonzeroBitCount
          above &+= (block.above[word] & kept).nonzeroBitCount
        }
        return anyNaN
      }
    }
    self.ties = ties
    self.above = above
  }
}

/// Writes the words of a range, and the dense output of each block while it is still near.
struct MaskWrite: KeyRuleVisitor {
  let view: TensorView
  let range: Range<Int>
  let key: Int64
  /// Ties that still go.
  var quota: Int
  let target: UnsafeMutablePointer<UInt64>
  let output: DenseOutput?

  mutating func visit<Rule: KeyRule>(_ rule: Rule) {
    let bounds = rule.bounds(key)
    var report = NaNReport()
    var quota = quota
    BlockWords.with { block in
      view.forEachBlock(rule.order, range, report: &report) { values, start, count in
        _ = rule.classify(values, count, bounds, into: block)
        let words = target + start &>> 6
        for word in 0..<BitMask.wordCount(count) {
          let kept = view.keptWord(start &+ word &* 64)
          words[word] = (block.above[word] & kept) | keepAfter(&quota, block.inside[word] & kept)
        }
        output?.write(words, start: start, count: count)
        return false
      }
    }
    self.quota = quota
  }
}

/// Takes the lowest bits of `word` away until `quota` is used up, and returns the rest. `Int.max` is never used up.
@inline(__always)
func keepAfter(_ quota: inout Int, _ word: UInt64) -> UInt64 {
  if word == 0 || quota == 0 { return word }
  if quota == Int.max { return 0 }
  let found = word.nonzeroBitCount
  if quota >= found {
    quota &-= found
    return 0
  }
  var rest = word
  while quota > 0 {
    rest &= rest &- 1
    quota &-= 1
  }
  return rest
}
