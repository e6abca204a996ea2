import CKernels

/// An N:M matrix laid out for products with single vectors: of each M neighbouring inputs of a row at most N are kept.
///
/// A window of 32 inputs, which lie in two registers of AVX-512, has as many entries in every row, so that neither lengths
/// nor starts are stored: an entry takes its value and 4 bits for its place within its M. Rows with fewer entries in a window
/// than 16 share a unit of 16 lanes.
struct WindowMatrix: Sendable {
  /// N and M, those that make the fewest entries first. Those of 32 N / M entries in a window, which is 4, 8 or 16.
  static let patterns = [(1, 8), (2, 16), (1, 4), (2, 8), (4, 16), (2, 4), (4, 8), (8, 16)]
  private static let unitsInBand = 4

  let rows: Int
  let columns: Int
  /// At most so many ...
  let kept: Int
  /// ... of so many neighbours.
  let group: Int
  private let values: StoredValues
  private let places: [UInt64]

  /// - Parameter matrix: of height 1.
  /// - Throws: ``SparseKernelError/format(_:reason:)`` where no pattern fits.
  init(_ matrix: SparseMatrix, storage: WeightStorage) throws(SparseKernelError) {
    guard let (kept, group) = Self.patterns.first(where: { Self.fits(matrix, $0, $1) }) else {
      throw .format(
        .windows, reason: "expected at most half of each 4, 8 or 16 neighbouring inputs to be kept in every row")
    }
    (rows, columns, self.kept, self.group) = (matrix.rows, matrix.columns, kept, group)
    let width = 32 * kept / group
    let windows = (columns + 31) / 32
    let rowsInUnit = 16 / width
    let bands = (rows + Self.unitsInBand * rowsInUnit - 1) / (Self.unitsInBand * rowsInUnit)
    var values = [Float](repeating: 0, count: bands * windows * 16 * Self.unitsInBand)
    var places = [UInt64](repeating: 0, count: bands * windows * Self.unitsInBand)
    for row in 0..<rows {
      let (unit, first) = (row / rowsInUnit, row % rowsInUnit * width)
      // How many entries of the present group have come.
      var (current, found) = (-1, 0)
      for entry in Int(matrix.starts[row])..<Int(matrix.starts[row + 1]) {
        let column = matrix.indices[entry]
        if column / group != current { (current, found) = (column / group, 0) }
        let vector = (unit / Self.unitsInBand * windows + column / 32) * Self.unitsInBand + unit % Self.unitsInBand
        let lane = first + column % 32 / group * kept + found
        values[vector * 16 + lane] = matrix.values[entry]
        places[vector] |= UInt64(column % group) << UInt64(4 * (lane / 2) + 32 * (lane % 2))
        found += 1
      }
    }
    (self.values, self.places) = (StoredValues(values, as: storage), places)
  }

  private static func fits(_ matrix: SparseMatrix, _ kept: Int, _ group: Int) -> Bool {
    for row in 0..<matrix.rows {
      var (current, found) = (-1, 0)
      for entry in Int(matrix.starts[row])..<Int(matrix.starts[row + 1]) {
        let place = matrix.indices[entry] / group
        (current, found) = (place, place == current ? found + 1 : 1)
        if found > kept { return false }
      }
    }
    return true
  }

  private var rowsInUnit: Int { 16 * group / (32 * kept) }
  var bandCount: Int { (rows + Self.unitsInBand * rowsInUnit - 1) / (Self.unitsInBand * rowsInUnit) }

  /// Gives `body` a part of a product with this matrix.
  func withProduct(_ part: bk_part, _ body: (UnsafePointer<bk_windows>) -> Void) {
    values.withPointer { values in
      places.withUnsafeBufferPointer { places in
        var product = bk_windows()
        product.part = part
        product.values = values
        product.storage = self.values.storage.kernel
        product.places = places.baseAddress
        withUnsafeMutableBytes(of: &product.bases) { bases in
          let width = 32 * kept / group
          for lane in 0..<16 { bases[lane] = UInt8(lane % width / kept * group) }
        }
        product.rows = Int32(rows)
        product.columns = Int32(columns)
        product.rows_in_unit = Int32(rowsInUnit)
        body(&product)
      }
    }
  }
}
