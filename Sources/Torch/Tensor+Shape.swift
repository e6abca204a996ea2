extension Tensor {
  /// The same entries in another shape; one length may be -1, for what is left.
  public func reshape(_ shape: [Int]) -> Tensor { call("reshape", self, shape) }
  /// The same entries in another shape; one length may be -1, for what is left.
  public func reshape(_ shape: Int...) -> Tensor { reshape(shape) }
  /// The same memory in another shape; traps where the layout does not allow it.
  public func view(_ shape: [Int]) -> Tensor { call("view", self, shape) }
  /// The same memory in another shape; traps where the layout does not allow it.
  public func view(_ shape: Int...) -> Tensor { view(shape) }
  /// The same memory read as entries of another dtype; the last dimension grows or shrinks with their size.
  public func view(_ dtype: DType) -> Tensor { call("view.dtype", self, dtype) }
  /// The same memory in the shape of `other`.
  public func view(as other: Tensor) -> Tensor { call("view_as", self, other) }
  /// Dimensions `start` to `end` made one.
  public func flatten(_ start: Int = 0, _ end: Int = -1) -> Tensor { call("flatten.using_ints", self, start, end) }
  /// Dimension `dim` made several, of the lengths given; one may be -1.
  public func unflatten(_ dim: Int, _ lengths: [Int]) -> Tensor { call("unflatten.int", self, dim, lengths) }

  /// Two dimensions exchanged; the memory is shared.
  public func transpose(_ a: Int, _ b: Int) -> Tensor { call("transpose.int", self, a, b) }
  /// A matrix's rows and columns exchanged.
  public var t: Tensor { call("t", self) }
  /// The dimensions in another order; the memory is shared.
  public func permute(_ order: [Int]) -> Tensor { call("permute", self, order) }
  /// The dimensions in another order; the memory is shared.
  public func permute(_ order: Int...) -> Tensor { permute(order) }
  /// Dimension `from` moved to place `to`; the memory is shared.
  public func movedim(_ from: Int, _ to: Int) -> Tensor { call("movedim.int", self, from, to) }
  /// Without the dimensions of length 1.
  public func squeeze() -> Tensor { call("squeeze", self) }
  /// Without dimension `dim`, where its length is 1.
  public func squeeze(_ dim: Int) -> Tensor { call("squeeze.dim", self, dim) }
  /// With a new dimension of length 1.
  public func unsqueeze(_ dim: Int) -> Tensor { call("unsqueeze", self, dim) }

  /// Repeated along dimensions of length 1, without a copy; -1 keeps a length.
  public func expand(_ shape: [Int]) -> Tensor { call("expand", self, shape) }
  /// Repeated along dimensions of length 1 to the shape of `other`, without a copy.
  public func expand(as other: Tensor) -> Tensor { call("expand_as", self, other) }
  /// A copy that holds the tensor so many times along each dimension.
  public func `repeat`(_ counts: Int...) -> Tensor { call("repeat", self, counts) }
  /// A copy with each entry `count` times in a row along `dim`; of the flattened tensor without one.
  public func repeatInterleave(_ count: Int, dim: Int? = nil) -> Tensor {
    call("repeat_interleave.self_int", self, count, dim)
  }
  /// A view of the same memory with the strides given, in entries.
  public func asStrided(_ shape: [Int], strides: [Int]) -> Tensor { call("as_strided", self, shape, strides) }
  /// The order of entries reversed along the dimensions given.
  public func flip(_ dims: [Int]) -> Tensor { call("flip", self, dims) }
  /// The order of entries reversed along the dimensions given.
  public func flip(_ dims: Int...) -> Tensor { flip(dims) }
  /// Entries moved on along dimensions; those that leave at the end come back at the beginning.
  public func roll(_ shifts: [Int], _ dims: [Int]) -> Tensor { call("roll", self, shifts, dims) }
  /// Entries moved on along `dim`; those that leave at the end come back at the beginning.
  public func roll(_ shift: Int, _ dim: Int) -> Tensor { roll([shift], [dim]) }
  /// Pads the last dimensions with `value`: left and right of the last, then of the one before.
  public func pad(_ amounts: [Int], value: Double = 0) -> Tensor { call("constant_pad_nd", self, amounts, value) }
  /// Pads the last dimensions as ``pad(_:value:)``, with the tensor's own entries: `"reflect"`, `"replicate"`,
  /// `"circular"`.
  public func pad(_ amounts: [Int], mode: String) -> Tensor { call("pad", self, amounts, mode) }
}

extension Tensor {
  /// Cut along `dim` into pieces of the length given; the last may be shorter.
  public func split(_ length: Int, dim: Int = 0) -> [Tensor] {
    callList("split.Tensor", self, length, dim, capacity: pieces(dim))
  }
  /// Cut along `dim` into pieces of the lengths given, which must fill it.
  public func split(_ lengths: [Int], dim: Int = 0) -> [Tensor] {
    callList("split_with_sizes", self, lengths, dim, capacity: lengths.count)
  }
  /// Cut along `dim` into `count` pieces.
  public func chunk(_ count: Int, dim: Int = 0) -> [Tensor] {
    callList("chunk", self, count, dim, capacity: Swift.max(count, 1))
  }
  /// The parts along `dim`, without it.
  public func unbind(_ dim: Int = 0) -> [Tensor] { callList("unbind.int", self, dim, capacity: pieces(dim)) }

  /// Joins tensors along an existing dimension.
  public static func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { call("cat", tensors, dim) }
  /// Joins tensors of one shape along a new dimension.
  public static func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor { call("stack", tensors, dim) }

  /// Room for as many results as cutting along `dim` can give; the engine checks `dim` itself.
  private func pieces(_ dim: Int) -> Int {
    let shape = shape
    let place = dim < 0 ? dim + shape.count : dim
    return shape.indices.contains(place) ? Swift.max(shape[place], 1) : 1
  }
}
