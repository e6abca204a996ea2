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

  /// Lays the entries of all parameters and buffers with images' dimensions out in that order:
  /// `module.to(memory_format=torch.channels_last)`. Parameters stay the same objects.
  ///
  /// Convolutions are often faster where channels lie side by side. They follow their weight, and the layers behind them
  /// their input. Results agree with those of the other order up to rounding.
  /// - Parameter format: `.channelsLast` or `.contiguous` for tensors of rank 4, `.channelsLast3d` for those of rank 5.
  @discardableResult
  public final func to(_ format: MemoryFormat) -> Self {
    let ranks = format == .channelsLast3d ? 5...5 : format == .channelsLast ? 4...4 : 4...5
    noGrad {
      for module in namedModules.values {
        for (name, slot) in module.slots {
          switch slot {
          case .parameter(let tensor) where ranks.contains(tensor.rank):
            tensor.setData(tensor.detach().clone(format))
            if let grad = tensor.grad { tensor.grad = grad.clone(format) }
          case .buffer(let tensor) where ranks.contains(tensor.rank):
            module.slots[name] = .buffer(tensor.clone(format))
          default: break
          }
        }
      }
    }
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
