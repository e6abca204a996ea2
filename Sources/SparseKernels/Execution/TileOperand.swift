import CKernels

/// A sparse matrix laid out for products with tiles of columns: its entries in the order in which they are needed, each
/// with the place of its inputs in the operand.
///
/// Rows are taken in slabs, so that their sums stay in the nearest cache, and a slab's entries in chunks of inputs, so
/// that these do. Within a slab and a chunk, units with as many entries stand side by side: the processor foresees the
/// end of a loop that ended at the same count before.
struct TileOperand: Sendable {
  /// Rows in a slab, a multiple of all heights.
  let slabRows: Int
  let rows: Int
  let height: Int
  private let values: [Float]
  private let offsets: [Int32]
  private let starts: [Int32]
  private let order: [Int32]
  /// For each slab its chunks: ranges of units.
  private let slabs: [[Range<Int32>]]

  /// - Parameters:
  ///   - place: where the inputs of a column lie for a row: an offset in floats, and the chunk that it belongs to.
  init(
    _ matrix: SparseMatrix, slabRows: Int, chunks: Int,
    place: (_ row: Int, _ column: Int) -> (offset: Int32, chunk: Int)
  ) {
    let height = matrix.height
    var (values, offsets, starts, order, slabs) = ([Float](), [Int32](), [Int32](), [Int32](), [[Range<Int32>]]())
    values.reserveCapacity(matrix.values.count)
    offsets.reserveCapacity(matrix.indices.count)
    starts.append(0)
    let unitsInSlab = slabRows / height
    for first in stride(from: 0, to: matrix.unitCount, by: unitsInSlab) {
      var parts = [[(unit: Int, entries: [(entry: Int, offset: Int32)])]](repeating: [], count: chunks)
      for unit in first..<min(first + unitsInSlab, matrix.unitCount) {
        var lists = [[(entry: Int, offset: Int32)]](repeating: [], count: chunks)
        for entry in Int(matrix.starts[unit])..<Int(matrix.starts[unit + 1]) {
          let (offset, chunk) = place(unit * height, matrix.indices[entry])
          lists[chunk].append((entry, offset))
        }
        for chunk in 0..<chunks { parts[chunk].append((unit - first, lists[chunk])) }
      }
      slabs.append(
        parts.map { part in
          let begin = Int32(order.count)
          for (unit, entries) in part.sorted(by: { ($0.entries.count, $0.unit) < ($1.entries.count, $1.unit) }) {
            order.append(Int32(unit))
            for (entry, offset) in entries {
              offsets.append(offset)
              values += matrix.values[(entry * height)..<((entry + 1) * height)]
            }
            starts.append(Int32(offsets.count))
          }
          return begin..<Int32(order.count)
        })
    }
    (self.slabRows, rows, self.height) = (slabRows, matrix.rows, height)
    (self.values, self.offsets, self.starts, self.order, self.slabs) = (values, offsets, starts, order, slabs)
  }

  var slabCount: Int { slabs.count }

  /// The rows of a slab.
  func rows(of slab: Int) -> Range<Int> { slab * slabRows..<min(rows, (slab + 1) * slabRows) }

  /// Multiplies a slab with a tile of columns.
  ///
  /// - Parameters:
  ///   - x: the tile's first input, from which offsets count.
  ///   - out: the slab's first row; full vectors are written unless `tail` says otherwise.
  ///   - vectors: how many vectors wide the tile is.
  ///   - tail: columns in the last vector that are there; nil for all.
  func multiply(
    slab: Int, x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, outStride: Int, vectors: Int, tail: Int?,
    bias: UnsafePointer<Float>?, activation: Activation, _ kernels: bk_kernels
  ) {
    let rows = rows(of: slab)
    values.withUnsafeBufferPointer { values in
      offsets.withUnsafeBufferPointer { offsets in
        starts.withUnsafeBufferPointer { starts in
          order.withUnsafeBufferPointer { order in
            var tile = bk_tile(
              x: x, values: values.baseAddress, offsets: offsets.baseAddress, starts: starts.baseAddress,
              order: order.baseAddress, bias: bias.map { $0 + rows.lowerBound }, out: out, out_stride: Int64(outStride),
              first: 0, last: 0, rows: Int32(rows.count), height: Int32(height), vectors: Int32(vectors),
              tail: Int32(tail ?? Int(kernels.lanes)), accumulate: false, activation: BK_IDENTITY)
            let chunks = slabs[slab]
            for (index, chunk) in chunks.enumerated() {
              tile.first = chunk.lowerBound
              tile.last = chunk.upperBound
              tile.accumulate = index > 0
              tile.activation = index == chunks.count - 1 ? activation.kernel : BK_IDENTITY
              kernels.multiply(&tile)
            }
          }
        }
      }
    }
  }
}
