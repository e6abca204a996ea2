import CKernels

/// A matrix laid out for products with single vectors by looking inputs up in registers.
///
/// Columns are taken in chunks of 32, which are a table in two registers of AVX-512, and rows in bands of 64, which are four
/// groups of 16 lanes: each row has a lane. A step multiplies the next entry of each row that has one. For each chunk, the
/// rows of a band change lanes so that those with more entries come first; then the entries of a step are those of the
/// first lanes, no place is stored for a row that has none, and the last groups soon have nothing left to do. An entry
/// takes 5 bytes, or 3.
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
  /// For each band, chunk and group the number of steps, not increasing.
  let steps: [UInt8]
  /// For each step and each group that takes part in it the number of lanes.
  let lengths: [UInt8]
  /// For each band and chunk the lanes from which the rows come, and at the end of a band those that put them back.
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
      var order = Array(0..<Self.rowsInBand)
      func change(to wanted: [Int]) {
        var lanes = [UInt8](repeating: 0, count: Self.rowsInBand)
        for (lane, row) in order.enumerated() { lanes[row] = UInt8(lane) }
        for row in wanted { orders.append(lanes[row]) }
        order = wanted
      }
      for chunk in 0..<chunks {
        let limit = (chunk + 1) * Self.columnsInChunk
        let counts = (0..<Self.rowsInBand).map { row -> Int in
          var entry = next[row]
          while entry < ends[row], matrix.indices[entry] < limit { entry += 1 }
          return entry - next[row]
        }
        change(to: counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) })
        let groups = stride(from: 0, to: Self.rowsInBand, by: 16).map { order[$0..<$0 + 16] }
        let stepsOfGroups = groups.map { counts[$0[$0.startIndex]] }
        steps += stepsOfGroups.map(UInt8.init)
        for step in 0..<stepsOfGroups[0] {
          for group in groups {
            let active = group.prefix { counts[$0] > step }
            if active.isEmpty { break }
            lengths.append(UInt8(active.count))
            for row in active {
              let entry = next[row] + step
              values.append(matrix.values[entry])
              places.append(UInt8(matrix.indices[entry] - chunk * Self.columnsInChunk))
            }
          }
        }
        for row in counts.indices { next[row] += counts[row] }
      }
      change(to: Array(0..<Self.rowsInBand))
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
