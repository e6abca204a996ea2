import CKernels
import Sparsity

/// A matrix of which only some entries are kept: compressed rows, or compressed rows of blocks.
///
/// Rows lie in units of ``height`` neighbours that share their columns. A unit has its columns in rising order, and for
/// each the values of all its rows. With blocks, an entry is kept where any of its block is.
public struct SparseMatrix: Sendable {
  /// The number of rows: outputs.
  public let rows: Int
  /// The number of columns: flattened inputs.
  public let columns: Int
  /// How many rows share an index: 1, 4 or 8.
  public let height: Int
  /// The entries of unit `u` are `starts[u]..<starts[u + 1]`.
  public private(set) var starts: [Int32] = [0]
  /// The column of each entry.
  public private(set) var indices = Indices.narrow([])
  /// The values of each entry, ``height`` of them; 0 for rows behind the last one.
  public private(set) var values: [Float] = []

  /// Columns in as few bits as they take.
  public enum Indices: Sendable, Hashable {
    /// 16 bits, for up to 65,536 columns.
    case narrow([UInt16])
    /// 32 bits.
    case wide([UInt32])

    /// The column of an entry.
    public subscript(entry: Int) -> Int {
      switch self {
      case .narrow(let list): Int(list[entry])
      case .wide(let list): Int(list[entry])
      }
    }

    /// The number of entries.
    public var count: Int {
      switch self {
      case .narrow(let list): list.count
      case .wide(let list): list.count
      }
    }
  }

  /// Keeps the entries of a dense matrix that are not 0; NaN is kept.
  ///
  /// - Parameters:
  ///   - dense: the entries, row by row.
  ///   - rows: how many rows.
  ///   - columns: how many columns.
  ///   - height: how many rows share an index: 1, 4 or 8.
  /// - Throws: ``SparseKernelError``. Cost: one pass over the entries.
  public init(
    dense: UnsafeBufferPointer<Float>, rows: Int, columns: Int, height: Int = 1
  ) throws(SparseKernelError) {
    try self.init(rows: rows, columns: columns, height: height, values: dense) { dense[$0] != 0 }
  }

  /// Keeps the entries of a dense matrix that a mask keeps, whatever they are.
  ///
  /// - Throws: ``SparseKernelError``, also where the mask is of another size.
  public init(
    dense: UnsafeBufferPointer<Float>, mask: BitMask, rows: Int, columns: Int, height: Int = 1
  ) throws(SparseKernelError) {
    guard mask.count == dense.count else {
      throw .count(of: "bits of the mask", expected: dense.count, found: mask.count)
    }
    let words = mask.words
    try self.init(rows: rows, columns: columns, height: height, values: dense) {
      words[$0 / 64] >> UInt64($0 % 64) & 1 == 1
    }
  }

  private init(
    rows: Int, columns: Int, height: Int, values dense: UnsafeBufferPointer<Float>, isKept: (Int) -> Bool
  ) throws(SparseKernelError) {
    try Self.check(dense, rows: rows, columns: columns)
    precondition([1, 4, 8].contains(height), "SparseMatrix: expected a height of 1, 4 or 8, found \(height)")
    (self.rows, self.columns, self.height) = (rows, columns, height)
    var narrow: [UInt16] = []
    var wide: [UInt32] = []
    let isNarrow = columns <= 1 << 16
    for top in stride(from: 0, to: rows, by: height) {
      let bottom = min(rows, top + height)
      for column in 0..<columns where (top..<bottom).contains(where: { isKept($0 * columns + column) }) {
        if isNarrow { narrow.append(UInt16(column)) } else { wide.append(UInt32(column)) }
        for row in top..<(top + height) {
          let place = row * columns + column
          values.append(row < bottom && isKept(place) ? dense[place] : 0)
        }
      }
      starts.append(Int32(isNarrow ? narrow.count : wide.count))
    }
    indices = isNarrow ? .narrow(narrow) : .wide(wide)
  }

  /// The same entries with other values.
  func with(values: [Float]) -> SparseMatrix {
    precondition(values.count == self.values.count, "SparseMatrix: expected \(self.values.count) values")
    var copy = self
    copy.values = values
    return copy
  }

  static func check(
    _ dense: UnsafeBufferPointer<Float>, rows: Int, columns: Int
  ) throws(SparseKernelError) {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0, columns >= 0, !overflow, count < 1 << 31 else {
      throw .size("a matrix of \(rows) by \(columns): expected less than 2^31 entries")
    }
    guard dense.count == count else { throw .count(of: "entries of the matrix", expected: count, found: dense.count) }
  }

  /// Values that are stored, zeros within blocks included.
  public var storedCount: Int { indices.count * height }

  /// The share of all entries that is not stored: 0 for a matrix without entries.
  public var sparsity: Double {
    rows * columns == 0 ? 0 : max(0, 1 - Double(storedCount) / Double(rows * columns))
  }

  /// The number of units: rows, or blocks of them.
  var unitCount: Int { starts.count - 1 }

  /// Gives `body` a part of a product of this matrix, its values stored so, with one vector.
  func withProduct(_ part: bk_part, _ values: StoredValues, _ body: (UnsafePointer<bk_vector>) -> Void) {
    func give(_ narrow: UnsafePointer<UInt16>?, _ wide: UnsafePointer<UInt32>?) {
      values.withPointer { pointer in
        starts.withUnsafeBufferPointer { starts in
          var product = bk_vector(
            part: part, values: pointer, storage: values.storage.kernel, starts: starts.baseAddress,
            columns16: narrow, columns32: wide, rows: Int32(rows), height: Int32(height))
          body(&product)
        }
      }
    }
    switch indices {
    case .narrow(let list): list.withUnsafeBufferPointer { give($0.baseAddress, nil) }
    case .wide(let list): list.withUnsafeBufferPointer { give(nil, $0.baseAddress) }
    }
  }
}
