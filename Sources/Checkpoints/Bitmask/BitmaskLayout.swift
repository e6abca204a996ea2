extension SparseBitmask {
  /// A dense tensor seen as rows, and the sizes that follow from it.
  struct Layout {
    let rows: Int
    let columns: Int
    let width: Int
    let byteCount: Int
    let kernel: BitmaskKernel

    /// Nil for packed types narrower than a byte, and for shapes whose sizes leave `Int`.
    init?(type: StoredType, shape: [Int], scheme: Scheme = .compressedTensors) {
      guard let width = type.byteCount, let byteCount = type.byteCount(shape: shape) else { return nil }
      let shape = scheme == .own ? [byteCount / width] : shape
      guard let rows = StoredType.elementCount(shape: Array(shape.dropLast())), rows <= Int.max / 16 else { return nil }
      self.width = width
      self.byteCount = byteCount
      self.rows = rows
      columns = shape.last ?? 1
      kernel = BitmaskKernel(width: width, mask: Self.magnitude(type))
    }

    /// The bits that tell an element from zero. Types without a negative zero have their sign bit among them.
    private static func magnitude(_ type: StoredType) -> UInt64 {
      switch type {
      case .f8E4M3, .f8E5M2: 0x7f
      case .f16, .bf16: 0x7fff
      case .f32: 0x7fff_ffff
      case .f64: 0x7fff_ffff_ffff_ffff
      default: .max
      }
    }

    /// Bytes of a row's bits.
    var rowBytes: Int { columns / 8 + (columns % 8 == 0 ? 0 : 1) }

    /// Bytes of all bits: at most those of the dense tensor and one for each row.
    var bitmaskCount: Int { rows * rowBytes }

    /// Whether the bits behind a row's last element are zero.
    func hasZeroPadding(_ bits: ArraySlice<UInt8>) -> Bool {
      guard columns % 8 != 0, let last = bits.last else { return true }
      return last >> UInt8(columns % 8) == 0
    }

    /// The kept elements of a whole tensor or of a block of it.
    func values(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
      guard let source = bytes.baseAddress else { return [] }
      return [UInt8](unsafeUninitializedCapacity: bytes.count + width) { buffer, count in
        guard let target = buffer.baseAddress else { return }
        count = width * kernel.compact(source, count: bytes.count / width, into: UnsafeMutableRawPointer(target))
      }
    }

    /// What is wrong with some rows of bits, or with what they say.
    struct Contradiction: Error {
      var expected: String
      var found: String
    }

    /// The dense elements of some rows, or of a part of one row.
    ///
    /// - Parameters:
    ///   - rows: how many rows, each of `columns` elements.
    ///   - isLast: whether the part ends with the row.
    ///   - rowOffset: checks how many elements are kept before a row.
    /// - Returns: the dense bytes; `kept` has moved on by the ones in `bits`.
    func expand(
      bits: [UInt8], negativeZeros: [UInt8]?, values: [UInt8], rows: Int, columns: Int, isLast: Bool,
      rowOffset: (_ row: Int, _ used: Int) throws(Contradiction) -> Void
    ) throws(Contradiction) -> [UInt8] {
      let rowBytes = (columns + 7) / 8
      var dense = [UInt8](repeating: 0, count: rows * columns * width)
      var used = 0
      for row in 0..<rows {
        try rowOffset(row, used)
        let range = row * rowBytes..<(row + 1) * rowBytes
        let kept = bits[range]
        let zeros = negativeZeros.map { $0[range] } ?? []
        guard !isLast || (hasZeroPadding(kept) && hasZeroPadding(zeros)) else {
          throw Contradiction(expected: "zeros behind the last element of a row", found: "ones")
        }
        guard zip(kept, zeros).allSatisfy({ $0 & $1 == 0 }) else {
          throw Contradiction(expected: "elements either kept or negative zeros", found: "one that is both")
        }
        guard values.count - used * width >= kept.reduce(0, { $0 + $1.nonzeroBitCount }) * width else {
          throw Contradiction(expected: "a value for every bit that is set", found: "too few values")
        }
        dense.withUnsafeMutableBytes { target in
          guard let target = target.baseAddress.map({ $0 + row * columns * width }) else { return }
          kept.withUnsafeBufferPointer { bits in
            values.withUnsafeBytes { values in
              if let values = values.baseAddress {
                used += kernel.expand(bits, values: values + used * width, into: target)
              }
            }
          }
          zeros.withUnsafeBufferPointer { bits in _ = kernel.expand(bits, values: nil, into: target) }
        }
      }
      return dense
    }
  }
}
