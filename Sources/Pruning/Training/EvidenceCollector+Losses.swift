import NN
import Recipes
import Torch

extension EvidenceCollector {
  /// Gathers the Hessian of a loss times its gradient, both of the mean over batches, for `GraSP`.
  ///
  /// Both are of the weights alone, parameters of two dimensions or more, as the authors have it; frozen ones have no part.
  /// Each loss is computed twice: once for the gradient of all of them, then for the Hessian, a batch at a time. The second
  /// time the default generators stand where they stood the first time, so that dropout zeroes the same entries.
  ///
  /// - Parameter losses: Each computes the loss of a batch anew, the same each time but for numbers of the default generators.
  /// - Throws: What a loss throws, and `RecipeError` where a weight that is to be pruned is frozen.
  /// - Precondition: the collector is for products of Hessian and gradient.
  public func collect(losses: [() throws -> Tensor]) throws {
    precondition(evidence == .hessianGradients, "collect(losses:): the collector gathers \(evidence.rawValue)")
    let numbers = try differentiable().filter { weights.weights[$0].shape.count > 1 }
    guard !losses.isEmpty, !numbers.isEmpty else { return }
    let parameters = numbers.map { weights.parameter($0) }
    let random = RandomStates(of: parameters)
    var means = [Tensor?](repeating: nil, count: parameters.count)
    for (number, loss) in losses.enumerated() {
      random.keep(number)
      let loss = try loss()
      guard loss.requiresGrad else { continue }
      let gradients = Tensor.gradients(of: [loss], by: parameters, allowUnused: true)
      for (index, gradient) in gradients.enumerated() {
        guard let gradient else { continue }
        let part = gradient.detach().widened / Double(losses.count)
        means[index] = means[index].map { $0 + part } ?? part
      }
    }
    for (number, loss) in losses.enumerated() {
      random.restore(number)
      let loss = try loss()
      guard loss.requiresGrad else { continue }
      let gradients = Tensor.gradients(of: [loss], by: parameters, createGraph: true, allowUnused: true)
      var product: Tensor?
      for (gradient, mean) in zip(gradients, means) {
        guard let gradient, let mean, gradient.requiresGrad else { continue }
        let part = (gradient * mean).sum()
        product = product.map { $0 + part } ?? part
      }
      batches += 1
      guard let product else { continue }
      add(Tensor.gradients(of: [product], by: parameters, allowUnused: true), of: numbers)
    }
  }

  /// The weights of which gradients can be asked for.
  ///
  /// - Throws: `RecipeError` where one that is to be pruned is frozen.
  private func differentiable() throws -> [Int] {
    if isOfPlan { try weights.requireGradients(of: numbers, for: evidence) }
    return numbers.filter { weights.parameter($0).requiresGrad }
  }

  private func add(_ gradients: [Tensor?], of numbers: [Int]) {
    for (number, found) in zip(numbers, gradients) {
      guard let found = found?.detach().widened else { continue }
      if let sum = sums[number] { noGrad { _ = sum.addInPlace(found) } } else { sums[number] = found.clone() }
    }
  }

  /// Gathers synaptic flow, for `SynFlow`: the gradient of the sum of the outputs for an input of ones, with all parameters and
  /// buffers replaced by their magnitudes meanwhile, and the model in evaluation. No data is needed. Frozen weights have no part.
  ///
  /// - Parameters:
  ///   - model: The collector's model.
  ///   - example: An input of the right shape; its first sample is what counts.
  /// - Throws: `RecipeError` where the flow is too large for the model's type, or a weight that is to be pruned is frozen; the
  ///   model is as it was.
  /// - Precondition: the collector is for synaptic flow.
  public func collect(flowThrough model: Module, example: Tensor) throws {
    precondition(evidence == .synapticFlow, "collect(flowThrough:): the collector gathers \(evidence.rawValue)")
    let numbers = try differentiable()
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
    guard flow.requiresGrad, !parameters.isEmpty else { return }
    add(Tensor.gradients(of: [flow], by: parameters, allowUnused: true), of: numbers)
  }
}
