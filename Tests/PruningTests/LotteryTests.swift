import Foundation
import NN
import Pruning
import Recipes
import Testing
import Torch

/// The lottery ticket experiment on small networks.
@Suite(.serialized) struct LotteryTests {
  private static let recipe = Recipe(.magnitude, target: .sparsity(0.8))

  private static func lottery(
    _ rewinding: Int, _ recipe: Recipe = recipe, rounds: Int = 2, seed: UInt64 = 3,
    controls: [LotteryTicket.Kind] = [.drawnAnew, .shuffled], training: Training = ProcedureTests.training(30),
    make: @escaping () -> Module = ProcedureTests.net
  ) throws -> LotteryTicket {
    try LotteryTicket(
      recipe, rounds: rounds, rewinding: rewinding, controls: controls, seed: seed, training: training, make: make,
      evaluate: ProcedureTests.accuracy)
  }

  /// The weights of the two layers as they are trained, whether or not they are pruned.
  private static func weights(_ model: Module) -> [Tensor] {
    ["0", "2"].compactMap { model.children[$0] }.map { layer in
      layer[layer.slots["weight_orig"] == nil ? "weight" : "weight_orig"].detach().clone()
    }
  }

  private static func masks(_ model: Module) -> [Tensor] {
    ["0", "2"].compactMap { model.children[$0]?["weight_mask"].clone() }
  }

  @Test("rounds, controls, masks within each other, weights set back", arguments: [0, 5])
  func lottery(_ rewinding: Int) throws {
    var training = ProcedureTests.training(30)
    // The weights at each step of the training at hand, and what was trained in it.
    var (seen, models): ([[Tensor]], [Module]) = ([], [])
    training.outputs = { model, inputs in
      seen.append(Self.weights(model))
      if models.last !== model { models.append(model) }
      return model(inputs)
    }
    let lottery = try Self.lottery(rewinding, training: training)
    func equal(_ a: [Tensor], _ b: [Tensor]) -> Bool { a.count == b.count && zip(a, b).allSatisfy { $0.equal($1) } }
    var (first, early, ticket): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    while let outcome = try lottery.next() {
      switch outcome.kind {
      case .dense: (first, early) = (seen[0], seen[rewinding])
      case .ticket:
        #expect(equal(seen[0], early) && seen.count == 30 - rewinding)
        let masks = Self.masks(lottery.model)
        for (earlier, later) in zip(ticket, masks) {
          #expect((later .> earlier).sum().intItem() == 0 && later.countNonzero() < earlier.countNonzero())
        }
        ticket = masks
      case .drawnAnew, .shuffled:
        let masks = Self.masks(try #require(models.last))
        #expect(equal(seen[0], first) == (outcome.kind == .shuffled) && seen.count == 30)
        #expect(equal(masks, ticket) == (outcome.kind == .drawnAnew))
        #expect(masks.map { $0.countNonzero() } == ticket.map { $0.countNonzero() })
      }
      (seen, models) = ([], [])
    }
    #expect(rewinding == 0 ? equal(early, first) : !equal(early, first))
    let outcomes = lottery.outcomes
    #expect(outcomes.map(\.round) == [0, 1, 1, 1, 2, 2, 2])
    #expect(
      outcomes.map(\.kind) == [.dense, .ticket, .drawnAnew, .shuffled, .ticket, .drawnAnew, .shuffled])
    // Each round prunes the same share of what is left: 1 - 0.2^(1/2).
    let shares = outcomes.map(\.sparsity)
    #expect(shares[0] == 0 && abs(shares[1] - (1 - 0.2.squareRoot())) < 0.01 && abs(shares[4] - 0.8) < 0.01)
    #expect(Prune.isPruned(lottery.model) && outcomes.allSatisfy { $0.value > 0.2 && $0.value <= 1 })
    // The same seed gives the same numbers, another run of it too.
    #expect(try Self.lottery(rewinding).run() == outcomes)
  }

  @Test("a lottery that was cut off goes on bit for bit", arguments: [1, 3]) func resumed(_ cut: Int) throws {
    let whole = try Self.lottery(5)
    try whole.run()
    let part = try Self.lottery(5)
    for _ in 0..<cut { try part.next() }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try part.stateDict.save(to: path)
    manualSeed(77)
    let rest = try Self.lottery(5)
    try rest.loadStateDict(StateDict(contentsOf: path))
    #expect(try rest.run() == whole.outcomes)
    for (name, tensor) in whole.model.stateDict {
      #expect(sameBits(tensor, try #require(rest.model.stateDict[name])), "\(name)")
    }
    #expect(throws: ModuleError.self) { try rest.loadStateDict(["outcomes": Tensor.zeros([0, 4])]) }
  }

  @Test("the state of another experiment is refused, with what differs") func foreignState() throws {
    let own = try Self.lottery(5)
    try own.next()
    let state = own.stateDict
    var recipe = Self.recipe
    recipe.target = .sparsity(0.7)
    let others: [(LotteryTicket, String)] = [
      (try Self.lottery(4), "rewinding: 4 expected, found 5"),
      (try Self.lottery(5, recipe), "0.7 expected, found"),
      (try Self.lottery(5, Recipe(.lamp, target: .sparsity(0.8))), "criterion: lamp expected, found magnitude"),
      (try Self.lottery(5, rounds: 3), "rounds: 3 expected, found 2"),
      (try Self.lottery(5, seed: 4), "seed: 4 expected, found 3"),
      (try Self.lottery(5, controls: []), "controls: none expected, found none, drawn anew, masks shuffled"),
      (try Self.lottery(5, training: ProcedureTests.training(31)), "steps: 31 expected, found 30"),
      (try Self.lottery(5) { Sequential(Linear(8, 17), ReLU(), Linear(17, 3)) }, "0.weight"),
    ]
    for (other, difference) in others {
      let before = other.stateDict
      let error = #expect(throws: ModuleError.self) { try other.loadStateDict(state) }
      #expect(error?.description.contains(difference) == true, "\(error?.description ?? "")")
      #expect(other.outcomes.isEmpty && before.allSatisfy { other.stateDict[$0]?.equal($1) == true })
    }
  }

  private struct Stop: Error {}

  @Test("a training that has thrown is made again as if it had not", arguments: [0, 5]) func again(_ rewinding: Int)
    throws
  {
    // A threshold would prune more of weights that have been trained in between.
    var recipe = Self.recipe
    recipe.target = .below(0.15)
    let whole = try Self.lottery(rewinding, recipe)
    try whole.run()
    let lottery = try Self.lottery(rewinding, recipe)
    for _ in whole.outcomes {
      for step in [rewinding + 1, 20] {
        #expect(throws: Stop.self) { try lottery.next { if $0.step == step { throw Stop() } } }
      }
      try lottery.next()
    }
    #expect(lottery.outcomes == whole.outcomes)
    for (name, tensor) in whole.model.stateDict {
      #expect(sameBits(tensor, try #require(lottery.model.stateDict[name])), "\(name)")
    }
  }

  private final class Tied: Module {
    let first = Linear(8, 8)
    let second = Linear(8, 8)
    override init() {
      super.init()
      second.replaceParameter("weight", by: first.weight)
    }
    override func forward(_ x: Tensor) -> Tensor { second(relu(first(x))) }
  }

  @Test("controls have the masks at every place of a parameter") func tied() throws {
    var made: [Tied] = []
    let lottery = try Self.lottery(0, rounds: 1) {
      let net = Tied()
      made.append(net)
      return net
    }
    try lottery.run()
    #expect(made.count == 3)
    for net in made {
      #expect(net.first["weight_orig"].isSame(as: net.second["weight_orig"]))
      #expect(net.second.weight.countNonzero() == 13 && net.first.weight.equal(net.second.weight))
    }
  }
}
