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
  private var tiesLeft: Int
  private var blocks = 0

  /// An applier that stands before the first block.
  ///
  /// - Parameters:
  ///   - cut: The cut of a ``CutSearch`` over the same blocks.
  ///   - threads: The most threads to use; all processors when nil. The masks are the same for any number.
  public init(_ cut: Cut, threads: Int? = nil) {
    self.cut = cut
    self.threads = threads
    tiesLeft = cut.tiesPruned
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
    switch cut.domain.byteCount {
    case 2: return apply(block, buffer, output, as: Int16.self)
    case 4: return apply(block, buffer, output, as: Int32.self)
    default: return apply(block, buffer, output, as: Int64.self)
    }
  }

  private mutating func apply<Key: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
    _ block: Scores, _ buffer: Int, _ output: DenseOutput?, as: Key.Type
  ) -> BitMask {
    let coder = KeyCoder<Key>(domain: cut.domain, ranking: cut.ranking, nan: cut.nan)
    let key = Key(truncatingIfNeeded: cut.key)
    let count = block.count
    let threads = Parallel.threads(threads, entries: count)
    let pieces = threads == 1 ? 1 : threads * 4
    let words = BitMask.wordCount(count)
    func range(_ piece: Int) -> Range<Int> {
      words * piece / pieces * 64..<min(count, words * (piece + 1) / pieces * 64)
    }
    return block.withReader(coder, buffer: buffer) { reader in
      // How many of each piece's ties go.
      let allTies = cut.ties > 0 && cut.tiesPruned == cut.ties
      var quotas = Array(repeating: allTies ? Int.max : 0, count: pieces)
      if !allTies, tiesLeft > 0 {
        quotas.withUnsafeMutableBufferPointer { quotas in
          let quotas = SendablePointer(quotas.baseAddress.unsafelyUnwrapped)
          Parallel.perform(pieces: pieces, threads: threads) { quotas.pointer[$0] = countTies(reader, range($0), key) }
        }
        for piece in 0..<pieces {
          quotas[piece] = min(quotas[piece], tiesLeft)
          tiesLeft -= quotas[piece]
        }
      }
      return BitMask(count: count) { target in
        let target = SendablePointer(target)
        Parallel.perform(pieces: pieces, threads: threads) { piece in
          write(reader, range(piece), key, ties: quotas[piece], into: target.pointer, output)
        }
      }
    }
  }

  /// The number of entries that take part and equal the threshold.
  private func countTies<Key>(_ reader: KeyReader<Key>, _ range: Range<Int>, _ key: Key) -> Int {
    var ties = 0
    var report = NaNReport()
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: KeyReader<Key>.blockSize / 64) { scratch in
      let words = scratch.baseAddress.unsafelyUnwrapped
      reader.forEachBlock(of: range, report: &report) { keys, start, count in
        packBits(UnsafeRawPointer(keys), count, as: Key.self, words) { $0 == key }
        for index in 0..<BitMask.wordCount(count) {
          let word = words[index] & (reader.kept?[start / 64 + index] ?? ~0)
          ties &+= word.nonzeroBitCount
        }
      }
    }
    return ties
  }

  /// Writes the words of a range, and the dense output of each block while it is still near.
  private func write<Key>(
    _ reader: KeyReader<Key>, _ range: Range<Int>, _ key: Key, ties: Int, into target: UnsafeMutablePointer<UInt64>,
    _ output: DenseOutput?
  ) {
    var quota = ties
    var report = NaNReport()
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: KeyReader<Key>.blockSize / 64) { scratch in
      let equal = scratch.baseAddress.unsafelyUnwrapped
      reader.forEachBlock(of: range, report: &report) { keys, start, count in
        let words = target + start / 64
        packBits(UnsafeRawPointer(keys), count, as: Key.self, words) { $0 > key }
        if quota != Int.max {
          packBits(UnsafeRawPointer(keys), count, as: Key.self, equal) { $0 == key }
          for index in 0..<BitMask.wordCount(count) {
            let tied = equal[index] & (reader.kept?[start / 64 + index] ?? ~0)
            words[index] |= keepAfter(&quota, tied)
          }
        }
        if let kept = reader.kept {
          for index in 0..<BitMask.wordCount(count) { words[index] &= kept[start / 64 + index] }
        }
        output?.write(words, start: start, count: count)
      }
    }
  }
}

/// Takes the lowest bits of `word` away until `quota` is used up, and returns the rest.
@inline(__always)
func keepAfter(_ quota: inout Int, _ word: UInt64) -> UInt64 {
  if word == 0 || quota == 0 { return word }
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

/// A pointer that several threads use at disjoint places.
struct SendablePointer<Pointee>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Pointee>

  init(_ pointer: UnsafeMutablePointer<Pointee>) {
    self.pointer = pointer
  }
}
