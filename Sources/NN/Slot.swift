import Torch

/// What a name of a ``Module`` stands for. A module keeps all its names in one ordered store, so that a name is never
/// two things at once and the order of parameters and buffers is that of PyTorch.
public enum Slot {
  /// A tensor that an optimiser moves.
  case parameter(Tensor)
  /// A tensor that belongs to the state but is not trained: a running mean.
  case buffer(Tensor)
  /// A plain tensor computed from others, not part of the state: the pruned `weight`.
  case computed(any ComputedTensor)
  /// A buffer of the state that is kept in another form than a tensor: a packed mask.
  case computedBuffer(any ComputedBuffer)
}

/// A tensor that is computed when it is read, so that it can never be stale.
public protocol ComputedTensor: AnyObject {
  /// The tensor, true for what it is computed from as that stands now.
  var value: Tensor { get }
  /// The shape of ``value``, without computing it where that can be avoided.
  var shape: [Int] { get }
  /// The same for a copy of the module it belongs to. The copy's parameters, buffers and the computed slots before this
  /// one are in place already; its hooks are not.
  func copy(for twin: Module) -> Self
}

/// A buffer kept in a form of its own. It reads as a tensor and takes one when a state dict is loaded.
public protocol ComputedBuffer: ComputedTensor {
  /// Counts the changes, so that whoever made something of the buffer knows whether it is still true.
  var version: Int { get }
  /// Checks that ``assign(_:)`` would take the tensor.
  func validate(_ tensor: Tensor) throws
  /// Takes over the entries of `tensor`, which has passed ``validate(_:)``.
  func assign(_ tensor: Tensor)
  /// Moves to another dtype or device, as `Module.to` asks of every floating-point buffer.
  func convert(dtype: DType?, device: Device?)
}

extension ComputedTensor {
  /// The shape of ``value``.
  public var shape: [Int] { value.shape }
}

extension Slot {
  /// The shape of ``tensor``, without computing it where that can be avoided.
  public var shape: [Int] {
    switch self {
    case .parameter(let tensor), .buffer(let tensor): tensor.shape
    case .computed(let computed): computed.shape
    case .computedBuffer(let computed): computed.shape
    }
  }

  /// The tensor behind the name.
  public var tensor: Tensor {
    switch self {
    case .parameter(let tensor), .buffer(let tensor): tensor
    case .computed(let computed): computed.value
    case .computedBuffer(let computed): computed.value
    }
  }

  /// The tensor where this is a parameter.
  public var parameter: Tensor? { if case .parameter(let tensor) = self { tensor } else { nil } }

  /// The tensor where this is a buffer of either kind.
  public var buffer: Tensor? {
    switch self {
    case .buffer(let tensor): tensor
    case .computedBuffer(let computed): computed.value
    default: nil
    }
  }

  /// Whether the name belongs to the state dict as a buffer.
  var isBuffer: Bool {
    switch self {
    case .buffer, .computedBuffer: true
    default: false
    }
  }
}
