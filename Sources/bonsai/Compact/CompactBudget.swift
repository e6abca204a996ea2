import ArgumentParser
import Checkpoints
import Compaction
import EngineMessages
import Recipes
import Sparsity

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What is wanted of the smaller model, where inputs are given to find out how.
struct CompactGoalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Make the model so many times as fast, here; needs --data.", valueName: "times"))
  var speedup: Double?

  @Option(
    help: ArgumentHelp(
      "Make the model as fast as it can be while at most this share of top classes changes on inputs that are held out, or "
        + "that is the relative error of outputs without classes; needs --data.", valueName: "share"))
  var maxChange: ShareArgument?

  @Option(
    help: ArgumentHelp(
      "Inputs without labels, as for 'bonsai run --inputs', some hundred if possible: channels are chosen by how little the "
        + "outputs change on them.", valueName: "file"))
  var data: String?

  func validate() throws {
    if let speedup, !(speedup > 1 && speedup.isFinite) {
      throw ValidationError("--speedup: expected more than 1, found \(speedup)")
    }
    if speedup != nil, maxChange != nil {
      throw ValidationError("expected one of --speedup and --max-change, found both")
    }
    if data == nil, speedup != nil || maxChange != nil {
      throw ValidationError(
        "--\(speedup == nil ? "max-change" : "speedup"): expected --data beside it with inputs to measure on, found none"
      )
    }
  }

  /// Whether one of the options names a goal that nothing but a search reaches.
  var isGiven: Bool { speedup != nil || maxChange != nil }

  /// The goal, with what of the other options says what remains; nil where there are no inputs to search with.
  func goal(_ target: CompactionTarget?, _ compactor: Compactor) throws -> BudgetGoal? {
    guard data != nil else { return nil }
    if let speedup { return .speedup(speedup) }
    if let maxChange { return .change(try maxChange.share("--max-change")) }
    guard case .remaining(let cost, let amount)? = target else { return nil }
    let whole = compactor.cost(cost, .init(units: []))
    return .cost(cost, try amount.entries(of: whole))
  }
}

/// A search for channels by `bonsai-engine`.
enum CompactBudget {
  /// What was found, and the choice that it is.
  static func search(
    _ goal: BudgetGoal, _ compactor: Compactor, _ recipe: CompactionRecipe, model: String, data: String,
    _ inputs: EngineRequest.Inputs
  ) throws -> (budget: ChannelBudget, choice: Compactor.Choice) {
    let ranking = try compactor.ranking(recipe)
    let request = ChannelBudget.Request(goal: goal, options: compactor.options, ranking: ranking)
    let path = FileManager.default.temporaryDirectory.path + "/bonsai-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try JSONEncoder().encode(request).write(to: URL(fileURLWithPath: path))
    let found: ChannelBudget
    do {
      found = try EngineProgram.ask(
        .budget(model: model, data: data, inputs, request: path), for: ChannelBudget.self)
    } catch {
      // A signal ends the engine too.
      try Interrupt.check()
      throw error
    }
    return (found, compactor.choice(ranking, removing: found.chosen.removed))
  }
}
