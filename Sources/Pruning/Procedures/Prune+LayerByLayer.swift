import NN
import Recipes
import Sparsity
import Torch

extension Prune {
  /// A layer that has been pruned, of ``layerByLayer(_:to:progress:calibrate:)``.
  public struct LayerProgress: Hashable, Sendable {
    /// The path of its weight.
    public var name: String
    /// How many layers have been pruned.
    public var done: Int
    /// How many there are.
    public var count: Int
  }

  /// Prunes a model one layer after the other, in the order in which data flows, each by its inputs as they are after the layers
  /// before it were pruned: Wanda and SparseGPT. No labels and no training are needed.
  ///
  /// ```swift
  /// let model = try GraphModule(contentsOf: "encoder.pt2")
  /// try Prune.layerByLayer(Recipe(.sparseGPT, pattern: .nOfM(2, 4)), to: model) {
  ///   for batch in calibration { _ = try model.run(batch) }
  /// }
  /// ```
  ///
  /// Layers that are given one and the same input, as queries, keys and values are, are pruned together. The model is in
  /// evaluation meanwhile and records no gradients. Memory beside the model: sums over the inputs of the layers at hand,
  /// and for SparseGPT the weights as they were.
  ///
  /// - Parameters:
  ///   - recipe: How; weights are not ranked across layers.
  ///   - model: What: modules written by hand, or a model of `torch.export`.
  ///   - progress: Hears of each layer; what it throws ends the procedure.
  ///   - calibrate: Runs the model on all calibration data, the same each time; once to see the order, and once for each
  ///     layer, or for layers that share an input.
  /// - Returns: What became of each weight. Those into which nothing flowed, or that could not be pruned, are in `leftWhole`, each
  ///   with its reason.
  /// - Throws: `RecipeError` where the recipe does not fit, or no layer could be pruned, and what `calibrate` and `progress`
  ///   throw; the model is then as it was.
  @discardableResult
  public static func layerByLayer(
    _ recipe: Recipe, to model: Module, progress: ((LayerProgress) throws -> Void)? = nil, calibrate: () throws -> Void
  ) throws -> PruningReport {
    let needed = recipe.criterion.evidence
    guard needed == .none || needed.isOfInputs else {
      throw RecipeError(
        .contradiction, "prune layer by layer", expected: "a criterion of weights and inputs",
        found: "'\(recipe.criterion.name)', which needs \(needed.rawValue)",
        advice: "choose wanda, sparsegpt or magnitude")
    }
    let weights = try ModelWeights(model)
    let plan = try recipe.plan(for: weights.weights)
    guard plan.groups.allSatisfy({ $0.weights.count == 1 }) else {
      throw RecipeError(
        .contradiction, "prune layer by layer", expected: "a distribution within layers", found: "global",
        advice: "choose row, uniform or erk")
    }
    var work = LayerWork(plan: plan, weights: weights)
    do {
      try model.evaluating {
        for numbers in try work.order(calibrate) { try work.prune(numbers, calibrate, progress) }
      }
    } catch {
      work.takeBack()
      throw error
    }
    guard !work.reports.isEmpty else {
      throw RecipeError(
        .notFound, "prune layer by layer", expected: "layers into which calibration data flows",
        found: work.left.first.map { "'\($0.name)': \($0.reason)" } ?? "none",
        advice: "run the model in the closure, on inputs for which all layers work")
    }
    return PruningReport(
      work.reports.sorted { $0.number < $1.number }.map(\.report), leftWhole: plan.leftWholeReport + work.left)
  }
}

/// Layers pruned one after the other.
private struct LayerWork {
  let plan: PruningPlan
  let weights: ModelWeights
  /// What became of each weight.
  private(set) var reports: [(number: Int, report: PruningReport.Tensor)] = []
  /// What could not be pruned.
  private(set) var left: [PruningReport.LeftWhole] = []
  /// What was done, and the values before where they have changed.
  private var done: [(number: Int, values: Tensor?)] = []
  private var layers = 0

  init(plan: PruningPlan, weights: ModelWeights) {
    self.plan = plan
    self.weights = weights
  }

  private var recipe: Recipe { plan.recipe }

  /// The weights in the order in which data meets them; those that are given one input together.
  mutating func order(_ calibrate: () throws -> Void) throws -> [[Int]] {
    layers = plan.pruned.count
    guard recipe.criterion.evidence != .none else { return plan.pruned.map { [$0] } }
    let seen = SeenInputs()
    var hooks: [(module: Module, key: Int)] = []
    for number in plan.pruned {
      for place in weights.places[number] {
        let tap = InputTap(weight: place.name) { seen.note($0.tensor, number) }
        hooks.append((place.module, place.module.addForwardPreHook(tap)))
      }
    }
    defer { for (module, key) in hooks { module.removeForwardPreHook(key) } }
    try noGrad { try calibrate() }
    let met = Set(seen.groups.joined())
    for number in plan.pruned where !met.contains(number) {
      leave(number, "no input of it was seen: nothing flowed in, or it is no linear layer and no convolution")
    }
    return seen.groups
  }

  /// Prunes weights that are given one input.
  mutating func prune(
    _ numbers: [Int], _ calibrate: () throws -> Void, _ progress: ((Prune.LayerProgress) throws -> Void)?
  ) throws {
    let collector = EvidenceCollector(weights, of: numbers, recipe.criterion.evidence)
    if recipe.criterion.evidence != .none { try noGrad { try calibrate() } }
    collector.stop()
    for number in numbers {
      let path = weights.weights[number].path
      do {
        let run = try RecipeRun(plan.restricted(to: [number]), weights.refreshed())
        let outcome = try run.outcome(collector)
        let before =
          outcome.values[number] == nil ? nil : noGrad { weights.parameter(number).detach().clone() }
        for report in run.commit(outcome).tensors { reports.append((number, report)) }
        done.append((number, before))
      } catch let error as RecipeError where error.kind != .notANumber {
        leave(number, "\(error.expected) expected, \(error.found) found")
      }
      try progress?(Prune.LayerProgress(name: path, done: done.count + left.count, count: layers))
    }
  }

  /// Puts everything back.
  mutating func takeBack() {
    for (number, values) in done.reversed() {
      let place = weights.places[number][0]
      _ = try? Prune.undo(place.module, name: place.name)
      if let values { noGrad { _ = weights.parameter(number).copy(from: values) } }
    }
    done = []
  }

  private mutating func leave(_ number: Int, _ reason: String) {
    left.append(PruningReport.LeftWhole(name: weights.weights[number].path, reason: reason))
  }
}

/// The order in which inputs meet weights.
private final class SeenInputs {
  private(set) var groups: [[Int]] = []
  private var known: Set<Int> = []
  private var last: Tensor?

  func note(_ input: Tensor, _ number: Int) {
    defer { last = input }
    guard known.insert(number).inserted else { return }
    if let last, last.isSame(as: input), !groups.isEmpty {
      groups[groups.count - 1].append(number)
    } else {
      groups.append([number])
    }
  }
}
