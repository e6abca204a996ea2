import Checkpoints
import Graphs
import OrderedCollections
import Recipes
import Sparsity

/// Takes whole channels, heads and hidden units out of a model, through every layer that they touch.
///
/// ```swift
/// let compactor = try Compactor(ExportedProgram(contentsOf: "resnet18.pt2"))
/// for group in compactor.groups { print(group.name, group.units.count) }
/// let choice = try compactor.choose(CompactionRecipe(target: .amount(0.5)))
/// try compactor.compacted(choice).write(to: "small.pt2")
/// ```
///
/// What is removed with a unit, and what keeps the others whole, follows from the graph: each index of each dimension has
/// a label, and operators join labels, pass them on or freeze them (``RuleTable``). The smaller model computes what the
/// model computes whose removed entries are 0 in every parameter and after every step (``masked(_:)``).
///
/// Time and memory of the analysis grow linearly with the graph and its channels. Nothing is run.
public struct Compactor {
  /// The model's graph as it was.
  public let graph: Graph
  /// The file that it is from; nil for a graph in memory.
  let origin: ModelFile?
  /// How it was looked at.
  public let options: CompactionOptions
  let lowered: Lowering
  let analysis: GraphLabels
  let units: ChannelUnits
  private let factors: [[Label]]
  private let costs: Costs

  /// A weight whose outputs all stay.
  public struct LeftWhole: Hashable, Sendable, Codable {
    /// Its name in the module.
    public var path: String
    /// The dimension of the outputs.
    public var dimension: Int
    /// Why they stay.
    public var reason: FreezeReason
  }

  /// Looks at a model.
  ///
  /// - Throws: ``CompactionError/weights(_:)`` where tensors are missing, `CheckpointError` where one that is needed cannot
  ///   be read.
  public init(
    _ program: ExportedProgram, options: CompactionOptions = CompactionOptions(), rules: RuleTable = .standard
  ) throws {
    try self.init(.exported(program), options: options, rules: rules)
  }

  /// Looks at a model of any format.
  ///
  /// - Throws: as ``init(_:options:rules:)-(ExportedProgram,_,_)``.
  public init(
    _ model: ModelFile, options: CompactionOptions = CompactionOptions(), rules: RuleTable = .standard
  ) throws {
    let tensors: ModelTensors =
      switch model {
      case .exported(let program): ModelTensors(program.file)
      case .onnx(let model): ModelTensors(model.weights, sharing: [])
      }
    try self.init(model.graph, tensors, model, options: options, rules: rules)
  }

  /// Looks at a model in memory.
  ///
  /// - Parameters:
  ///   - graph: its graph.
  ///   - weights: all tensors that the graph takes, by their paths in the module, in the order of the state dict; read
  ///     where a criterion or a result asks for them.
  ///   - sharing: the paths of tensors that are one, each such list by itself.
  ///   - options: what may be done to the graph.
  ///   - rules: what the operators do to the dimensions.
  /// - Throws: ``CompactionError/weights(_:)`` where tensors are missing.
  public init(
    _ graph: Graph, weights: [TensorSource], sharing: [[String]] = [],
    options: CompactionOptions = CompactionOptions(), rules: RuleTable = .standard
  ) throws {
    try self.init(graph, ModelTensors(weights, sharing: sharing), options: options, rules: rules)
  }

  init(
    _ original: Graph, _ tensors: ModelTensors, _ origin: ModelFile? = nil,
    options: CompactionOptions = CompactionOptions(), rules: RuleTable = .standard
  ) throws {
    (graph, self.origin, self.options) = (original, origin, options)
    let lowered = try Lowering(original, tensors)
    let graph = lowered.graph
    let paths = Dictionary(graph.inputs.map { ($0.name, $0.role.path ?? "") }, uniquingKeysWith: { first, _ in first })
    analysis = try GraphLabels(graph, rules: rules, options: options, tied: lowered.tensors.tied(graph)) { name in
      try lowered.tensors.data(paths[name] ?? "").values.map { Int($0) }
    }
    self.lowered = lowered
    units = ChannelUnits(analysis)
    var seen = Set<ObjectIdentifier>()
    factors = analysis.dimensions.values.flatMap { $0.flatMap { $0 } }.compactMap { factor in
      seen.insert(ObjectIdentifier(factor)).inserted ? factor.settledLabels : nil
    }
    costs = Costs(lowered, analysis)
  }

  /// The units by kind, in the order of the graph.
  public var groups: [UnitGroup] { units.groups }
  /// How many units there are.
  public var unitCount: Int { units.unitClasses.count }
  /// The weights whose outputs stay whole whatever is asked for, and why.
  public var leftWhole: [LeftWhole] { units.leftWhole(analysis) }
  /// The steps that there is no rule for, which keep whole what they touch.
  public var unknownSteps: [FreezeReason] { analysis.unknown }

  /// Units that go.
  public struct Choice: Hashable, Sendable {
    /// Their numbers, in order.
    public var units: [Int]

    /// The biases that layers get, by the positions of their steps: what the units that go were as constants is in them.
    var folds: [Int: Fold] = [:]

    /// Whether layers get new biases, whose rounding to the type of the weights shows in numbers of 64 bits.
    public var makesBiases: Bool { !folds.isEmpty }

    /// A new bias of a layer.
    struct Fold: Hashable, Sendable {
      var path: String
      var bias: [Double]
      var type: StoredType
    }

    /// A choice of units. One made by hand may leave a value empty, which cannot be run; ``Compactor/choose(_:)`` never does.
    public init(units: some Sequence<Int>) { self.units = Set(units).sorted() }
  }

  /// Which units go by a recipe.
  ///
  /// Of a target that says what remains, the nearest that can be had; a value or a layer is never left empty.
  ///
  /// - Throws: `RecipeError` where the recipe contradicts itself or names nothing; ``CompactionError`` where nothing can go
  ///   or the target is out of reach.
  public func choose(_ recipe: CompactionRecipe) throws -> Choice {
    try recipe.validate()
    guard unitCount > 0 else { throw nothingRemovable }
    let chooser = try chooser(recipe)
    switch recipe.target {
    case nil: return try filled(chooser, .count(0))
    case .amount(let amount)?: return try filled(chooser, amount)
    case .remaining(let cost, let amount)?: return try search(chooser, recipe, cost, amount)
    }
  }

  /// The scores that a recipe gives the units.
  func chooser(_ recipe: CompactionRecipe) throws -> UnitChooser {
    try UnitChooser(recipe, groups, UnitWeights(lowered.tensors, units))
  }

  /// The error where nothing can go.
  var nothingRemovable: CompactionError {
    .nothingRemovable(Array(OrderedSet(unknownSteps + leftWhole.map(\.reason))))
  }

  /// The share whose cost is nearest to the target: halving, since more removed costs less.
  private func search(
    _ chooser: UnitChooser, _ recipe: CompactionRecipe, _ cost: CompactionCost, _ amount: Amount
  ) throws -> Choice {
    let whole = costs.cost(cost, units.survivors(without: []))
    let wanted: Double =
      switch amount {
      case .fraction(let share): share * Double(whole)
      case .count(let count): Double(count)
      }
    func tried(_ share: Double) throws -> (choice: Choice, cost: Int) {
      let choice = try filled(chooser, .fraction(share))
      return (choice, costs.cost(cost, units.survivors(without: choice.units)))
    }
    var best = try tried(1)
    guard Double(best.cost) <= wanted * 1.02 + 0.5 else {
      let share = (Double(best.cost) / Double(max(whole, 1)) * 1000).rounded() / 1000
      throw CompactionError.outOfReach(
        target: CompactionTarget.remaining(cost, amount).description, least: "\(best.cost) \(cost.rawValue) (\(share))")
    }
    func consider(_ other: (choice: Choice, cost: Int)) {
      if abs(Double(other.cost) - wanted) < abs(Double(best.cost) - wanted) { best = other }
    }
    consider(try tried(0))
    var (low, high) = (0.0, 1.0)
    for _ in 0..<20 where Double(best.cost) != wanted {
      let middle = (low + high) / 2
      let found = try tried(middle)
      consider(found)
      if Double(found.cost) > wanted { low = middle } else { high = middle }
    }
    return best.choice
  }

  /// The choice for an amount.
  private func filled(_ chooser: UnitChooser, _ amount: Amount) throws -> Choice {
    Choice(units: withoutEmptyValues(Set(try chooser.gone(amount))) { chooser.score(of: $0) })
  }

  /// The units given, without those that a value would be empty without: of these the best are put back.
  func withoutEmptyValues(_ units: Set<Int>, score: (Int) -> Double) -> Set<Int> {
    var gone = units
    while true {
      let survivors = self.units.survivors(without: gone)
      guard let empty = factors.first(where: { !$0.isEmpty && !$0.contains(where: survivors.stays) }) else {
        return gone
      }
      let candidates = Set(empty.map { self.units.units[Int(self.units.classes[Int($0)])] })
      guard let best = candidates.max(by: { (score($0), $1) < (score($1), $0) }) else { return gone }
      gone.remove(best)
    }
  }

  /// What a cost is after a choice.
  public func cost(_ cost: CompactionCost, _ choice: Choice) -> Int {
    costs.cost(cost, units.survivors(without: choice.units))
  }

  /// What each part of the model costs after a choice: each step for MACs, each weight for parameters and bytes. Together
  /// they are the cost.
  package func parts(_ cost: CompactionCost, _ choice: Choice) -> [Int] {
    costs.parts(cost, units.survivors(without: choice.units))
  }
}
