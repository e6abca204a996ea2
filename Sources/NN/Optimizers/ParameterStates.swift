import Torch

/// What an optimiser keeps of each parameter. It is found by the parameter itself, which it keeps alive, so that a later
/// tensor at the same address is never taken for it.
struct ParameterStates<State> {
  private struct Key: Hashable {
    let parameter: Tensor

    static func == (a: Key, b: Key) -> Bool { a.parameter.isSame(as: b.parameter) }
    func hash(into hasher: inout Hasher) { hasher.combine(parameter.identity) }
  }

  private var states: [Key: State] = [:]

  subscript(parameter: Tensor) -> State? {
    get { states[Key(parameter: parameter)] }
    set { states[Key(parameter: parameter)] = newValue }
  }
}
