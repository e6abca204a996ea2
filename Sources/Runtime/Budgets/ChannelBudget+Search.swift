import Compaction
import NN
import Torch

extension ChannelBudget {
  /// How far a search is.
  public enum Progress: Sendable {
    /// Single groups are measured: so many steps of all.
    case table(Int, of: Int)
    /// So many plans have been tried.
    case plans(Int)
  }

  /// Looks for the channels of a model that reach a goal.
  ///
  /// ```swift
  /// let file = try ModelFile(contentsOf: "resnet18.pt2")
  /// let (model, compactor) = (try GraphModule(file).eval(), try Compactor(file))
  /// let ranking = try compactor.ranking(CompactionRecipe(target: nil, roundTo: 8))
  /// let found = try ChannelBudget.search(
  ///   .speedup(2), compactor, model, ranking, data: RecoveryData(images, for: model), batch: 1)
  /// try compactor.compacted(compactor.choice(ranking, removing: found.chosen.removed)).write(to: "small.pt2")
  /// ```
  ///
  /// Each group is cut alone in up to eight steps: what each step of the model takes then (or how many MACs, parameters,
  /// bytes it has), and how far the outputs are from those of the whole model. From these `ChannelForecast`
  /// tells what plans will cost and spoil; the best by it is made and measured, beside the whole model in turns and on
  /// held-out inputs, and the aim is moved by what it missed, until it is met within 5 %.
  ///
  /// - Parameters:
  ///   - goal: what is wanted.
  ///   - compactor: of the model.
  ///   - model: the same model, in evaluation.
  ///   - ranking: what may go, by `Compactor.ranking(_:)`.
  ///   - data: inputs, without labels: some to measure groups on, and some to judge by.
  ///   - batch: how many samples are run at once where time is measured; that of the export where it is fixed.
  ///   - progress: called now and then.
  /// - Throws: `CompactionError.budget(goal:found:)` where the goal is out of reach, ``GraphRunError``.
  public static func search(
    _ goal: BudgetGoal, _ compactor: Compactor, _ model: GraphModule, _ ranking: UnitRanking, data: RecoveryData,
    batch: Int = 1, progress: ((Progress) -> Void)? = nil
  ) throws -> ChannelBudget {
    let clock = ContinuousClock()
    let start = clock.now
    let search = try BudgetMeasuring(goal, CutModels(compactor, model, ranking), data, batch: batch)
    let forecast = ChannelForecast(try search.table { progress?(.table($0, of: $1)) })
    let measured = clock.now
    var plans = 0
    let result = try ChannelSearch.run(goal, forecast) { removed in
      let figures = try search.figures(removed)
      plans += 1
      progress?(.plans(plans))
      return figures
    }
    return try ChannelBudget(
      goal: goal, forecast, result, samples: search.samples, batch: search.batch, threads: threadCount,
      seconds: .init(table: (measured - start).inSeconds, search: (clock.now - measured).inSeconds))
  }
}

/// The numbers that a search for channels needs.
private struct BudgetMeasuring {
  private let goal: BudgetGoal
  private let models: CutModels
  private let whole: GraphModule
  private let calibration: OutputReference
  private let heldOut: OutputReference
  private let inputs: [Tensor]
  private let wholeMilliseconds: Double
  let samples: ChannelBudget.Samples
  let batch: Int

  init(_ goal: BudgetGoal, _ models: CutModels, _ data: RecoveryData, batch: Int) throws {
    (self.goal, self.models) = (goal, models)
    whole = try models.model(removing: models.ranking.groups.map { _ in 0 })
    let isFixed = models.model.graph.batchSymbol == nil
    guard let first = data.fitted(samples: 1).first else { preconditionFailure("data without samples were refused") }
    let size = isFixed ? first.first?.shape.first ?? 1 : batch
    (inputs, self.batch) = (Self.repeated(first, size), size)
    wholeMilliseconds = try Self.inTurns([whole], inputs)[0] * 1000
    // About 0.4 s for each step of each group.
    let wanted = max(16, Int(400 * Double(size) / max(wholeMilliseconds, 1e-6)))
    let picked = Array(data.fitted(samples: wanted))
    calibration = try OutputReference(whole, batches: picked)
    heldOut = try OutputReference(whole, batches: data.heldOut)
    samples = ChannelBudget.Samples(calibration: Self.count(picked), heldOut: Self.count(data.heldOut))
  }

  private static func count(_ batches: [[Tensor]]) -> Int { batches.reduce(0) { $0 + ($1.first?.shape.first ?? 1) } }

  /// So many samples, those there are again and again.
  private static func repeated(_ inputs: [Tensor], _ size: Int) -> [Tensor] {
    inputs.map { tensor in
      let times = (size + tensor.shape[0] - 1) / tensor.shape[0]
      return Tensor.cat([Tensor](repeating: tensor, count: times)).narrow(0, start: 0, length: size)
    }
  }

  /// The shortest seconds of runs of models in turns, about 0.3 s of each, five at least, after one that does not count.
  private static func inTurns(_ models: [GraphModule], _ inputs: [Tensor]) throws -> [Double] {
    let clock = ContinuousClock()
    var times = models.map { _ in [Double]() }
    try noGrad {
      for model in models { _ = try model.run(inputs) }
      let end = clock.now + .milliseconds(300 * models.count)
      while times[0].count < 5 || (clock.now < end && times[0].count < 200) {
        for (index, model) in models.enumerated() {
          let start = clock.now
          _ = try model.run(inputs)
          times[index].append((clock.now - start).inSeconds)
        }
      }
    }
    return times.map { $0.min() ?? 0 }
  }

  /// Each group cut alone.
  func table(_ progress: (Int, Int) -> Void) throws -> ChannelTable {
    let groups = models.ranking.groups
    let probes = groups.map { $0.probes() }
    let all = probes.reduce(0) { $0 + $1.count }
    var done = 0
    let costs = try PartCosts(goal, models, whole, inputs, wholeMilliseconds)
    let rows = try groups.enumerated().map { number, group in
      let options = try probes[number].map { removed -> ChannelTable.Option in
        defer {
          done += 1
          progress(done, all)
        }
        guard removed > 0 else { return .init(removed: 0, shares: [:], error: 0, change: hasClasses ? 0 : nil) }
        let counts = groups.indices.map { $0 == number ? removed : 0 }
        let cut = try models.model(removing: counts)
        let distance = try calibration.distance(of: cut)
        return .init(
          removed: removed, shares: try costs.shares(cut, counts), error: distance.relativeError,
          change: distance.change)
      }
      return ChannelTable.Group(
        name: group.name, units: group.order.count, steps: group.considered(), options: options)
    }
    return ChannelTable(unit: costs.unit, parts: costs.parts, groups: rows)
  }

  private var hasClasses: Bool { calibration.outputs[0].contains(where: \.isTableOfScores) }

  /// A plan, made and measured.
  func figures(_ removed: [Int]) throws -> ChannelForecast.Figures {
    let cut = try models.model(removing: removed)
    let distance = try heldOut.distance(of: cut)
    let cost: Double
    if case .cost(let kind, _) = goal {
      cost = Double(
        models.compactor.cost(kind, models.compactor.choice(models.ranking, removing: removed)))
    } else {
      let times = try Self.inTurns([whole, cut], inputs)
      cost = wholeMilliseconds * times[1] / times[0]
    }
    return .init(cost: cost, error: distance.relativeError, change: distance.change)
  }
}

/// What the parts of a model cost, and what is left of them.
private struct PartCosts {
  let unit: String
  let parts: [Double]
  private let shares: (GraphModule, [Int]) throws -> [Int: Double]

  init(
    _ goal: BudgetGoal, _ models: CutModels, _ whole: GraphModule, _ inputs: [Tensor], _ milliseconds: Double
  ) throws {
    if case .cost(let kind, _) = goal {
      func counts(_ removed: [Int]) -> [Double] {
        models.compactor.parts(kind, models.compactor.choice(models.ranking, removing: removed)).map(Double.init)
      }
      let before = counts(models.ranking.groups.map { _ in 0 })
      (unit, parts) = (kind.rawValue, before)
      shares = { _, removed in
        let after = counts(removed)
        return Dictionary(
          uniqueKeysWithValues: before.indices.filter { before[$0] > 0 && after[$0] != before[$0] }
            .map { ($0, after[$0] / before[$0]) })
      }
      return
    }
    let steps = StepTimes(whole.graph)
    let before = try steps.milliseconds(whole, inputs, budget: .milliseconds(600))
    // Looking at the clock takes time too.
    let scale = milliseconds / max(before.reduce(0, +), 1e-12)
    (unit, parts) = ("ms", before.map { $0 * scale })
    shares = { cut, _ in
      let touched = steps.touched(cut.graph)
      let after = try steps.milliseconds(cut, inputs)
      // What is as before tells how fast the machine is at the moment.
      let same = before.indices.filter { !touched.contains($0) }
      let (then, now) = (same.reduce(0) { $0 + before[$1] }, same.reduce(0) { $0 + after[$1] })
      let drift = then > 0.2 * before.reduce(0, +) && now > 0 ? min(max(then / now, 0.8), 1.25) : 1
      return Dictionary(
        uniqueKeysWithValues: touched.filter { before[$0] > 0 }
          .map { ($0, min(max(after[$0] * drift / before[$0], 0), 1.5)) })
    }
  }

  func shares(_ cut: GraphModule, _ removed: [Int]) throws -> [Int: Double] { try shares(cut, removed) }
}
