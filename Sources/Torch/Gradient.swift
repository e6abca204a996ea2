import CTorch

/// Runs `body` without recording gradients: `torch.no_grad()`. Holds for this thread only.
public func noGrad<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
  let before = ct_grad_enabled()
  ct_set_grad_enabled(false)
  defer { ct_set_grad_enabled(before) }
  return try body()
}

/// Runs `body` with gradients recorded, also within ``noGrad(_:)``: `torch.enable_grad()`.
public func enableGrad<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
  let before = ct_grad_enabled()
  ct_set_grad_enabled(true)
  defer { ct_set_grad_enabled(before) }
  return try body()
}

/// Whether operators record gradients on this thread.
public var isGradEnabled: Bool { ct_grad_enabled() }

extension Tensor {
  /// Whether gradients are recorded for what is computed from this tensor. Can be set on leaves only.
  public var requiresGrad: Bool {
    get { info { $0.requires_grad } }
    set { require(ct_tensor_set_requires_grad(handle, newValue), "requiresGrad") }
  }

  /// Sets ``requiresGrad`` and returns the same tensor: `requires_grad_()`.
  @discardableResult
  public func requiringGrad(_ value: Bool = true) -> Tensor {
    requiresGrad = value
    return self
  }

  /// Whether the tensor was made by the user and not computed from others that require gradients.
  public var isLeaf: Bool { info { $0.is_leaf } }

  /// The gradient that ``backward(gradient:retainGraph:createGraph:)`` has summed up, of this tensor's shape; nil where there is none.
  public var grad: Tensor? {
    get {
      var out: ct_tensor?
      require(ct_tensor_grad(handle, &out), "grad")
      return out.map(Tensor.init(owning:))
    }
    set { require(ct_tensor_set_grad(handle, newValue?.handle), "grad") }
  }

  /// The name of the operation that computed the tensor, as `MulBackward0`; nil for a leaf.
  public var gradFunctionName: String? {
    var out: UnsafeMutablePointer<CChar>?
    require(ct_tensor_grad_fn(handle, &out), "gradFunctionName")
    return message(of: out)
  }

  /// Adds the gradient of this tensor to ``grad`` of every leaf it was computed from.
  /// - Parameters:
  ///   - gradient: The gradient of the final result with respect to this tensor, of the same shape; may be left out for
  ///     a tensor of one entry.
  ///   - retainGraph: Whether the recorded operations are kept, for a second call.
  ///   - createGraph: Whether the gradients can themselves be differentiated; keeps the recorded operations as well.
  public func backward(gradient: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false) {
    Recorder.current?.note(.unheard, "backward", self)
    require(ct_tensor_backward(handle, gradient?.handle, retainGraph || createGraph, createGraph), "backward")
  }

  /// The gradients of `outputs` with respect to `inputs`, without touching anyone's ``grad``: `torch.autograd.grad`.
  /// - Parameters:
  ///   - outputs: What is differentiated; their gradients are added up.
  ///   - inputs: What it is differentiated by.
  ///   - outputGradients: The gradient of the final result with respect to each output; may be left out for outputs of
  ///     one entry.
  ///   - retainGraph: Whether the recorded operations are kept, for a second call.
  ///   - createGraph: Whether the gradients can themselves be differentiated; keeps the recorded operations as well.
  ///   - allowUnused: Whether an input may have no part in the outputs; otherwise that traps.
  /// - Returns: A gradient for each input, of its shape; nil for one that has no part in the outputs.
  public static func gradients(
    of outputs: [Tensor], by inputs: [Tensor], outputGradients: [Tensor?]? = nil, retainGraph: Bool = false,
    createGraph: Bool = false, allowUnused: Bool = false
  ) -> [Tensor?] {
    precondition(
      outputGradients == nil || outputGradients?.count == outputs.count,
      "gradients: \(outputs.count) outputs with \(outputGradients?.count ?? 0) gradients")
    Recorder.current?.note(.unheard, "gradients")
    var found = [ct_tensor?](repeating: nil, count: inputs.count)
    let error = ct_gradients(
      outputs.map(\.handle), outputGradients?.map { $0?.handle }, Int32(outputs.count), inputs.map(\.handle),
      Int32(inputs.count), retainGraph || createGraph, createGraph, allowUnused, &found)
    withExtendedLifetime((outputs, inputs, outputGradients)) {}
    require(error, "gradients")
    return found.map { $0.map(Tensor.init(owning:)) }
  }

  /// The same entries without gradient history; the memory is shared.
  public func detach() -> Tensor { call("detach", self) }

  /// Puts the memory, shape and dtype of `source` into this tensor, which stays the same object for whoever holds it:
  /// Python's `tensor.data = source`. The gradient history of `source` is not taken over.
  public func setData(_ source: Tensor) {
    Recorder.current?.note(.unheard, "setData", self)
    require(ct_tensor_set_data(handle, source.handle), "setData")
  }
}
