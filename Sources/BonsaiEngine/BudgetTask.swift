import Compaction
import Console
import EngineMessages
import Foundation
import Graphs
import Runtime

/// Looks for the channels of a model that reach a goal.
enum BudgetTask {
  static func run(
    _ path: String, data: String, _ given: EngineRequest.Inputs, request: String
  ) throws -> ChannelBudget {
    let asked = try JSONDecoder().decode(
      ChannelBudget.Request.self, from: Data(contentsOf: URL(fileURLWithPath: request)))
    let model = try Tasks.model(path, given)
    let inputs = try ModelInputs(contentsOf: data, for: model)
    if !inputs.ignored.isEmpty {
      Terminal.error.write(
        "bonsai: note: the model has no input \(inputs.ignored.prefix(5).joined(separator: ", ")): ignored\n")
    }
    let compactor = try Compactor(ModelFile(contentsOf: path), options: asked.options)
    var display = ProgressDisplay(ProgressBar(label: "measuring groups", total: 1))
    defer { display.clear() }
    return try ChannelBudget.search(
      asked.goal, compactor, model, asked.ranking, data: RecoveryData(inputs.tensors, for: model, batch: 16),
      batch: given.batch ?? 1
    ) { progress in
      switch progress {
      case .table(let done, let all): display.show(done, of: all)
      case .plans: display.clear()
      }
    }
  }
}
