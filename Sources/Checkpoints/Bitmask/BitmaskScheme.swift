extension SparseBitmask {
  /// The endings of the four tensors that stand for one, and of the fifth where there are negative zeros.
  enum Part: String, CaseIterable {
    case shape, compressed, bitmask
    case rowOffsets = "row_offsets"
    case negativeZeros = "negative_zeros"
  }

  /// How the parts of a tensor are called, and what a row is.
  enum Scheme {
    /// `fc.bitmask` for `fc.weight`, rows along the last dimension: matrices as compressed-tensors packs them.
    case compressedTensors
    /// `NAME:bitmask`, all elements in one row: every other tensor. Rows along the last dimension of a convolution have
    /// three elements or five, and would cost more than their zeros save.
    case own

    private static let weightSuffix = ".weight"

    /// The scheme by which a tensor is packed.
    init(_ tensor: TensorInfo) {
      let isMatrix = tensor.shape.count <= 2
      self = isMatrix && tensor.name.hasSuffix(Self.weightSuffix) ? .compressedTensors : .own
    }

    /// The name of a part.
    func name(of part: Part, for name: String) -> String {
      switch self {
      case .compressedTensors: "\(name.dropLast(Self.weightSuffix.count)).\(part.rawValue)"
      case .own: "\(name):\(part.rawValue)"
      }
    }

    /// The tensor that a name is a part of by its ending, and the scheme; nil for other names.
    static func whole(_ part: Part, named name: String) -> (name: String, scheme: Scheme)? {
      let stem = name.dropLast(part.rawValue.count + 1)
      if name.hasSuffix(".\(part.rawValue)") { return (stem + weightSuffix, .compressedTensors) }
      return name.hasSuffix(":\(part.rawValue)") ? (String(stem), .own) : nil
    }
  }
}
