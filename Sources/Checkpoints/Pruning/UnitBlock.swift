import Sparsity

/// A part of a weight in memory.
struct UnitBlock {
  /// The number of the weight.
  let unit: Int
  /// The first entry's flat index.
  let start: Int
  /// The values, with the bits of the earlier mask.
  let scores: Scores

  var range: Range<Int> { start..<start + scores.count }
}

/// Memory for blocks of values and of masks, and how they are read.
final class UnitReader {
  /// Bytes of a block.
  static let blockSize = 8 << 20
  /// The largest band.
  static let bandLimit = 16 << 20

  private let checkpoint: Checkpoint
  private let mask: UnsafeMutableRawBufferPointer
  /// Memory for the random draws of a block. They may be four times as wide as the weights.
  let draws: UnsafeMutableRawBufferPointer

  init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    // A mask may be of a wider type than its weight.
    mask = .allocate(byteCount: Self.bandLimit, alignment: 64)
    draws = .allocate(byteCount: Self.blockSize * 4, alignment: 64)
  }

  deinit {
    mask.deallocate()
    draws.deallocate()
  }

  /// Reads the values of a range of entries.
  func readValues(of unit: PruningUnit, _ range: Range<Int>, into memory: UnsafeMutableRawBufferPointer) throws {
    let width = unit.type.byteCount
    try checkpoint.read(
      unit.tensor.name, at: range.lowerBound * width,
      into: UnsafeMutableRawBufferPointer(rebasing: memory[..<(range.count * width)]))
  }

  /// The bits of the earlier mask of a range of entries; nil where there is none.
  func kept(of unit: PruningUnit, _ range: Range<Int>) throws -> BitMask? {
    try unit.mask.map { try bits(of: $0, in: checkpoint, range) }
  }

  /// The bits of a range of entries of a dense mask.
  ///
  /// - Throws: `CheckpointError` where its values are others than 0 and 1.
  func bits(of tensor: TensorInfo, in checkpoint: Checkpoint, _ range: Range<Int>) throws -> BitMask {
    guard let type = tensor.type.elementType else { return BitMask(repeating: true, count: range.count) }
    let each = mask.count / type.byteCount / 64 * 64
    var words: [UInt64] = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: each) {
      let count = min(each, range.upperBound - start)
      let part = UnsafeMutableRawBufferPointer(rebasing: mask[..<(count * type.byteCount)])
      try checkpoint.read(tensor.name, at: start * type.byteCount, into: part)
      let bits = BitMask(UnsafeRawBufferPointer(part), type: type, keeping: .nonzero)
      guard bits == BitMask(UnsafeRawBufferPointer(part), type: type, keeping: .equalsOne) else {
        throw CheckpointError(
          .unsupported, "prune by mask \(CheckpointError.quote(tensor.name)) of", file: checkpoint.path,
          expected: "values 0 and 1", found: "others from entry \(start) on",
          advice: "make it a mask of 0 and 1 in Python")
      }
      if count == range.count { return bits }
      bits.withWords { words.append(contentsOf: $0) }
    }
    return BitMask(words: words, count: range.count)
  }
}

extension PruningUnit {
  /// How many entries a block has: a multiple of what the pattern needs at once.
  ///
  /// - Throws: `CheckpointError` where the pattern does not fit the shape, or needs bands beyond the limit.
  func blockCount(for pattern: Pattern?, size: Int, file: String) throws(CheckpointError) -> Int {
    var step = 64
    var overflow = false
    if let pattern {
      do throws(PatternError) { try pattern.validate(for: shape) } catch {
        throw CheckpointError(
          .invalidArgument, "prune \(CheckpointError.quote(name)) of", file: file, expected: "a shape for \(pattern)",
          found: "\(shape)", advice: "exclude the tensor or choose another pattern")
      }
      switch pattern {
      case .unstructured, .structured: break
      case .nOfM(_, let m): (step, overflow) = m.multipliedReportingOverflow(by: 64)
      case .block(let rows, _): (step, overflow) = rows.multipliedReportingOverflow(by: max(shape[shape.count - 1], 1))
      }
    }
    guard !overflow, step <= UnitReader.bandLimit / type.byteCount else {
      throw CheckpointError(
        .limitExceeded, "prune \(CheckpointError.quote(name)) of", file: file,
        expected: "rows of blocks of at most \(UnitReader.bandLimit) bytes",
        found: overflow ? "more" : "\(step) entries",
        advice: "choose blocks of fewer rows")
    }
    return max(1, size / type.byteCount / step) * step
  }
}
