import NN
import Recipes
import Sparsity
import Torch

/// The lottery ticket hypothesis put to the test: a network is trained, pruned, set back to the weights of an early step and
/// trained again, round after round (Frankle and Carbin 2019, "The Lottery Ticket Hypothesis"; rewinding to a step after the
/// first: Frankle et al. 2020, "Linear Mode Connectivity and the Lottery Ticket Hypothesis").
///
/// ```swift
/// let lottery = try LotteryTicket(
///   Recipe(.magnitude, target: .sparsity(0.95)), rounds: 5, seed: 0, training: training
/// ) { LeNet() } evaluate: { accuracy(of: $0) }
/// for outcome in try lottery.run() { print(outcome.round, outcome.kind, outcome.sparsity, outcome.value) }
/// ```
///
/// Beside the tickets stand controls, which say what a ticket owes to its weights and what to its mask: the same masks over
/// weights that are drawn anew, and the first weights under masks shuffled within layers. Everything follows from the
/// seed, so that a run that was cut off goes on bit for bit from ``stateDict``, and a training that has thrown can be made
/// again.
public final class LotteryTicket {
  /// What is trained.
  public enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
    /// The whole network, of round 0.
    case dense
    /// What is left of it, from the weights of the step that is rewound to.
    case ticket
    /// The ticket's masks over weights that are drawn anew.
    case drawnAnew = "drawn anew"
    /// The first weights under the ticket's masks, shuffled within each layer.
    case shuffled = "masks shuffled"
  }

  /// How a training has ended.
  public struct Outcome: Hashable, Sendable, Codable {
    /// The round, from 1 on; 0 for the whole network.
    public var round: Int
    /// What was trained.
    public var kind: Kind
    /// The share of the weights that was pruned, of those that the recipe prunes.
    public var sparsity: Double
    /// What `evaluate` said.
    public var value: Double
  }

  /// What is pruned, and by what; its target is that of the last round.
  public let recipe: Recipe
  /// How many rounds; each prunes the same share of what is left.
  public let rounds: Int
  /// The step whose weights a ticket goes on from.
  public let rewinding: Int
  /// What is trained in a round beside the ticket.
  public let controls: [Kind]
  /// Where all random numbers begin.
  public let seed: UInt64
  /// The network: after ``run(progress:)`` the last ticket, trained, under its masks.
  public let model: Module
  /// The trainings so far.
  public internal(set) var outcomes: [Outcome] = []

  let training: Training
  private let make: () -> Module
  private let evaluate: (Module) throws -> Double
  /// Weights and buffers of the beginning, and of the step that is rewound to.
  var first: StateDict = [:]
  var early: StateDict = [:]
  /// The round whose masks the network has.
  var masked = 0

  /// Draws the network's first weights.
  ///
  /// - Parameters:
  ///   - recipe: What ranks, over which weights, and how much is pruned after the last round; the schedule does not count.
  ///   - rounds: How many.
  ///   - rewinding: The step whose weights a ticket goes on from; 0 for the first weights.
  ///   - controls: What is trained in a round beside the ticket.
  ///   - seed: Where all random numbers begin.
  ///   - training: The training of each network; a ticket's has the steps from `rewinding` on.
  ///   - make: Makes a network with weights of its own.
  ///   - evaluate: How good a network is.
  /// - Throws: `RecipeError` where the recipe does not fit, or needs more than weights.
  public init(
    _ recipe: Recipe, rounds: Int, rewinding: Int = 0, controls: [Kind] = [.drawnAnew, .shuffled], seed: UInt64,
    training: Training, make: @escaping () -> Module, evaluate: @escaping (Module) throws -> Double
  ) throws {
    precondition(rounds > 0, "LotteryTicket: expected one round or more, found \(rounds)")
    precondition(
      (0..<training.steps).contains(rewinding),
      "LotteryTicket: expected a step below \(training.steps) to rewind to, found \(rewinding)")
    var own = recipe
    own.schedule = .exponential(updates: rounds)
    own.regrowth = nil
    (self.rounds, self.rewinding, self.seed) = (rounds, rewinding, seed)
    self.controls = controls.filter { $0 == .drawnAnew || $0 == .shuffled }
    (self.training, self.make, self.evaluate) = (training, make, evaluate)
    model = Self.drawn(make, seed)
    self.recipe = try own.forTraining(isPruned: false)
    let plan = try self.recipe.plan(for: ModelWeights(model).weights)
    try plan.checkEvidence()
    first = Self.values(model)
    early = first
  }

  /// Makes all trainings that are not made yet.
  ///
  /// - Parameter progress: Hears of each step.
  /// - Returns: All outcomes.
  @discardableResult
  public func run(progress: Training.Listener? = nil) throws -> [Outcome] {
    while try next(progress: progress) != nil {}
    return outcomes
  }

  /// Makes the next training; nil where all are made.
  @discardableResult
  public func next(progress: Training.Listener? = nil) throws -> Outcome? {
    let perRound = 1 + controls.count
    guard outcomes.count < 1 + rounds * perRound else { return nil }
    let (round, part) =
      outcomes.isEmpty ? (0, 0) : ((outcomes.count - 1) / perRound + 1, (outcomes.count - 1) % perRound)
    let kind: Kind = round == 0 ? .dense : part == 0 ? .ticket : controls[part - 1]
    let stage = round == 0 ? kind.rawValue : "round \(round): \(kind.rawValue)"
    // Each training has random numbers of its own, so that none depends on whether another was made.
    let seed = seed &+ UInt64(outcomes.count) &* 0x9e37_79b9
    let trained: Module = try Generator.preservingState {
      manualSeed(seed)
      switch kind {
      case .dense:
        Self.put(first, into: model)
        try training.run(model, to: rewinding, stage: stage, progress: progress)
        early = Self.values(model)
        // A step that is rewound to begins anew for the optimiser, for tickets and for the whole network.
        try training.run(model, from: rewinding, stage: stage, progress: progress)
        return model
      case .ticket:
        // Where the training has thrown before, the masks are there, and the weights are not those that they are made of.
        if masked < round {
          let run = try RecipeRun(recipe.scaled(to: Double(round) / Double(rounds)), ModelWeights(model))
          run.commit(try run.outcome(nil))
          masked = round
        }
        Self.put(early, into: model)
        try training.run(model, from: rewinding, stage: stage, progress: progress)
        return model
      case .drawnAnew, .shuffled:
        let control = make()
        if kind == .shuffled { Self.put(first, into: control) }
        try mask(control, shuffling: kind == .shuffled)
        try training.run(control, stage: stage, progress: progress)
        return control
      }
    }
    let outcome = Outcome(round: round, kind: kind, sparsity: try sparsity(), value: try evaluate(trained))
    outcomes.append(outcome)
    return outcome
  }

  /// The share of what the recipe prunes that is pruned now.
  private func sparsity() throws -> Double {
    let weights = try ModelWeights(model)
    let numbers = try recipe.plan(for: weights.weights).pruned
    let all = numbers.reduce(0) { $0 + weights.weights[$1].count }
    let pruned = numbers.reduce(0) { $0 + (weights.places[$1][0].pruned?.buffer.mask.nonzero.prunedCount ?? 0) }
    return all == 0 ? 0 : Double(pruned) / Double(all)
  }

  /// Gives another network the masks of the ticket.
  private func mask(_ control: Module, shuffling: Bool) throws {
    let (own, other) = (try ModelWeights(model), try ModelWeights(control))
    // Pruning moves parameters to the end of their module: the orders differ.
    let places = Dictionary(uniqueKeysWithValues: zip(other.weights.map(\.path), other.places))
    for (number, weight) in own.weights.enumerated() {
      guard let pruned = own.places[number][0].pruned, let tied = places[weight.path], let place = tied.first else {
        continue
      }
      var mask = pruned.buffer.mask.tensor
      if shuffling { mask = mask.reshape([-1]).indexSelect(0, Tensor.randperm(mask.count)).reshape(mask.shape) }
      try Prune.customFromMask(place.module, name: place.name, mask: mask)
      for other in tied.dropFirst() { other.share(place) }
    }
  }

  private static func drawn(_ make: () -> Module, _ seed: UInt64) -> Module {
    Generator.preservingState {
      manualSeed(seed)
      return make()
    }
  }

  /// Weights as they are trained, and buffers, by the names they have where nothing is pruned.
  private static func values(_ model: Module) -> StateDict {
    noGrad { StateDict(uniqueKeysWithValues: plain(model).map { ($0.0, $0.1.detach().clone()) }) }
  }

  private static func put(_ values: StateDict, into model: Module) {
    noGrad {
      for (name, tensor) in plain(model) {
        if let value = values[name] { _ = tensor.copy(from: value) }
      }
    }
  }

  private static func plain(_ model: Module) -> [(String, Tensor)] {
    model.namedModules.flatMap { path, module in
      module.slots.compactMap { name, slot -> (String, Tensor)? in
        let tensor: Tensor
        switch slot {
        case .parameter(let parameter): tensor = parameter
        case .buffer(let buffer): tensor = buffer
        case .computed, .computedBuffer: return nil
        }
        let stem = String(name.dropLast("_orig".count))
        let plain = name.hasSuffix("_orig") && module.pruned(stem) != nil ? stem : name
        return (path.isEmpty ? plain : "\(path).\(plain)", tensor)
      }
    }
  }
}
