/// Expands a packed tensor of a checkpoint in blocks: some bytes of bits, their values, the dense elements.
struct BitmaskExpander {
  private let group: SparseBitmask.Group
  private let layout: SparseBitmask.Layout
  private let checkpoint: Checkpoint
  private let damaged: (_ expected: String, _ found: String) -> CheckpointError
  /// How many values are used up.
  private var kept = 0

  init(
    _ group: SparseBitmask.Group, layout: SparseBitmask.Layout, checkpoint: Checkpoint,
    damaged: @escaping (_ expected: String, _ found: String) -> CheckpointError
  ) {
    self.group = group
    self.layout = layout
    self.checkpoint = checkpoint
    self.damaged = damaged
  }

  /// At most this many bytes of bits at a time: 4 MiB of 4-byte elements.
  private static let bitBlock = 1 << 17

  /// Hands the dense elements to `consume`: some whole rows at a time, or parts of a row where one is long.
  mutating func run(_ consume: (UnsafeRawBufferPointer) throws -> Void) throws {
    if layout.columns > 0 {
      let batch = max(1, Self.bitBlock / layout.rowBytes)
      for first in stride(from: 0, to: layout.rows, by: batch) {
        let count = min(batch, layout.rows - first)
        let offsets = try group.rowOffsets.map { try read($0, at: 8 * first, count: 8 * count) }
        for column in stride(from: 0, to: layout.columns, by: Self.bitBlock * 8) {
          try expand(row: first, rows: count, column: column, offsets: offsets).withUnsafeBytes(consume)
        }
      }
    }
    guard kept == group.compressed.elementCount else {
      throw damaged("\(kept) values, as the bits say", "\(group.compressed.elementCount)")
    }
  }

  private mutating func expand(row first: Int, rows: Int, column: Int, offsets: [UInt8]?) throws -> [UInt8] {
    let columns = min(Self.bitBlock * 8, layout.columns - column)
    let start = first * layout.rowBytes + column / 8
    let bits = try read(group.bitmask, at: start, count: rows * ((columns + 7) / 8))
    let zeros = try group.negativeZeros.map { try read($0, at: start, count: bits.count) }
    if group.rowOffsets == nil, let wrong = bits.firstIndex(where: { !Self.isTwoOfFour($0) }) {
      throw damaged(
        "two of each four elements kept",
        "bits \(String(bits[wrong], radix: 2)) in row \(first + wrong / layout.rowBytes)")
    }
    let ones = bits.reduce(0) { $0 + $1.nonzeroBitCount }
    let total = group.compressed.elementCount
    guard ones <= total - kept else { throw damaged("values for \(kept + ones) elements", "\(total)") }
    let values = try read(group.compressed, at: kept * layout.width, count: ones * layout.width)
    let before = kept
    do throws(SparseBitmask.Layout.Contradiction) {
      let dense = try layout.expand(
        bits: bits, negativeZeros: zeros, values: values, rows: rows, columns: columns,
        isLast: column + columns == layout.columns
      ) { (row, used) throws(SparseBitmask.Layout.Contradiction) in
        guard column == 0, let offsets else { return }
        let offset = offsets.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8 * row, as: Int64.self).littleEndian }
        guard offset == Int64(before + used) else {
          throw SparseBitmask.Layout.Contradiction(
            expected: "row offset \(before + used) for row \(first + row)", found: "\(offset)")
        }
      }
      kept += ones
      return dense
    } catch {
      throw damaged(error.expected, error.found)
    }
  }

  /// Whether each half of a byte has two ones; where four columns are left over, the upper half has none.
  private static func isTwoOfFour(_ byte: UInt8) -> Bool {
    (byte & 0xf).nonzeroBitCount == 2 && [0, 2].contains((byte >> 4).nonzeroBitCount)
  }

  private func read(_ tensor: TensorInfo, at offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    do {
      try bytes.withUnsafeMutableBytes { try checkpoint.read(tensor.name, at: offset, into: $0) }
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw damaged("to read \(count) bytes", "\(error)")
    }
    return bytes
  }
}
