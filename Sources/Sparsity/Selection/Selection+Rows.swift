extension Selection {
  /// Prunes the least important entries of each row by itself; of equal ones the first go.
  ///
  /// ```swift
  /// // Half of each row of a matrix of 4 columns
  /// let mask = try Selection.prune(ofEachRow: 4, of: scores) { kept in kept / 2 }
  /// ```
  ///
  /// - Parameters:
  ///   - width: The entries of a row; the number of entries is a multiple of it.
  ///   - scores: The scores, and the earlier mask.
  ///   - ranking: Which entries go first.
  ///   - nan: What to do with NaN.
  ///   - threads: The most threads to use; all processors when nil. The result is the same for any number.
  ///   - count: How many go of those that take part in a row.
  /// - Throws: ``SelectionError``, and what `count` throws for the first row for which it does.
  public static func prune(
    ofEachRow width: Int, of scores: Scores, by ranking: Ranking = .magnitude, nan: NaNRule = .refuse,
    threads: Int? = nil, _ count: (_ kept: Int) throws -> Int
  ) throws -> BitMask {
    try scores.validate(buffer: 0)
    guard scores.count > 0, width > 0 else { return BitMask(repeating: true, count: scores.count) }
    precondition(scores.count % width == 0, "Selection: expected whole rows of \(width), found \(scores.count) entries")
    let rows = scores.count / width
    let kept = (0..<rows).map { row in scores.kept?.part(row * width..<(row + 1) * width) }
    var counts = [Int](repeating: try count(width), count: scores.kept == nil ? rows : 0)
    if scores.kept != nil { counts = try kept.map { try count($0?.keptCount ?? width) } }
    let masks = RowMasks(count: rows)
    withExtendedLifetime(scores) {
      let bytes = width * scores.type.byteCount
      Parallel.perform(
        pieces: rows, threads: Parallel.threads(threads, entries: scores.count)
      ) { row in
        let part = UnsafeRawBufferPointer(rebasing: scores.bytes[row * bytes..<(row + 1) * bytes])
        let line = Scores(bytes: part, type: scores.type, kept: kept[row])
        masks[row] = Result { () throws(SelectionError) -> BitMask in
          try prune(counts[row], of: [line], by: ranking, nan: nan, threads: 1)[0]
        }
      }
    }
    var result = BitMask(repeating: false, count: scores.count)
    var report = NaNReport()
    for row in 0..<rows {
      do throws(SelectionError) {
        result.formUnion(try masks[row].get(), at: row * width)
      } catch {
        guard case .nan(_, let index, let count) = error else { throw error }
        report.add(count, buffer: 0, index: row * width + index)
      }
    }
    try report.check()
    return result
  }
}

/// What came of each row.
private final class RowMasks: @unchecked Sendable {
  // Each thread writes rows of its own.
  private let rows: UnsafeMutableBufferPointer<Result<BitMask, SelectionError>>

  init(count: Int) {
    rows = .allocate(capacity: count)
    rows.initialize(repeating: .success(BitMask(repeating: true, count: 0)))
  }

  deinit {
    rows.deinitialize()
    rows.deallocate()
  }

  subscript(row: Int) -> Result<BitMask, SelectionError> {
    get { rows[row] }
    set { rows[row] = newValue }
  }
}

extension BitMask {
  /// The entries of a range as a mask of their own.
  public func part(_ range: Range<Int>) -> BitMask {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "BitMask.part: \(range) is outside 0..<\(count)")
    return BitMask(count: range.count) { words in
      words.initialize(repeating: 0, count: BitMask.wordCount(range.count))
      withWords { source in
        orBits(
          source, from: range.lowerBound, range.count,
          into: UnsafeMutableBufferPointer(start: words, count: BitMask.wordCount(range.count)))
      }
    }
  }

  /// Keeps also the entries, from `position` on, that a shorter mask keeps.
  mutating func formUnion(_ other: BitMask, at position: Int) {
    withMutableWords { words in
      other.withWords { orBits($0, other.count, into: words, at: position) }
    }
  }
}
