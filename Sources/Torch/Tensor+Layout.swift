import CTorch

/// In which order a tensor's entries lie in memory.
public enum MemoryFormat: Int32, Sendable, Hashable, CaseIterable, OperatorArgument {
  // The raw values are those of c10::MemoryFormat.
  /// Last dimension fastest.
  case contiguous = 0
  /// As the tensor that a copy is made from.
  case preserve = 1
  /// For [N, C, H, W]: channels fastest, as if it were [N, H, W, C].
  case channelsLast = 2
  /// For [N, C, D, H, W]: channels fastest.
  case channelsLast3d = 3

  /// The number by which LibTorch knows the format.
  public var operatorValue: OperatorValue { .int(Int(rawValue)) }
}

extension Tensor {
  /// Whether the entries lie without gaps in the order of `format`.
  public func isContiguous(_ format: MemoryFormat) -> Bool {
    var result = false
    require(ct_tensor_is_contiguous(handle, format.rawValue, &result), "isContiguous")
    return result
  }
  /// The tensor itself where its entries lie in order without gaps, otherwise a copy that does.
  public func contiguous() -> Tensor { isContiguous ? self : call("contiguous", self) }
  /// The tensor itself where its entries lie in the order of `format`, otherwise a copy that does.
  public func contiguous(_ format: MemoryFormat) -> Tensor {
    isContiguous(format) ? self : call("contiguous", self, format)
  }
  /// A copy of its own memory, same layout; gradients flow through it.
  public func clone() -> Tensor { call("clone", self) }
  /// A copy of its own memory in the order of `format`; gradients flow through it.
  public func clone(_ format: MemoryFormat) -> Tensor { call("clone", self, keywords: [("memory_format", format)]) }

  /// A copy in the given dtype, or the tensor itself where it has it.
  public func to(_ dtype: DType) -> Tensor { self.dtype == dtype ? self : call("to.dtype", self, dtype) }
  /// A copy on the given device, or the tensor itself where it lies there.
  public func to(_ device: Device) -> Tensor {
    self.device == device ? self : call("to.device", self, device, dtype)
  }
  /// A copy on the given device in the given dtype, or the tensor itself where it is both.
  public func to(_ device: Device, _ dtype: DType) -> Tensor { call("to.device", self, device, dtype) }
}
