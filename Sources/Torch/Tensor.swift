import CTorch

/// An array of numbers of any rank: LibTorch's tensor, with its memory, device and gradient history.
///
/// A `Tensor` is a reference: two variables may name the same one, and operators that end in an underscore in Python
/// (here ``addInPlace(_:scale:)`` and its kin) change it for both. Tensors are not `Sendable`; hand one to another thread with `sending`.
///
/// ```swift
/// let x = Tensor([[1, 2], [3, 4]] as [[Float]])
/// print(x.matmul(x))
/// // tensor([[ 7., 10.],
/// //         [15., 22.]])
/// ```
public final class Tensor {
  /// The engine's tensor, of which this object owns one reference.
  let handle: ct_tensor

  /// Takes over a reference that the boundary handed out.
  init(owning handle: ct_tensor) { self.handle = handle }

  deinit { ct_tensor_release(handle) }
}

extension Tensor {
  /// What the engine says of the tensor, read once.
  func info<R>(_ body: (ct_info) -> R) -> R {
    var info = ct_info()
    require(ct_tensor_info(handle, &info), "Tensor")
    defer { withExtendedLifetime(self) {} }
    return body(info)
  }

  /// The lengths along each dimension: `[]` for a single number.
  public var shape: [Int] { info { (0..<Int($0.rank)).map { [sizes = $0.sizes!] in Int(sizes[$0]) } } }

  /// How many entries lie in memory between neighbours along each dimension.
  public var strides: [Int] {
    info {
      guard let strides = $0.strides else { fatalError("strides: the tensor's layout has none; call to_dense first") }
      return (0..<Int($0.rank)).map { Int(strides[$0]) }
    }
  }

  /// The number of dimensions.
  public var rank: Int { info { Int($0.rank) } }

  /// The number of entries: PyTorch's `numel()`.
  public var count: Int { info { Int($0.count) } }

  /// The type of the entries.
  public var dtype: DType {
    info {
      guard let dtype = DType(rawValue: $0.dtype) else {
        fatalError("a tensor of a dtype that Bonsai does not name (c10::ScalarType \($0.dtype))")
      }
      return dtype
    }
  }

  /// Where the tensor lies.
  public var device: Device {
    info {
      let type = $0.device_type
      guard let kind = Device.Kind(engineType: type) else {
        fatalError("a tensor on a device that Bonsai does not name (c10::DeviceType \(type))")
      }
      return Device(kind, index: Int($0.device_index))
    }
  }

  /// Whether the entries lie in memory without gaps, last dimension fastest.
  public var isContiguous: Bool { info { $0.is_contiguous } }

  /// How often the tensor's memory has been changed in place; views share the count. It tells whether something
  /// computed from the tensor is still true.
  public var version: Int {
    var version: Int64 = 0
    require(ct_tensor_version(handle, &version), "version")
    return Int(version)
  }

  /// Whether both variables stand for the engine's same tensor, as Python's `is`.
  public func isSame(as other: Tensor) -> Bool { handle == other.handle }

  /// What identifies the engine's tensor while it lives.
  public var identity: UnsafeRawPointer { UnsafeRawPointer(handle) }

  /// Whether both tensors' memory belongs to one storage, as a view's and its base's does.
  public func sharesStorage(with other: Tensor) -> Bool {
    func storage(_ tensor: Tensor) -> UnsafeRawPointer? {
      var out: UnsafeRawPointer?
      require(ct_tensor_storage(tensor.handle, &out), "sharesStorage")
      return out
    }
    return storage(self) == storage(other)
  }
}
