import CTorch

/// A Swift type that stands for a ``DType`` in memory.
public protocol TensorElement: Sendable {
  /// The dtype of the same bits.
  static var dtype: DType { get }
}
extension Double: TensorElement {
  /// float64.
  public static var dtype: DType { .float64 }
}
extension Float: TensorElement {
  /// float32.
  public static var dtype: DType { .float32 }
}
#if !(os(macOS) && arch(x86_64))
  extension Float16: TensorElement {
    /// float16.
    public static var dtype: DType { .float16 }
  }
#endif
extension Int64: TensorElement {
  /// int64.
  public static var dtype: DType { .int64 }
}
extension Int: TensorElement {
  /// int64.
  public static var dtype: DType { .int64 }
}
extension Int32: TensorElement {
  /// int32.
  public static var dtype: DType { .int32 }
}
extension Int16: TensorElement {
  /// int16.
  public static var dtype: DType { .int16 }
}
extension Int8: TensorElement {
  /// int8.
  public static var dtype: DType { .int8 }
}
extension UInt8: TensorElement {
  /// uint8.
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorElement {
  /// bool.
  public static var dtype: DType { .bool }
}

extension Tensor {
  /// Reads the entries' bytes, in order, without a copy.
  /// - Precondition: the tensor lies on the CPU and is contiguous; otherwise `cpu().contiguous()` first.
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    let start = address("withUnsafeBytes", writing: false)
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: start, count: count * dtype.byteCount))
  }

  /// Writes the entries' bytes, in order, and counts that as a change in place.
  /// - Precondition: the tensor lies on the CPU and is contiguous.
  public func withUnsafeMutableBytes<R, E: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    let start = address("withUnsafeMutableBytes", writing: true)
    defer {
      require(ct_tensor_bump_version(handle), "withUnsafeMutableBytes")
      withExtendedLifetime(self) {}
    }
    return try body(UnsafeMutableRawBufferPointer(start: start, count: count * dtype.byteCount))
  }

  /// Reads the entries as a typed buffer without a copy.
  /// - Precondition: CPU, contiguous, and `dtype` that of `Element`.
  public func withUnsafeBuffer<Element: TensorElement, R, E: Error>(
    of type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
  ) throws(E) -> R {
    precondition(dtype == Element.dtype, "withUnsafeBuffer: the tensor is \(dtype), not \(Element.dtype)")
    return try withUnsafeBytes { bytes throws(E) in try body(bytes.assumingMemoryBound(to: Element.self)) }
  }

  /// Writes the entries through a typed buffer, and counts that as a change in place.
  /// - Precondition: CPU, contiguous, and `dtype` that of `Element`.
  public func withUnsafeMutableBuffer<Element: TensorElement, R, E: Error>(
    of type: Element.Type, _ body: (UnsafeMutableBufferPointer<Element>) throws(E) -> R
  ) throws(E) -> R {
    precondition(dtype == Element.dtype, "withUnsafeMutableBuffer: the tensor is \(dtype), not \(Element.dtype)")
    return try withUnsafeMutableBytes { bytes throws(E) in try body(bytes.assumingMemoryBound(to: Element.self)) }
  }

  /// Reads the bits of bfloat16 entries, for which Swift has no type: the upper halves of floats.
  /// - Precondition: CPU, contiguous, bfloat16.
  public func withUnsafeBFloat16Bits<R, E: Error>(
    _ body: (UnsafeBufferPointer<UInt16>) throws(E) -> R
  ) throws(E) -> R {
    precondition(dtype == .bfloat16, "withUnsafeBFloat16Bits: the tensor is \(dtype), not bfloat16")
    return try withUnsafeBytes { bytes throws(E) in try body(bytes.assumingMemoryBound(to: UInt16.self)) }
  }

  /// Writes the bits of bfloat16 entries, and counts that as a change in place.
  /// - Precondition: CPU, contiguous, bfloat16.
  public func withUnsafeMutableBFloat16Bits<R, E: Error>(
    _ body: (UnsafeMutableBufferPointer<UInt16>) throws(E) -> R
  ) throws(E) -> R {
    precondition(dtype == .bfloat16, "withUnsafeMutableBFloat16Bits: the tensor is \(dtype), not bfloat16")
    return try withUnsafeMutableBytes { bytes throws(E) in try body(bytes.assumingMemoryBound(to: UInt16.self)) }
  }

  /// The bits of the entries as bfloat16, in order; rounded, and copied from another device, where needed.
  public func bfloat16Bits() -> [UInt16] {
    detach().to(.cpu).to(.bfloat16).contiguous().withUnsafeBFloat16Bits { Array($0) }
  }

  /// A bfloat16 tensor of the bits given, a copy.
  /// - Precondition: the shape takes as many values as there are.
  public convenience init(bfloat16Bits bits: [UInt16], shape: [Int]? = nil) {
    let shape = shape ?? [bits.count]
    precondition(
      Tensor.entries(of: shape) == bits.count, "Tensor: shape \(shape) does not take \(bits.count) values")
    self.init(shape: shape, dtype: .bfloat16) { bytes in
      bits.withUnsafeBytes { if $0.count > 0 { bytes.copyMemory(from: $0) } }
    }
  }

  /// The entries in order, as an array; converted, and copied from another device, where needed.
  public func array<Element: TensorElement>(of type: Element.Type) -> [Element] {
    let plain = detach().to(.cpu).to(Element.dtype).contiguous()
    return plain.withUnsafeBuffer(of: type) { Array($0) }
  }

  /// The first entry's address; traps for memory that Swift cannot walk through.
  func address(_ operation: String, writing: Bool) -> UnsafeMutableRawPointer? {
    Recorder.current?.exposes(self, writing: writing, operation)
    guard device == .cpu else {
      fatalError("\(operation): the tensor lies on \(device); copy it with to(.cpu) first")
    }
    guard isContiguous else {
      fatalError("\(operation): strides \(strides) of shape \(shape) are not contiguous; call contiguous() first")
    }
    var data: UnsafeMutableRawPointer?
    require(ct_tensor_data(handle, &data), operation)
    return data
  }
}
