/// Groups of N:M whose entries do not lie side by side: along any dimension but the last.
///
/// Stretches of whole groups are transposed into memory where they do, ranked there, and their bits put back.
struct StridedGroups {
  /// Entries of a group.
  let size: Int
  /// Steps between neighbours of a group, in entries; as many groups are interleaved.
  let stride: Int

  /// Entries of interleaved groups.
  private var band: Int { size * stride }
  /// Bands that are transposed at a time: whole words of bits, and as many entries as stay in the nearer caches.
  private var bands: Int {
    let whole = 64 / greatestCommonDivisor(band, 64)
    return max(1, (1 << 14) / (band * whole)) * whole
  }

  /// Keeps the `n` most important of each group.
  func keep(
    _ n: Int, _ scores: Scores, by ranking: Ranking, nan: NaNRule, threads: Int?
  ) throws(SelectionError) -> BitMask {
    let (each, width) = (bands * band, scores.type.byteCount)
    let pieces = (scores.count + each - 1) / each
    let storage = WordStorage(repeating: 0, size: BitMask.wordCount(scores.count))
    let target = Target(words: storage.pointer)
    let met = NaNFlags(count: pieces)
    withExtendedLifetime(scores) {
      let base = Source(bytes: scores.bytes.baseAddress.unsafelyUnwrapped)
      Parallel.perform(pieces: pieces, threads: Parallel.threads(threads, entries: scores.count)) { piece in
        let range = piece * each..<min(scores.count, (piece + 1) * each)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count * width, alignment: 16)
        defer { memory.deallocate() }
        let from = base.bytes + range.lowerBound * width
        let to = memory.baseAddress.unsafelyUnwrapped
        switch width {
        case 1: transpose(from, range.count, into: to, as: UInt8.self)
        case 2: transpose(from, range.count, into: to, as: UInt16.self)
        case 4: transpose(from, range.count, into: to, as: UInt32.self)
        default: transpose(from, range.count, into: to, as: UInt64.self)
        }
        let kept = scores.kept.map { mask in
          mask.withWords { words in gather(words, range) }
        }
        let side = Scores(bytes: UnsafeRawBufferPointer(memory), type: scores.type, kept: kept)
        do throws(SelectionError) {
          let bits = try Selection.keep(n, ofEach: size, side, by: ranking, nan: nan, threads: 1)
          scatter(bits, to: target.words, from: range.lowerBound)
        } catch { met.raise(piece) }
      }
    }
    if met.any { try Self.report(scores) }
    return BitMask(storage, count: scores.count)
  }

  /// The place in a stretch of the entry at `index` of the transposed stretch.
  @inline(__always)
  private func place(_ index: Int) -> Int {
    let (band, rest) = index.quotientAndRemainder(dividingBy: self.band)
    let (group, entry) = rest.quotientAndRemainder(dividingBy: size)
    return band &* self.band &+ entry &* stride &+ group
  }

  private func transpose<Bits: BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutableRawPointer, as: Bits.Type
  ) {
    let width = MemoryLayout<Bits>.size
    for start in Swift.stride(from: 0, to: count, by: band) {
      for entry in 0..<size {
        let from = source + (start + entry * stride) * width
        let to = target + (start + entry) * width
        for group in 0..<stride {
          let bits = from.loadUnaligned(fromByteOffset: group &* width, as: Bits.self)
          to.storeBytes(of: bits, toByteOffset: group &* size &* width, as: Bits.self)
        }
      }
    }
  }

  /// The bits of a stretch in the order of its transposition.
  private func gather(_ words: UnsafeBufferPointer<UInt64>, _ range: Range<Int>) -> BitMask {
    BitMask(count: range.count) { result in
      result.initialize(repeating: 0, count: BitMask.wordCount(range.count))
      for index in 0..<range.count {
        let from = range.lowerBound &+ place(index)
        let bit = words[from &>> 6] &>> UInt64(truncatingIfNeeded: from & 63) & 1
        result[index &>> 6] |= bit &<< UInt64(truncatingIfNeeded: index & 63)
      }
    }
  }

  private func scatter(_ bits: BitMask, to words: UnsafeMutablePointer<UInt64>, from start: Int) {
    bits.withWords { source in
      for index in 0..<bits.count where source[index &>> 6] &>> UInt64(truncatingIfNeeded: index & 63) & 1 == 1 {
        let to = start &+ place(index)
        words[to &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: to & 63)
      }
    }
  }

  /// Throws with the place of the first NaN in flat order.
  private static func report(_ scores: Scores) throws(SelectionError) {
    var report = NaNReport()
    let view = TensorView(scores, buffer: 0)
    let order = KeyOrder(types: [scores.type], ranking: .magnitude, nan: .refuse)
    view.forEachBlock(order, 0..<scores.count, report: &report) { _, _, _ in true }
    try report.check()
  }

  /// Memory on its way to the threads, each of which writes words of its own.
  private struct Target: @unchecked Sendable { let words: UnsafeMutablePointer<UInt64> }
  private struct Source: @unchecked Sendable { let bytes: UnsafeRawPointer }
}

/// Which pieces met NaN.
private final class NaNFlags: @unchecked Sendable {
  // Each piece writes a flag of its own.
  private let flags: UnsafeMutableBufferPointer<Bool>

  init(count: Int) {
    flags = .allocate(capacity: count)
    flags.initialize(repeating: false)
  }

  deinit { flags.deallocate() }

  func raise(_ piece: Int) { flags[piece] = true }
  var any: Bool { flags.contains(true) }
}

/// The largest number that divides both, which are 1 or more.
func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  var (a, b) = (a, b)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}
