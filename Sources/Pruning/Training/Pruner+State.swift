import NN
import Recipes
import Sparsity
import Torch

extension Pruner {
  /// Where the training stands: steps, updates, gathered evidence and the masks of the beginning, as tensors that go into a
  /// file. The masks of now are part of the model's state.
  ///
  /// A training that was cut off goes on bit for bit: load the model with ``Prune/load(_:into:_:strict:)``, the optimiser, the
  /// generators, and make a pruner with the same recipe that loads this. It says what it belongs to: the weights' paths and
  /// shapes, the recipe, the evidence and the number of steps.
  public var stateDict: StateDict {
    var state: StateDict = [
      "steps_made": Tensor(Int64(stepsMade)), "reached": Tensor(reached),
      "updates": Tensor(
        updates.flatMap { [Double($0.step), $0.sparsity, Double($0.grown)] }, shape: [updates.count, 3]),
    ]
    state.merge(identity.tensors) { first, _ in first }
    for (number, mask) in base.enumerated() {
      guard let mask else { continue }
      let weight = weights.weights[number]
      state["base.\(weight.path)"] = Tensor.make(mask, shape: weight.shape, dtype: .bool)
    }
    guard let collector else { return state }
    state["batches"] = Tensor(Int64(collector.batches))
    for (number, sum) in collector.sums.enumerated() {
      if let sum { state["evidence.\(weights.weights[number].path)"] = sum.clone() }
    }
    return state
  }

  /// Takes over what ``stateDict`` gave.
  ///
  /// - Throws: `ModuleError.stateDict` for a state of another model, recipe, evidence or number of steps; nothing has changed
  ///   then.
  public func loadStateDict(_ state: StateDict) throws {
    let identity = identity
    try identity.check(state, of: "Pruner")
    let paths = Dictionary(uniqueKeysWithValues: weights.weights.enumerated().map { ($1.path, $0) })
    var expected = ["steps_made", "reached", "updates"]
    if collector != nil { expected.append("batches") }
    var masks = [BitMask?](repeating: nil, count: base.count)
    var sums = [Tensor?](repeating: nil, count: base.count)
    var (unexpected, mismatched): ([String], [String]) = ([], [])
    for (name, tensor) in state where !expected.contains(name) && !identity.names(name) {
      let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
      guard parts.count == 2, let number = paths[parts[1]],
        parts[0] == "base" || (parts[0] == "evidence" && collector != nil)
      else {
        unexpected.append(name)
        continue
      }
      let shape = weights.weights[number].shape
      if tensor.shape != shape, parts[0] == "base" || collector?.evidence.isOfInputs != true {
        mismatched.append("\(name): shape \(shape) expected, found \(tensor.shape)")
      } else if parts[0] == "base" {
        masks[number] = tensor.bits()
      } else {
        sums[number] = tensor.to(weights.parameter(number).device).clone()
      }
    }
    let missing = expected.filter { state[$0] == nil }
    if let made = state["steps_made"]?.intItem(), !(0...steps).contains(made) {
      mismatched.append("steps_made: at most \(steps) expected, found \(made)")
    }
    guard missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty else {
      throw ModuleError.stateDict(module: "Pruner", missing: missing, unexpected: unexpected, mismatched: mismatched)
    }
    guard let made = state["steps_made"], let share = state["reached"], let list = state["updates"] else { return }
    stepsMade = made.intItem()
    reached = share.item()
    let numbers = list.array(of: Double.self)
    updates = stride(from: 0, to: numbers.count - 2, by: 3).map {
      Update(step: Int(numbers[$0]), sparsity: numbers[$0 + 1], grown: Int(numbers[$0 + 2]))
    }
    base = masks
    collector?.sums = sums
    collector?.batches = state["batches"]?.intItem() ?? 0
    prepareGradients()
  }

  /// What the state belongs to.
  private var identity: StateIdentity {
    let evidence = recipe.criterion.evidence.rawValue
    return StateIdentity([
      ("weights", weights.identity), ("steps", "\(steps)"), ("criterion", recipe.criterion.signature),
      ("evidence", adam == nil ? evidence : "\(evidence) of Adam"), ("recipe", recipe.settingsIdentity),
    ])
  }
}
