extension Tensor {
  /// A copy in the given dtype, or the tensor itself where it has it.
  public func to(_ dtype: DType) -> Tensor { self.dtype == dtype ? self : call("to.dtype", self, dtype) }

  /// A copy on the given device, or the tensor itself where it lies there.
  public func to(_ device: Device) -> Tensor {
    self.device == device ? self : call("to.device", self, device, dtype)
  }

  /// A copy of its own memory, same layout; gradients flow through it.
  public func clone() -> Tensor { call("clone", self) }

  /// The tensor itself where its entries lie in order without gaps, otherwise a copy that does.
  public func contiguous() -> Tensor { isContiguous ? self : call("contiguous", self) }

  /// The same entries in another shape; one length may be -1, for what is left.
  public func reshape(_ shape: [Int]) -> Tensor { call("reshape", self, shape) }

  /// The same entries in another shape; one length may be -1, for what is left.
  public func reshape(_ shape: Int...) -> Tensor { reshape(shape) }

  /// The same memory in another shape; traps where the layout does not allow it.
  public func view(_ shape: Int...) -> Tensor { call("view", self, shape) }

  /// Dimensions `start` to `end` made one.
  public func flatten(_ start: Int = 0, _ end: Int = -1) -> Tensor { call("flatten.using_ints", self, start, end) }

  /// Two dimensions exchanged; the memory is shared.
  public func transpose(_ a: Int, _ b: Int) -> Tensor { call("transpose.int", self, a, b) }

  /// A matrix's rows and columns exchanged.
  public var t: Tensor { call("t", self) }

  /// The dimensions in another order; the memory is shared.
  public func permute(_ order: Int...) -> Tensor { call("permute", self, order) }

  /// Without the dimensions of length 1.
  public func squeeze() -> Tensor { call("squeeze", self) }

  /// Without dimension `dim`, where its length is 1.
  public func squeeze(_ dim: Int) -> Tensor { call("squeeze.dim", self, dim) }

  /// With a new dimension of length 1.
  public func unsqueeze(_ dim: Int) -> Tensor { call("unsqueeze", self, dim) }

  /// Repeated along dimensions of length 1, without a copy; -1 keeps a length.
  public func expand(_ shape: [Int]) -> Tensor { call("expand", self, shape) }

  /// A view of the same memory with the strides given, in entries.
  public func asStrided(_ shape: [Int], strides: [Int]) -> Tensor { call("as_strided", self, shape, strides) }

  /// The order of entries reversed along the dimensions given.
  public func flip(_ dims: Int...) -> Tensor { call("flip", self, dims) }

  /// Pads the last dimensions with `value`: left and right of the last, then of the one before.
  public func pad(_ amounts: [Int], value: Double = 0) -> Tensor { call("constant_pad_nd", self, amounts, value) }

  /// Cut along `dim` into pieces of the length given; the last may be shorter.
  public func split(_ length: Int, dim: Int = 0) -> [Tensor] {
    callList("split.Tensor", self, length, dim, capacity: shape[dim < 0 ? dim + rank : dim] + 1)
  }

  /// Cut along `dim` into `count` pieces.
  public func chunk(_ count: Int, dim: Int = 0) -> [Tensor] { callList("chunk", self, count, dim, capacity: count) }

  /// Joins tensors along an existing dimension.
  public static func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { call("cat", tensors, dim) }

  /// Joins tensors of one shape along a new dimension.
  public static func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor { call("stack", tensors, dim) }
}
