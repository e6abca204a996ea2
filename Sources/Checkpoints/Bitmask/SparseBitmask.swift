/// Sparse tensors as a bitmask and the values that are kept: the `sparse-bitmask` layout of compressed-tensors.
///
/// A tensor of shape `[..., C]`, seen as R rows of C elements, becomes four:
///
/// | part | type and shape | content |
/// |---|---|---|
/// | `shape` | I64 `[rank]` | the tensor's shape |
/// | `compressed` | the tensor's type, `[kept]` | the elements other than zero, row after row |
/// | `bitmask` | U8 `[R, ceil(C / 8)]` | a bit for each element, lowest bit first, rows padded with zeros |
/// | `row_offsets` | I64 `[R]` | how many elements are kept in the rows before |
///
/// Packing is lossless. PyTorch leaves -0.0 where it prunes a negative weight; where a tensor has such zeros, a fifth
/// part `negative_zeros`, in the manner of `bitmask`, marks them, and other readers of the layout see 0.0 in their place.
///
/// In a file the parts of a matrix `fc.weight` are called `fc.shape` and so on. Tensors that compressed-tensors does not
/// pack, of other names or of three dimensions and more, are one row, whose parts are called `conv.weight:shape` and so on.
///
/// The 2:4 layout of compressed-tensors (`sparse-24-bitmask`), whose rows keep half of their elements each and which has no
/// row offsets, is unpacked too.
///
/// Source: sparse_bitmask.py and sparse_24_bitmask.py of neuralmagic/compressed-tensors, versions up to 0.12; the fifth part and the names with a
/// colon are our own.
public enum SparseBitmask {
  /// A packed tensor in memory.
  public struct Parts: Hashable, Sendable {
    /// The element type.
    public var type: StoredType
    /// The shape of the dense tensor.
    public var shape: [Int]
    /// The bytes of the kept elements, in order.
    public var compressed: [UInt8]
    /// The bits, R rows of ceil(C / 8) bytes.
    public var bitmask: [UInt8]
    /// How many elements are kept in the rows before each row.
    public var rowOffsets: [Int64]
    /// The bits of those elements that are -0.0, in the manner of `bitmask`; nil where there are none.
    public var negativeZeros: [UInt8]?

    /// Puts together a packed tensor; ``SparseBitmask/unpack(_:)`` checks it.
    public init(
      type: StoredType, shape: [Int], compressed: [UInt8], bitmask: [UInt8], rowOffsets: [Int64],
      negativeZeros: [UInt8]? = nil
    ) {
      self.type = type
      self.shape = shape
      self.compressed = compressed
      self.bitmask = bitmask
      self.rowOffsets = rowOffsets
      self.negativeZeros = negativeZeros
    }

    /// The bytes that the parts take in a file, headers excepted.
    public var byteCount: Int {
      compressed.count + bitmask.count + (negativeZeros?.count ?? 0) + 8 * (rowOffsets.count + shape.count)
    }
  }

  /// Packs a dense tensor.
  ///
  /// - Parameters:
  ///   - bytes: the tensor, contiguous in row-major order.
  ///   - type: its element type; a whole number of bytes wide.
  ///   - shape: its shape; a scalar is one row of one element.
  /// - Throws: ``CheckpointError`` where bytes, type and shape do not fit each other.
  /// - Complexity: O(elements), three or four passes.
  public static func pack(
    _ bytes: UnsafeRawBufferPointer, type: StoredType, shape: [Int]
  ) throws(CheckpointError) -> Parts {
    guard let layout = Layout(type: type, shape: shape), layout.byteCount == bytes.count else {
      throw CheckpointError(
        .invalidArgument, "pack", file: "memory", expected: "the bytes of \(type) of shape \(shape)",
        found: "\(bytes.count) bytes", advice: "give the contiguous bytes of a tensor of whole-byte elements")
    }
    var counter = BitmaskCounter(layout)
    counter.add(bytes)
    var bits = BitmaskBits(.kept, layout)
    var zeros = BitmaskBits(.negativeZeros, layout)
    var rows = BitmaskRowOffsets(layout)
    let offsets = layout.columns > 0 ? rows.offsets(bytes) : Array(repeating: 0, count: layout.rows)
    return Parts(
      type: type, shape: shape, compressed: layout.values(of: bytes), bitmask: bits.pack(bytes),
      rowOffsets: offsets.map { Int64(littleEndian: $0) },
      negativeZeros: counter.negativeZeros > 0 ? zeros.pack(bytes) : nil)
  }

  /// Gives back the dense bytes of a packed tensor.
  ///
  /// - Throws: ``CheckpointError`` of kind `damaged` where the parts contradict each other.
  /// - Complexity: O(elements).
  public static func unpack(_ parts: Parts) throws(CheckpointError) -> [UInt8] {
    func damaged(_ expected: String, _ found: String) -> CheckpointError {
      .damaged("unpack", file: "memory", expected: expected, found: found, advice: "pack the tensor again")
    }
    guard let layout = Layout(type: parts.type, shape: parts.shape), parts.bitmask.count == layout.bitmaskCount,
      parts.negativeZeros?.count ?? layout.bitmaskCount == layout.bitmaskCount
    else {
      throw damaged("bits that fit \(parts.type) of shape \(parts.shape)", "\(parts.bitmask.count) bytes")
    }
    let kept = parts.bitmask.reduce(0) { $0 + $1.nonzeroBitCount }
    guard kept * layout.width == parts.compressed.count, parts.rowOffsets.count == layout.rows else {
      throw damaged(
        "\(kept * layout.width) bytes of values and \(layout.rows) row offsets",
        "\(parts.compressed.count) and \(parts.rowOffsets.count)")
    }
    guard layout.columns > 0 else { return [] }
    do throws(Layout.Contradiction) {
      return try layout.expand(
        bits: parts.bitmask, negativeZeros: parts.negativeZeros, values: parts.compressed, rows: layout.rows,
        columns: layout.columns, isLast: true
      ) { (row, used) throws(Layout.Contradiction) in
        guard parts.rowOffsets[row] == Int64(used) else {
          throw Layout.Contradiction(expected: "row offset \(used) for row \(row)", found: "\(parts.rowOffsets[row])")
        }
      }
    } catch {
      throw damaged(error.expected, error.found)
    }
  }
}
