/// The blocks of matrices that make up a tensor, numbered row by row.
struct BlockGrid {
  let rows: Int
  let columns: Int
  /// Rows of blocks in all matrices together, and blocks in each.
  let blockRows: Int
  let blockColumns: Int

  /// - Parameter shape: Two or more dimensions, the last two multiples of the block's; see ``BlockMatrix/shape(of:)``.
  init(shape: [Int], rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    blockRows = shape.dropLast().reduce(1, *) / rows
    blockColumns = shape[shape.count - 1] / columns
  }

  private var width: Int { blockColumns * columns }

  /// The score of each block.
  func norms(_ scores: Scores, _ norm: ReductionKernel, threads: Int?) -> [Double] {
    let size = blockRows * blockColumns
    guard size > 0 else { return [] }
    return withExtendedLifetime(scores.kept) {
      let reader = DoubleReader(
        base: scores.bytes.baseAddress.unsafelyUnwrapped, type: scores.type,
        kept: scores.kept.map { UnsafePointer($0.storage.pointer) })
      return Array(unsafeUninitializedCapacity: size) { result, initialized in
        let sums = result.baseAddress.unsafelyUnwrapped
        initialized = size
        let threads = Parallel.threads(threads, entries: scores.count)
        let pieces = threads == 1 ? 1 : min(blockRows, threads * 4)
        Parallel.perform(pieces: pieces, threads: threads) { piece in
          // As many blocks at a time as fit; rows are accumulated column by column, then the columns of each block.
          let each = max(1, DoubleReader.blockSize / columns)
          let scratch = UnsafeMutablePointer<Double>.allocate(capacity: 2 * each * columns)
          let lines = scratch + each * columns
          defer { scratch.deallocate() }
          for blockRow in blockRows * piece / pieces..<blockRows * (piece + 1) / pieces {
            let target = sums + blockRow * blockColumns
            for first in stride(from: 0, to: blockColumns, by: each) {
              let width = min(each, blockColumns - first) * columns
              lines.initialize(repeating: norm.start, count: width)
              for row in 0..<rows {
                let start = (blockRow * rows + row) * self.width + first * columns
                norm.accumulate(reader.read(start, width, scratch), width, into: lines)
              }
              var column = 0
              for block in first..<first + width / columns {
                var sum = lines[column]
                for next in column + 1..<column + columns { sum = norm.merge(sum, lines[next]) }
                target[block] = sum
                column += columns
              }
            }
            for block in 0..<blockColumns { target[block] = norm.finish(target[block]) }
          }
        }
      }
    }
  }

  /// Blocks of which a mask keeps any entry.
  func keptBlocks(_ mask: BitMask) -> BitMask {
    var merged = WordStorage(repeating: 0, size: BitMask.wordCount(width))
    return mask.withWords { words in
      BitMask(
        (0..<blockRows).flatMap { blockRow -> [Bool] in
          merged = WordStorage(repeating: 0, size: merged.size)
          for row in 0..<rows {
            orBits(words, from: (blockRow * rows + row) * width, width, into: merged.mutableBuffer)
          }
          return (0..<blockColumns).map { anyBit(merged.buffer, $0 * columns..<($0 + 1) * columns) }
        })
    }
  }

  /// The mask over all entries of a mask over the blocks.
  func expanded(_ blocks: BitMask) -> BitMask {
    var result = BitMask(repeating: false, count: blockRows * rows * width)
    result.withMutableWords { words in
      for blockRow in 0..<blockRows {
        let line = WordStorage(repeating: 0, size: BitMask.wordCount(width))
        for block in 0..<blockColumns where blocks[blockRow * blockColumns + block] {
          setBits(line.mutableBuffer, block * columns..<(block + 1) * columns)
        }
        for row in 0..<rows { orBits(line.buffer, width, into: words, at: (blockRow * rows + row) * width) }
      }
    }
    return result
  }
}
