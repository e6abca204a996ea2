import NN
import Recipes
import Torch

extension EvidenceCollector {
  /// Gathers the Hessian of a loss times its gradient, both of the mean over batches, for `GraSP`.
  ///
  /// Both are of the weights alone, parameters of two dimensions or more, as the authors have it. Each loss is computed twice: once for the gradient of all of them, then for the Hessian, a batch at a time.
  ///
  /// - Parameter losses: Each computes the loss of a batch anew, the same each time: without dropout.
  /// - Precondition: the collector is for products of Hessian and gradient.
  public func collect(losses: [() throws -> Tensor]) throws {
    precondition(evidence == .hessianGradients, "collect(losses:): the collector gathers \(evidence.rawValue)")
    guard !losses.isEmpty else { return }
    let numbers = numbers.filter { weights.weights[$0].shape.count > 1 }
    let parameters = numbers.map { weights.parameter($0) }
    var means = [Tensor?](repeating: nil, count: parameters.count)
    for loss in losses {
      let gradients = Tensor.gradients(of: [try loss()], by: parameters, allowUnused: true)
      for (index, gradient) in gradients.enumerated() {
        guard let gradient else { continue }
        let part = gradient.detach() / Double(losses.count)
        means[index] = means[index].map { $0 + part } ?? part
      }
    }
    for loss in losses {
      let gradients = Tensor.gradients(of: [try loss()], by: parameters, createGraph: true, allowUnused: true)
      var product: Tensor?
      for (gradient, mean) in zip(gradients, means) {
        guard let gradient, let mean, gradient.requiresGrad else { continue }
        let part = (gradient * mean).sum()
        product = product.map { $0 + part } ?? part
      }
      batches += 1
      guard let product else { continue }
      for (number, found) in zip(numbers, Tensor.gradients(of: [product], by: parameters, allowUnused: true)) {
        guard let found = found?.detach() else { continue }
        if let sum = sums[number] { noGrad { _ = sum.addInPlace(found) } } else { sums[number] = found.clone() }
      }
    }
  }

  /// Gathers synaptic flow, for `SynFlow`: the gradient of the sum of the outputs for an input of ones, with all parameters and
  /// buffers replaced by their magnitudes meanwhile, and the model in evaluation. No data is needed.
  ///
  /// - Parameters:
  ///   - model: The collector's model.
  ///   - example: An input of the right shape; its first sample is what counts.
  /// - Throws: `RecipeError` where the flow is too large for the model's type; the model is as it was.
  /// - Precondition: the collector is for synaptic flow.
  public func collect(flowThrough model: Module, example: Tensor) throws {
    precondition(evidence == .synapticFlow, "collect(flowThrough:): the collector gathers \(evidence.rawValue)")
    let parameters = numbers.map { weights.parameter($0) }
    let plain = model.namedModules.values.flatMap { module in
      module.slots.values.compactMap { slot -> Tensor? in
        if case .buffer(let tensor) = slot { tensor } else { slot.parameter }
      }
    }
    let tensors = plain.filter(\.dtype.isFloatingPoint)
    let before = noGrad { tensors.map { $0.detach().clone() } }
    noGrad { for tensor in tensors { _ = tensor.copy(from: tensor.detach().abs()) } }
    defer { noGrad { for (tensor, value) in zip(tensors, before) { _ = tensor.copy(from: value) } } }
    let ones = example.narrow(0, start: 0, length: 1).onesLike()
    let flow = model.evaluating { model(ones).sum() }
    guard flow.item().isFinite else {
      throw RecipeError(
        .notANumber, "gather synaptic flow", expected: "a finite sum of outputs", found: "\(flow.item())",
        advice: "convert the model to float64 meanwhile")
    }
    batches += 1
    for (number, found) in zip(numbers, Tensor.gradients(of: [flow], by: parameters, allowUnused: true)) {
      guard let found = found?.detach() else { continue }
      if let sum = sums[number] { noGrad { _ = sum.addInPlace(found) } } else { sums[number] = found.clone() }
    }
  }
}
