import Checkpoints
import Recipes
import Sparsity

/// A part of a weight in memory.
struct WeightBlock {
  /// The number of the weight.
  let number: Int
  /// The first entry's flat index.
  let start: Int
  /// The values, with the bits of the earlier mask.
  let scores: Scores

  var range: Range<Int> { start..<start + scores.count }
}

/// Memory for blocks of values and of masks, and how they are read.
final class WeightReader {
  /// Bytes of a block.
  static let blockSize = 8 << 20
  /// The largest band.
  static let bandLimit = 16 << 20

  private let store: any TensorStore
  private let mask: UnsafeMutableRawBufferPointer
  /// Memory for the random draws of a block. They may be four times as wide as the weights.
  let draws: UnsafeMutableRawBufferPointer

  init(_ store: any TensorStore) {
    self.store = store
    // A mask may be of a wider type than its weight.
    mask = .allocate(byteCount: Self.bandLimit, alignment: 64)
    draws = .allocate(byteCount: Self.blockSize * 4, alignment: 64)
  }

  deinit {
    mask.deallocate()
    draws.deallocate()
  }

  /// Reads the values of a range of entries.
  func readValues(of weight: StoredWeight, _ range: Range<Int>, into memory: UnsafeMutableRawBufferPointer) throws {
    let width = weight.type.byteCount
    try ParallelReads.read(
      store, weight.tensor.name, at: range.lowerBound * width,
      into: UnsafeMutableRawBufferPointer(rebasing: memory[..<(range.count * width)]))
  }

  /// The bits of the earlier mask of a range of entries; nil where there is none.
  func kept(of weight: StoredWeight, _ range: Range<Int>) throws -> BitMask? {
    try weight.mask.map { try bits(of: $0, range) }
  }

  /// The whole earlier mask; nil where there is none.
  func kept(of weight: StoredWeight) throws -> BitMask? { try kept(of: weight, 0..<weight.count) }

  /// How many entries the earlier mask keeps, in blocks.
  func keptCount(of weight: StoredWeight) throws -> Int {
    guard weight.mask != nil else { return weight.count }
    let each = 1 << 22
    return try stride(from: 0, to: weight.count, by: each).reduce(0) { sum, start in
      sum + (try kept(of: weight, start..<min(weight.count, start + each))?.keptCount ?? 0)
    }
  }

  /// The bits of a range of entries of a dense mask.
  ///
  /// - Throws: `CheckpointError` where its values are others than 0 and 1.
  private func bits(of tensor: TensorInfo, _ range: Range<Int>) throws -> BitMask {
    guard let type = tensor.type.elementType else { return BitMask(repeating: true, count: range.count) }
    let each = mask.count / type.byteCount / 64 * 64
    var words: [UInt64] = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: each) {
      let count = min(each, range.upperBound - start)
      let part = UnsafeMutableRawBufferPointer(rebasing: mask[..<(count * type.byteCount)])
      try store.read(tensor.name, at: start * type.byteCount, into: part)
      let bits = BitMask(UnsafeRawBufferPointer(part), type: type, keeping: .nonzero)
      guard bits == BitMask(UnsafeRawBufferPointer(part), type: type, keeping: .equalsOne) else {
        throw CheckpointError(
          .unsupported, "prune by mask \(CheckpointError.quote(tensor.name)) of", file: store.path,
          expected: "values 0 and 1", found: "others from entry \(start) on",
          advice: "make it a mask of 0 and 1 in Python")
      }
      if count == range.count { return bits }
      bits.withWords { words.append(contentsOf: $0) }
    }
    return BitMask(words: words, count: range.count)
  }
}

extension StoredWeight {
  /// How many entries a block has: a multiple of what the pattern needs at once.
  ///
  /// - Parameters:
  ///   - band: Entries that must be seen together.
  ///   - size: The bytes of a block that would be best.
  /// - Throws: `CheckpointError` where bands are beyond the limit.
  func blockCount(ofBands band: Int, size: Int, file: String) throws(CheckpointError) -> Int {
    // Blocks begin where accumulated norms want them to.
    let step = max(band, band > 1 ? 1 : ChannelNorms.Accumulator.granularity)
    guard step <= WeightReader.bandLimit / type.byteCount else {
      throw CheckpointError(
        .limitExceeded, "prune \(CheckpointError.quote(name)) of", file: file,
        expected: "groups, or rows of blocks, of at most \(WeightReader.bandLimit) bytes together",
        found: "\(step) entries", advice: "choose blocks of fewer rows, or another dimension")
    }
    return max(1, size / type.byteCount / step) * step
  }
}
