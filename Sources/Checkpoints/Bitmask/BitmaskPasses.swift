/// Steps through a tensor that comes in blocks of whole elements, run by run within its rows.
struct RowWalker {
  let layout: SparseBitmask.Layout
  private(set) var column = 0

  init(_ layout: SparseBitmask.Layout) { self.layout = layout }

  /// The next run of a block: its first byte, its elements, and the column at which it begins; nil at its end.
  mutating func next(_ block: UnsafeRawBufferPointer, from offset: inout Int) -> (offset: Int, count: Int, column: Int)?
  {
    let left = (block.count - offset) / layout.width
    guard left > 0, layout.columns > 0 else { return nil }
    let run = (offset, min(layout.columns - column, left), column)
    offset += run.1 * layout.width
    column += run.1
    if column == layout.columns { column = 0 }
    return run
  }
}

/// First pass over a tensor in blocks: how many elements are kept, and how many are -0.0.
struct BitmaskCounter {
  private let layout: SparseBitmask.Layout
  /// The elements that are kept.
  private(set) var total = 0
  /// The elements that are -0.0.
  private(set) var negativeZeros = 0

  init(_ layout: SparseBitmask.Layout) { self.layout = layout }

  mutating func add(_ block: UnsafeRawBufferPointer) {
    guard let base = block.baseAddress else { return }
    let counts = layout.kernel.count(base, count: block.count / layout.width)
    total += counts.kept
    negativeZeros += counts.negativeZeros
  }
}

/// Second pass over a tensor in blocks: how many elements are kept in the rows before each row.
struct BitmaskRowOffsets {
  private var walker: RowWalker
  private var before = 0

  init(_ layout: SparseBitmask.Layout) { walker = RowWalker(layout) }

  /// The offsets of the rows that begin in `block`.
  mutating func offsets(_ block: UnsafeRawBufferPointer) -> [Int64] {
    guard let base = block.baseAddress else { return [] }
    var offsets: [Int64] = []
    var offset = 0
    while let run = walker.next(block, from: &offset) {
      if run.column == 0 { offsets.append(Int64(before).littleEndian) }
      before += walker.layout.kernel.count(base + run.offset, count: run.count).kept
    }
    return offsets
  }
}

/// Second pass over a tensor in blocks: the bits of what is kept, or of its negative zeros.
struct BitmaskBits {
  private let selection: BitmaskSelection
  private var walker: RowWalker
  /// The byte that a block has left unfinished.
  private var open: UInt8 = 0

  init(_ selection: BitmaskSelection, _ layout: SparseBitmask.Layout) {
    self.selection = selection
    walker = RowWalker(layout)
  }

  /// The bytes of bits that `block` completes.
  mutating func pack(_ block: UnsafeRawBufferPointer) -> [UInt8] {
    guard let base = block.baseAddress else { return [] }
    var bits: [UInt8] = walker.column % 8 == 0 ? [] : [open]
    var offset = 0
    while let run = walker.next(block, from: &offset) {
      let begun = run.column % 8 == 0 ? 0 : 1
      let fresh = (run.column + run.count + 7) / 8 - (run.column + 7) / 8
      bits.append(contentsOf: repeatElement(0, count: fresh))
      let start = bits.count - fresh - begun
      bits.withUnsafeMutableBufferPointer { buffer in
        guard let target = buffer.baseAddress else { return }
        walker.layout.kernel.pack(
          selection, base + run.offset, count: run.count, into: target + start, firstBit: run.column % 8)
      }
    }
    if walker.column % 8 != 0 { open = bits.removeLast() }
    return bits
  }
}
