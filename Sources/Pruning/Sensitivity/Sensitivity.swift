import Console
import NN
import Pictures
import Recipes
import Sparsity

/// How well a model stands it when single layers are pruned: each layer alone, at several sparsities.
///
/// ```swift
/// let found = try Sensitivity.measured(of: net, .magnitude, cachedAt: "sensitivity.json") { accuracy(of: net, on: held) }
/// print(found.table)
/// let plan = try BudgetSolver(found.budgetTable()).plan(costing: 6_000)      // weights that remain
/// print(found.predictedValue(of: plan))                                        // the accuracy to expect
/// try Prune.apply(found.recipe(for: plan, .magnitude), to: net)
/// ```
///
/// Layers are measured alone, so that what two of them spoil together is not seen: the sum is a prediction
/// (Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks", has such curves).
public struct Sensitivity: Codable, Hashable, Sendable {
  /// What is measured.
  public enum Measure: String, Codable, Hashable, Sendable {
    /// A loss: less is better.
    case loss
    /// A share of right answers: more is better.
    case accuracy
  }

  /// A layer at one sparsity.
  public struct Point: Codable, Hashable, Sendable {
    /// The sparsity that was asked for.
    public var sparsity: Double
    /// The entries that stay.
    public var kept: Int
    /// What was measured then.
    public var value: Double
  }

  /// A layer, all others being as they are.
  public struct Layer: Codable, Hashable, Sendable {
    /// The weight's path in the model.
    public var path: String
    /// The weight's shape.
    public var shape: [Int]
    /// The entries of the weight that are not pruned as it is.
    public var kept: Int
    /// What was measured, by sparsity.
    public var points: [Point]
  }

  /// The version of its JSON.
  public var schema = 1
  /// What was measured.
  public var measure: Measure
  /// What ranked the entries, by name, with its settings where it has some.
  public var criterion: String
  /// On what structure they were pruned.
  public var pattern: String
  /// A number that stands for the model's tensors: another model has another one.
  public var fingerprint: UInt64
  /// A number that stands for what the criterion knew beside the weights; nil for nothing.
  public var evidence: UInt64?
  /// What was measured of the model as it is.
  public var baseline: Double
  /// The layers, in the order of the model.
  public var layers: [Layer]

  /// How much worse a value is than that of the model as it is.
  public func damage(of value: Double) -> Double {
    switch measure {
    case .loss: value - baseline
    case .accuracy: baseline - value
    }
  }

  /// What a `BudgetSolver` chooses from: for each layer the model's own sparsity, and those measured.
  ///
  /// - Parameters:
  ///   - unit: what costs are counted in.
  ///   - costs: by path what a layer costs with all of its entries, as MACs or milliseconds, of which a pruned one costs its
  ///     share; nil for the number of entries. Layers that are not in it cost nothing.
  public func budgetTable(unit: String = "weights", costs: [String: Double]? = nil) -> BudgetTable {
    BudgetTable(
      unit: unit,
      rows: layers.map { layer in
        let entries = Double(max(layer.shape.reduce(1, *), 1))
        let whole = costs.map { $0[layer.path] ?? 0 } ?? entries
        let own = BudgetTable.Option(cost: whole * Double(layer.kept) / entries, damage: 0)
        return .init(
          name: layer.path,
          options: [own]
            + layer.points.map { .init(cost: whole * Double($0.kept) / entries, damage: damage(of: $0.value)) })
      })
  }

  /// What to expect of the model after a plan for ``budgetTable(unit:costs:)``, in the measure's unit.
  public func predictedValue(of plan: BudgetPlan) -> Double {
    switch measure {
    case .loss: baseline + plan.damage
    case .accuracy: baseline - plan.damage
    }
  }

  /// The recipe that carries out a plan for ``budgetTable(unit:costs:)``, each layer by a rule of its own.
  ///
  /// - Parameters:
  ///   - plan: the plan.
  ///   - criterion: what ranks; that of the measurement, unless others are to be compared with it.
  ///   - pattern: on what structure.
  public func recipe(
    for plan: BudgetPlan, _ criterion: some Criterion, pattern: Pattern = .unstructured
  ) -> Recipe {
    let rules = zip(layers, plan.choices).map { layer, choice in
      Rule(
        NamePattern(exactly: layer.path),
        choice == 0 ? .exclude : .prune(.sparsity(layer.points[choice - 1].sparsity)))
    }
    return Recipe(criterion, target: nil, pattern: pattern, distribution: .uniform, rules: rules)
  }

  /// The table as text: a row for each layer, a column for each sparsity.
  public var table: String {
    let sparsities = Set(layers.flatMap { $0.points.map(\.sparsity) }).sorted()
    let table = TextTable(
      columns: [.init("layer", .left), .init("weights")] + sparsities.map { .init($0.percent) },
      rows: layers.map { layer in
        [layer.path, layer.shape.reduce(1, *).grouped]
          + sparsities.map { sparsity in
            layer.points.first { $0.sparsity == sparsity }.map { text($0.value) } ?? ""
          }
      })
    return (table.lines + ["\(measure.rawValue) of the model as it is: \(text(baseline))"]).joined(separator: "\n")
  }

  /// The table as a picture in SVG: a line for each layer.
  public var svg: String {
    LinePlot(
      "Each layer pruned alone", subtitle: "\(measure.rawValue) by \(criterion), \(text(baseline)) as it is",
      x: .init("sparsity of the layer", \.percent), y: .init(measure.rawValue, text),
      layers.map { layer in
        .init(layer.path, [(0, baseline)] + layer.points.map { ($0.sparsity, $0.value) })
      }
    ).svg
  }

  private func text(_ value: Double) -> String {
    switch measure {
    case .loss: value.significant(4)
    case .accuracy: value.exactPercent
    }
  }
}
