import Checkpoints
import Sparsity

/// A tensor in memory: contiguous, row-major, little-endian.
struct TensorData {
  var type: StoredType
  var shape: [Int]
  var bytes: [UInt8]

  init(_ type: StoredType, _ shape: [Int], _ bytes: [UInt8]) {
    (self.type, self.shape, self.bytes) = (type, shape, bytes)
  }

  /// Whole numbers of 64 bits.
  init(_ numbers: [Int]) { self.init(.i64, [numbers.count], numbers.withUnsafeBytes { Array($0) }) }

  /// Real numbers of 64 bits, stored as the type says: `f32` or `f64`.
  init(_ values: [Double], shape: [Int], type: StoredType) {
    self.init(
      type, shape,
      type == .f64 ? values.withUnsafeBytes { Array($0) } : values.map(Float.init).withUnsafeBytes { Array($0) })
  }

  var width: Int { type.bitWidth / 8 }

  /// What is left along a dimension.
  func taking(_ indices: [Int], along axis: Int) -> TensorData {
    let inner = shape[(axis + 1)...].reduce(width, *)
    let outer = shape[..<axis].reduce(1, *)
    var shape = shape
    let before = shape[axis]
    shape[axis] = indices.count
    let result = [UInt8](unsafeUninitializedCapacity: outer * indices.count * inner) { target, count in
      bytes.withUnsafeBytes { source in
        var place = 0
        for block in 0..<outer {
          for index in indices {
            UnsafeMutableRawBufferPointer(target).baseAddress?.advanced(by: place).copyMemory(
              from: source.baseAddress.unsafelyUnwrapped + (block * before + index) * inner, byteCount: inner)
            place += inner
          }
        }
      }
      count = outer * indices.count * inner
    }
    return TensorData(type, shape, result)
  }

  /// The same with zeros at some places of a dimension.
  func clearing(_ indices: [Int], along axis: Int) -> TensorData {
    var result = self
    let inner = shape[(axis + 1)...].reduce(width, *)
    result.bytes.withUnsafeMutableBytes { target in
      for block in 0..<shape[..<axis].reduce(1, *) {
        for index in indices {
          let start = (block * shape[axis] + index) * inner
          target.baseAddress.unsafelyUnwrapped.advanced(by: start)
            .initializeMemory(as: UInt8.self, repeating: 0, count: inner)
        }
      }
    }
    return result
  }

  /// The same with zeros behind the last index, up to a length.
  func padded(to length: Int) -> TensorData {
    guard shape.count == 1, shape[0] < length else { return self }
    return TensorData(type, [length], bytes + [UInt8](repeating: 0, count: (length - shape[0]) * width))
  }

  /// Calls `body` with the values in flat order, in blocks of whole slices of the first dimension; nothing for types
  /// that are no real numbers.
  func forEachBlock(_ body: (_ start: Int, _ values: [Double]) -> Void) {
    guard let element = type.element else { return }
    let count = bytes.count / width
    let size = 1 << 16
    bytes.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: count, by: size) {
        let end = min(start + size, count)
        body(
          start,
          Scores(bytes: UnsafeRawBufferPointer(rebasing: bytes[start * width..<end * width]), type: element).values)
      }
    }
  }

  /// All values; empty for types that are no real numbers.
  var values: [Double] {
    var all: [Double] = []
    forEachBlock { all += $1 }
    return all
  }

  /// For each index of a dimension the sum of what `term` makes of its entries.
  func sums(along axis: Int, _ term: (Double) -> Double) -> [Double] {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let count = shape[axis]
    var sums = [Double](repeating: 0, count: count)
    forEachBlock { start, values in
      var place = start
      var offset = 0
      while offset < values.count {
        // The rest of the run of one index.
        let run = min(inner - place % inner, values.count - offset)
        let index = place / inner % count
        for entry in offset..<offset + run { sums[index] += term(values[entry]) }
        (place, offset) = (place + run, offset + run)
      }
    }
    return sums
  }
}

extension StoredType {
  /// The type as selection knows it; nil for those that it does not.
  var element: ElementType? {
    switch self {
    case .f64: .float64
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .i64: .int64
    case .i32: .int32
    default: nil
    }
  }
}
