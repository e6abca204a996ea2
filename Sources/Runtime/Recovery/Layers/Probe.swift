import Graphs
import Torch

/// Values of a graph as they are when a step is done, whatever later steps write into the same memory.
struct Probe {
  /// What is looked at of a step.
  enum Place: Hashable {
    /// A tensor that it takes, by the argument's name, before it is done.
    case argument(String, step: Int)
    /// Its first result, right after.
    case result(step: Int)

    var step: Int {
      switch self {
      case .argument(_, let step), .result(let step): step
      }
    }
  }

  private let model: GraphModule
  private let places: [Place]

  init(_ model: GraphModule, _ places: [Place]) { (self.model, self.places) = (model, places) }

  /// The values in the order of the places, without gradients; the graph is run no further than needed.
  func values(_ inputs: [Tensor]) throws -> [Tensor] {
    let plan = try model.currentPlan()
    var found = [Tensor?](repeating: nil, count: places.count)
    var looks: [Int: Plan.Replacement] = [:]
    for (step, indices) in Dictionary(grouping: places.indices, by: { places[$0].step }) {
      func take(_ isBefore: Bool, _ table: ValueTable) {
        for index in indices {
          switch places[index] {
          case .argument(let name, _) where isBefore:
            found[index] = plan.steps[step].tensors[name].flatMap { table.tensor(at: $0) }?.detach().clone()
          case .result where !isBefore:
            found[index] = plan.steps[step].results.first.flatMap { $0 }.flatMap { table.tensor(at: $0) }?
              .detach().clone()
          default: continue
          }
        }
      }
      looks[step] = .watch(before: { take(true, $0) }, after: { take(false, $0) })
    }
    let last = places.map(\.step).max() ?? 0
    try noGrad { try model.look(inputs.map { $0.clone() }, at: looks, through: last) }
    return try found.map { value in
      guard let value else { throw RecoveryError.models("a value that was looked for is not there") }
      return value
    }
  }
}
