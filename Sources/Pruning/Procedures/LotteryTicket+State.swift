import NN
import Recipes
import Torch

extension LotteryTicket {
  /// Where the trainings stand, as tensors that go into a file, with what experiment it is: recipe, rounds, step to rewind to,
  /// controls, seed and steps.
  public var stateDict: StateDict {
    var state: StateDict = ["masked": Tensor(Int64(masked))]
    state.merge(identity.tensors) { first, _ in first }
    for (part, tensors) in [("first", first), ("early", early), ("model", model.stateDict)] {
      for (name, tensor) in tensors { state["\(part).\(name)"] = tensor }
    }
    let numbers = outcomes.flatMap { outcome -> [Double] in
      let kind = Kind.allCases.firstIndex(of: outcome.kind) ?? 0
      return [Double(outcome.round), Double(kind), outcome.sparsity, outcome.value]
    }
    state["outcomes"] = Tensor(numbers, shape: [outcomes.count, 4])
    return state
  }

  /// Takes over what ``stateDict`` of the same experiment gave.
  ///
  /// - Throws: `ModuleError.stateDict` for a state of another model or experiment; nothing has changed then.
  public func loadStateDict(_ state: StateDict) throws {
    try identity.check(state, of: "LotteryTicket")
    func part(_ name: String) -> StateDict {
      let keys = state.keys.filter { $0.hasPrefix(name + ".") }
      return StateDict(
        uniqueKeysWithValues: keys.compactMap { key in
          state[key].map { (String(key.dropFirst(name.count + 1)), $0.clone()) }
        })
    }
    let (first, early) = (part("first"), part("early"))
    for values in [first, early] {
      let known = self.first
      let missing = known.keys.filter { values[$0] == nil }
      let unexpected = values.keys.filter { known[$0] == nil }
      let mismatched = known.keys.filter { values[$0].map { $0.shape } ?? known[$0]?.shape != known[$0]?.shape }
      guard missing.isEmpty, unexpected.isEmpty, mismatched.isEmpty else {
        throw ModuleError.stateDict(
          module: "LotteryTicket", missing: Array(missing), unexpected: Array(unexpected),
          mismatched: Array(mismatched))
      }
    }
    guard let list = state["outcomes"], list.rank == 2, list.shape[1] == 4, let masked = state["masked"] else {
      throw ModuleError.stateDict(
        module: "LotteryTicket", missing: ["outcomes", "masked"].filter { state[$0] == nil }, unexpected: [],
        mismatched: state["outcomes"] == nil ? [] : ["outcomes: rows of 4 expected"])
    }
    let kinds = list.array(of: Double.self).enumerated().filter { $0.offset % 4 == 1 }.map(\.element)
    guard kinds.allSatisfy({ (0..<Double(Kind.allCases.count)).contains($0) }) else {
      throw ModuleError.stateDict(
        module: "LotteryTicket", missing: [], unexpected: [], mismatched: ["outcomes: no such kind of training"])
    }
    try Prune.load(part("model"), into: model, .asState)
    (self.first, self.early, self.masked) = (first, early, masked.intItem())
    let numbers = list.array(of: Double.self)
    outcomes = stride(from: 0, to: numbers.count - 3, by: 4).map { index in
      Outcome(
        round: Int(numbers[index]), kind: Kind.allCases[Int(numbers[index + 1])], sparsity: numbers[index + 2],
        value: numbers[index + 3])
    }
  }

  /// What the state belongs to.
  private var identity: StateIdentity {
    StateIdentity([
      ("criterion", recipe.criterion.signature), ("recipe", recipe.settingsIdentity), ("rounds", "\(rounds)"),
      ("rewinding", "\(rewinding)"), ("controls", (["none"] + controls.map(\.rawValue)).joined(separator: ", ")),
      ("seed", "\(seed)"), ("steps", "\(training.steps)"),
    ])
  }
}
