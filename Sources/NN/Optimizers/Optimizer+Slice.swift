import Torch

extension Optimizer {
  /// Leaves a parameter only the entries at `indices` along `dim`, in that order, and likewise its gradient and what is
  /// kept of it between steps, so that training goes on with a smaller layer.
  ///
  /// The parameter stays the same object for the module and everyone else who holds it, and the sizes of layers follow
  /// their tensors:
  /// ```swift
  /// try optimizer.slice(net.fc1.weight, dim: 0, indices: kept)  // outputs
  /// try optimizer.slice(net.fc1.bias!, dim: 0, indices: kept)
  /// try optimizer.slice(net.fc2.weight, dim: 1, indices: kept)  // the inputs that they fed
  /// ```
  /// Make the pruning of a tensor permanent before it is sliced: masks are not.
  /// - Throws: ``ModuleError/foreignParameter(shape:optimizer:)`` for a tensor that is not among the parameters.
  /// - Precondition: `dim` (negative from the end) and the positions are within the parameter's shape.
  public func slice(_ parameter: Tensor, dim: Int, indices: [Int]) throws(ModuleError) {
    let shape = parameter.shape
    guard holds(parameter) else { throw .foreignParameter(shape: shape, optimizer: "\(Self.self)") }
    let resolved = dim < 0 ? dim + shape.count : dim
    precondition(shape.indices.contains(resolved), "slice: dim \(dim) is not a dimension of shape \(shape)")
    precondition(
      indices.allSatisfy { (0..<shape[resolved]).contains($0) },
      "slice: positions must lie in 0..<\(shape[resolved]), found \(indices)")
    noGrad {
      let positions = Tensor(indices).to(parameter.device)
      func part(_ tensor: Tensor) -> Tensor { tensor.part(resolved, positions) }
      let gradient = parameter.grad
      parameter.grad = nil
      parameter.setData(part(parameter.detach()))
      parameter.grad = gradient.map(part)
      transformState(of: parameter) { $0.shape == shape ? part($0) : $0 }
      for hook in stepHooks.hooks.values { hook.didSlice(parameter, dim: resolved, indices: positions) }
    }
  }
}

extension Tensor {
  /// The entries at some positions of a dimension, with channels side by side where they were so.
  package func part(_ dim: Int, _ positions: Tensor) -> Tensor {
    let part = indexSelect(dim, positions)
    return rank == 4 && !isContiguous && isContiguous(.channelsLast) ? part.contiguous(.channelsLast) : part
  }
}
