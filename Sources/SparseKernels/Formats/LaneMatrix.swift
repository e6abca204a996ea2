import CKernels

/// A matrix laid out for products with single vectors by looking inputs up in registers.
///
/// Columns are taken in chunks of 32, which are a table in two registers of AVX-512, and rows in fours of 16: each row has a
/// lane. A step multiplies the next entry of each row that has one. For each chunk, the 16 rows change lanes so that those
/// with more entries come first; then the entries of a step are those of the first lanes, and no place is stored for a
/// row that has none. An entry takes 5 bytes, or 3.
struct LaneMatrix: Sendable {
  static let rowsInBand = 64
  static let columnsInChunk = 32
  let rows: Int
  let columns: Int
  let chunks: Int
  /// The values in the order of their use.
  let values: StoredValues
  /// For each value its column within the chunk, and 16 more that are read and not used.
  let places: [UInt8]
  /// For each band and chunk the number of steps.
  let steps: [UInt8]
  /// For each step and each of the four groups of 16 rows how many lanes take part.
  let lengths: [UInt8]
  /// For each band, chunk and group the lanes from which the rows come, and at the end of a band those that put them back.
  let orders: [UInt8]
  /// For each band where its values and its lengths begin.
  let valueStarts: [Int32]
  let lengthStarts: [Int32]

  /// - Parameter matrix: of height 1.
  init(_ matrix: SparseMatrix, storage: WeightStorage) {
    (rows, columns) = (matrix.rows, matrix.columns)
    chunks = (matrix.columns + Self.columnsInChunk - 1) / Self.columnsInChunk
    var values: [Float] = []
    var places: [UInt8] = []
    var steps: [UInt8] = []
    var lengths: [UInt8] = []
    var orders: [UInt8] = []
    var valueStarts: [Int32] = []
    var lengthStarts: [Int32] = []
    values.reserveCapacity(matrix.values.count)
    places.reserveCapacity(matrix.values.count + 16)
    for band in stride(from: 0, to: matrix.rows, by: Self.rowsInBand) {
      valueStarts.append(Int32(values.count))
      lengthStarts.append(Int32(lengths.count))
      var next = (0..<Self.rowsInBand).map { band + $0 < matrix.rows ? Int(matrix.starts[band + $0]) : 0 }
      let ends = (0..<Self.rowsInBand).map { band + $0 < matrix.rows ? Int(matrix.starts[band + $0 + 1]) : 0 }
      var order = [[Int]](repeating: Array(0..<16), count: 4)
      func change(_ group: Int, to wanted: [Int]) {
        for row in wanted { orders.append(UInt8(order[group].firstIndex(of: row) ?? 0)) }
        order[group] = wanted
      }
      for chunk in 0..<chunks {
        let limit = (chunk + 1) * Self.columnsInChunk
        let counts = (0..<Self.rowsInBand).map { row -> Int in
          var entry = next[row]
          while entry < ends[row], matrix.indices[entry] < limit { entry += 1 }
          return entry - next[row]
        }
        for group in 0..<4 {
          change(group, to: (0..<16).sorted { (counts[16 * group + $1], $0) < (counts[16 * group + $0], $1) })
        }
        let most = counts.max() ?? 0
        steps.append(UInt8(most))
        for step in 0..<most {
          for group in 0..<4 {
            let active = order[group].prefix { counts[16 * group + $0] > step }
            lengths.append(UInt8(active.count))
            for row in active {
              let entry = next[16 * group + row] + step
              values.append(matrix.values[entry])
              places.append(UInt8(matrix.indices[entry] - chunk * Self.columnsInChunk))
            }
          }
        }
        for row in counts.indices { next[row] += counts[row] }
      }
      for group in 0..<4 { change(group, to: Array(0..<16)) }
    }
    places += [UInt8](repeating: 0, count: 16)
    self.values = StoredValues(values, as: storage)
    (self.places, self.steps, self.lengths, self.orders) = (places, steps, lengths, orders)
    (self.valueStarts, self.lengthStarts) = (valueStarts, lengthStarts)
  }

  var bandCount: Int { valueStarts.count }

  /// Gives `body` a part of a product with this matrix.
  func withProduct(_ part: bk_part, _ body: (UnsafePointer<bk_lanes>) -> Void) {
    values.withPointer { values in
      places.withUnsafeBufferPointer { places in
        steps.withUnsafeBufferPointer { steps in
          lengths.withUnsafeBufferPointer { lengths in
            orders.withUnsafeBufferPointer { orders in
              valueStarts.withUnsafeBufferPointer { valueStarts in
                lengthStarts.withUnsafeBufferPointer { lengthStarts in
                  var product = bk_lanes()
                  product.part = part
                  product.values = values
                  product.storage = self.values.storage.kernel
                  product.places = places.baseAddress
                  product.steps = steps.baseAddress
                  product.lengths = lengths.baseAddress
                  product.orders = orders.baseAddress
                  product.value_starts = valueStarts.baseAddress
                  product.length_starts = lengthStarts.baseAddress
                  product.rows = Int32(rows)
                  product.columns = Int32(columns)
                  body(&product)
                }
              }
            }
          }
        }
      }
    }
  }
}
