import Torch

extension Module {
  /// Converts all floating-point parameters and buffers. Parameters stay the same objects, so that optimisers keep
  /// hold of them.
  @discardableResult
  public final func to(_ dtype: DType) -> Self {
    precondition(dtype.isFloatingPoint, "a module can be converted to a floating-point dtype only, not to \(dtype)")
    convert(dtype: dtype, device: nil)
    return self
  }

  /// Moves all parameters and buffers to a device. Parameters stay the same objects.
  /// - Throws: `TorchError.unavailableDevice`, before anything is moved.
  @discardableResult
  public final func to(_ device: Device) throws -> Self {
    try device.require()
    convert(dtype: nil, device: device)
    return self
  }

  private func convert(dtype: DType?, device: Device?) {
    func converted(_ tensor: Tensor) -> Tensor {
      var out = tensor
      if let dtype, tensor.dtype.isFloatingPoint { out = out.to(dtype) }
      if let device { out = out.to(device) }
      return out
    }
    noGrad {
      for module in namedModules.values {
        for (name, slot) in module.slots {
          switch slot {
          case .parameter(let tensor):
            let new = converted(tensor.detach())
            if new.dtype != tensor.dtype || new.device != tensor.device {
              tensor.setData(new)
              if let grad = tensor.grad {
                tensor.grad = nil
                tensor.grad = converted(grad)
              }
            }
          case .buffer(let tensor): module.slots[name] = .buffer(converted(tensor))
          case .computedBuffer(let buffer): buffer.convert(dtype: dtype, device: device)
          case .computed: break
          }
        }
      }
    }
  }
}
