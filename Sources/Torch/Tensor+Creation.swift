import CTorch

extension Tensor {
  /// The numbers of `values` in the given shape, a copy. A list alone makes a tensor of one dimension.
  /// - Precondition: the shape takes as many values as there are; ``make(_:shape:)`` throws instead.
  public convenience init<Element: TensorElement>(_ values: [Element], shape: [Int]? = nil) {
    let shape = shape ?? [values.count]
    precondition(
      Tensor.entries(of: shape) == values.count, "Tensor: shape \(shape) does not take \(values.count) values")
    self.init(shape: shape, dtype: Element.dtype) { bytes in
      values.withUnsafeBytes { if $0.count > 0 { bytes.copyMemory(from: $0) } }
    }
  }

  /// A matrix of the rows given.
  /// - Precondition: all rows have the same length.
  public convenience init<Element: TensorElement>(_ rows: [[Element]]) {
    let width = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == width }, "Tensor: the rows are of different lengths")
    self.init(rows.flatMap { $0 }, shape: [rows.count, width])
  }

  /// A single number, of rank 0.
  public convenience init<Element: TensorElement>(_ value: Element) { self.init([value], shape: []) }

  /// New memory that `fill` writes in full.
  public convenience init(shape: [Int], dtype: DType, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    self.init(sharing: Tensor.empty(shape, dtype: dtype))
    let start = address("Tensor", writing: true)
    try fill(UnsafeMutableRawBufferPointer(start: start, count: count * dtype.byteCount))
  }

  /// The numbers of `values` in the given shape, a copy.
  /// - Throws: ``TorchError/count(expected:shape:found:)`` where their number does not fit.
  public static func make<Element: TensorElement>(_ values: [Element], shape: [Int]) throws(TorchError) -> Tensor {
    let expected = entries(of: shape)
    guard expected == values.count else { throw .count(expected: expected ?? 0, shape: shape, found: values.count) }
    return Tensor(values, shape: shape)
  }

  /// A tensor over foreign memory, without a copy; `owner` is kept alive as long as the tensor's memory is, views of it
  /// and gradients' history included. The memory must not be written to where it is mapped read-only.
  /// - Precondition: the bytes are exactly those of the shape.
  public static func wrapping(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject
  ) -> Tensor {
    precondition(
      bytes.count % dtype.byteCount == 0 && entries(of: shape) == bytes.count / dtype.byteCount,
      "wrapping: \(bytes.count) bytes do not fill shape \(shape) of \(dtype)")
    var out: ct_tensor?
    let context = Unmanaged.passRetained(owner).toOpaque()
    let error = shape.map(Int64.init).withUnsafeBufferPointer { sizes in
      ct_tensor_wrap(
        UnsafeMutableRawPointer(mutating: bytes.baseAddress), sizes.baseAddress, Int32(shape.count), dtype.rawValue,
        { Unmanaged<AnyObject>.fromOpaque($0!).release() }, context, &out)
    }
    require(error, "wrapping")
    guard let out else { fatalError("wrapping: no tensor") }
    return Tensor(owning: out)
  }

  /// The number of entries of a shape; nil where it is none, negative or too large.
  static func entries(of shape: [Int]) -> Int? {
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard length >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }

  /// A second object for the engine's same tensor.
  private convenience init(sharing other: Tensor) { self.init(owning: ct_tensor_retain(other.handle)) }
}

extension Tensor {
  static func placed(_ dtype: DType?, _ device: Device) -> [OperatorKeyword] {
    [("dtype", dtype), ("device", device)]
  }

  /// Memory of unspecified content.
  public static func empty(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    call("empty.memory_format", shape, keywords: placed(dtype, device))
  }

  /// A tensor of unspecified content with the strides given, in entries: `empty_strided`.
  public static func emptyStrided(_ shape: [Int], strides: [Int], dtype: DType, device: Device = .cpu) -> Tensor {
    call("empty_strided", shape, strides, keywords: [("dtype", dtype), ("device", device)])
  }

  /// All zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    call("zeros", shape, keywords: placed(dtype, device))
  }

  /// All ones.
  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    call("ones", shape, keywords: placed(dtype, device))
  }

  /// One number everywhere.
  public static func full(
    _ shape: [Int], _ value: some TensorScalar, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    call("full", shape, value, keywords: placed(dtype, device))
  }

  /// `start`, `start + step`, ... up to but without `end`; int64 unless a dtype is given.
  public static func arange(
    _ start: Int = 0, to end: Int, step: Int = 1, dtype: DType? = nil, device: Device = .cpu
  ) -> Tensor {
    call("arange.start_step", start, end, step, keywords: placed(dtype, device))
  }

  /// `start`, `start + step`, ... up to but without `end`; float32 unless a dtype is given.
  public static func arange(
    _ start: Double = 0, to end: Double, step: Double = 1, dtype: DType? = nil, device: Device = .cpu
  ) -> Tensor {
    call("arange.start_step", start, end, step, keywords: placed(dtype, device))
  }

  /// `count` numbers at equal distances from `start` to `end`, both included.
  public static func linspace(_ start: Double, _ end: Double, count: Int, dtype: DType = .float32) -> Tensor {
    call("linspace", start, end, count, keywords: placed(dtype, .cpu))
  }

  /// The unit matrix of `n` rows.
  public static func eye(_ n: Int, dtype: DType = .float32) -> Tensor { call("eye", n, keywords: placed(dtype, .cpu)) }

  /// Zeros of this tensor's shape, dtype, layout and device.
  public func zerosLike(dtype: DType? = nil) -> Tensor { call("zeros_like", self, keywords: [("dtype", dtype)]) }

  /// Ones of this tensor's shape, dtype, layout and device.
  public func onesLike(dtype: DType? = nil) -> Tensor { call("ones_like", self, keywords: [("dtype", dtype)]) }

  /// One number everywhere, of this tensor's shape, dtype, layout and device.
  public func fullLike(_ value: some TensorScalar, dtype: DType? = nil) -> Tensor {
    call("full_like", self, value, keywords: [("dtype", dtype)])
  }

  /// Memory of this tensor's shape, dtype, layout and device, of unspecified content.
  public func emptyLike(dtype: DType? = nil) -> Tensor { call("empty_like", self, keywords: [("dtype", dtype)]) }
}
