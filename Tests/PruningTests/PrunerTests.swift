import Foundation
import NN
import Pruning
import Recipes
import Testing
import Torch

/// Recipes carried out during training.
@Suite(.serialized) struct PrunerTests {
  final class Net: Module {
    let first = Linear(8, 12)
    let dropout = Dropout(0.25)
    let last = Linear(12, 3)
    override func forward(_ x: Tensor) -> Tensor { last(dropout(relu(first(x)))) }
  }

  /// Steps of training on data that the default generator draws; the pruner's update comes before the optimiser's step.
  static func train(_ net: Module, _ optimizer: any Optimizer, _ pruner: Pruner, _ steps: Range<Int>) throws -> [Double]
  {
    try steps.map { _ in
      optimizer.zeroGrad()
      let loss = crossEntropy(net(Tensor.randn([16, 8])), Tensor.randint(0..<3, [16]))
      loss.backward()
      try pruner.step()
      optimizer.step()
      return loss.item()
    }
  }

  static func sparsity(_ net: Net) -> Double {
    let zeros = [net.first, net.last].map { $0.weight.count - $0.weight.countNonzero() }.reduce(0, +)
    return Double(zeros) / Double(net.first.weight.count + net.last.weight.count)
  }

  @Test("a cubic schedule updates when it says, never grows back, and reaches the target") func cubic() throws {
    manualSeed(0)
    let net = Net()
    let optimizer = Adam(net.parameters, learningRate: 0.01)
    let recipe = Recipe(.curvature, target: .sparsity(0.9), schedule: .cubic(from: 0.2, to: 0.8, updates: 4))
    let pruner = try Pruner(net, recipe, steps: 20, optimizer: optimizer)
    var masks: [Tensor] = []
    for _ in 0..<20 {
      _ = try Self.train(net, optimizer, pruner, 0..<1)
      if net.first.slots["weight_mask"] != nil { masks.append(net.first["weight_mask"]) }
    }
    #expect(pruner.updates.map(\.step) == [7, 10, 13, 16])
    // 1 - (1 - t)³ of 0.9 at quarters of the way, of 132 entries.
    let expected = [0.25, 0.5, 0.75, 1].map { (0.9 * (1 - pow(1 - $0, 3)) * 132).rounded(.toNearestOrEven) / 132 }
    #expect(pruner.updates.map(\.sparsity) == expected)
    for (earlier, later) in zip(masks, masks.dropFirst()) { #expect((later .> earlier).sum().intItem() == 0) }
    let report = try pruner.finish(holdingZeros: true)
    #expect(pruner.isFinished && !Prune.isPruned(net))
    #expect(report.tensors.reduce(0) { $0 + $1.pruned } == 119)
    #expect(Self.sparsity(net) == 119.0 / 132)
    // Zeros stay zero in further steps.
    optimizer.zeroGrad()
    crossEntropy(net(Tensor.randn([16, 8])), Tensor.randint(0..<3, [16])).backward()
    optimizer.step()
    #expect(Self.sparsity(net) == 119.0 / 132)
  }

  @Test("a schedule to the end is completed by finish, one shot begins before the first step") func ends() throws {
    manualSeed(0)
    let net = Net()
    let optimizer = SGD(net.parameters, learningRate: 0.1)
    let pruner = try Pruner(
      net, Recipe(.magnitude, target: .amount(0.5), schedule: .linear(updates: 2)), steps: 10, optimizer: optimizer)
    _ = try Self.train(net, optimizer, pruner, 0..<10)
    #expect(Self.sparsity(net) == 33.0 / 132)
    try pruner.finish()
    #expect(Self.sparsity(net) == 66.0 / 132)
    let other = Net()
    let oneShot = try Pruner(other, Recipe(.magnitude, target: .amount(0.5)), steps: 3)
    #expect(try oneShot.step() != nil && Self.sparsity(other) == 0.5)
    #expect(try oneShot.step() == nil)
  }

  @Test("a cyclic schedule begins anew with the masks of the beginning") func cyclic() throws {
    manualSeed(0)
    let net = Net()
    try Prune.l1Unstructured(net.first, name: "weight", amount: 10)
    let before = net.first["weight_mask"].clone()
    let optimizer = SGD(net.parameters, learningRate: 0.1)
    let recipe = Recipe(.magnitude, target: .sparsity(0.5), schedule: .cyclic(2, updates: 4))
    let pruner = try Pruner(net, recipe, steps: 8, optimizer: optimizer)
    var counts: [Int] = []
    for _ in 0..<8 {
      _ = try Self.train(net, optimizer, pruner, 0..<1)
      counts.append(net.first["weight_mask"].countNonzero())
      #expect((net.first["weight_mask"] .> before).sum().intItem() == 0)
    }
    // The half of the way is where the second cycle begins, with nothing pruned but what was before.
    #expect(pruner.updates.map(\.step) == [2, 4, 6])
    #expect(counts[2] < 86 && counts[4] == 86 && net.first["weight_mask"].equal(before) == (counts[7] == 86))
    try pruner.finish()
    #expect(Self.sparsity(net) == 0.5)
  }

  @Test("shares of what is left do not go with a gradual schedule on a pruned model") func refusals() throws {
    let net = Net()
    try Prune.l1Unstructured(net.first, name: "weight", amount: 10)
    let state = net.stateDict.mapValues { $0.clone() }
    let shares = try Pruner(net, Recipe(.magnitude, target: .amount(0.5), schedule: .cubic()), steps: 10)
    for call in [{ _ = try shares.step() }, { _ = try shares.finish() }] {
      let error = #expect(throws: RecipeError.self) { try call() }
      #expect(error?.kind == .contradiction && error?.expected == "a sparsity to approach")
    }
    #expect(shares.stepsMade == 0 && !shares.isFinished)
    let number = Recipe(.magnitude, target: .amount(5), schedule: .cubic())
    #expect(throws: RecipeError.self) { try Pruner(PrunerTests.Net(), number, steps: 10) }
    #expect(throws: RecipeError.self) {
      try Pruner(
        net, Recipe(.magnitude, target: .sparsity(0.5), selector: Selector(only: [try NamePattern("none")])), steps: 10)
    }
    // NaN among the weights: the training stops with everything as it was.
    let pruner = try Pruner(net, Recipe(.magnitude, target: .sparsity(0.5)), steps: 10)
    noGrad { _ = net.last.weight.fill(Double.nan) }
    #expect(throws: RecipeError.self) { try pruner.step() }
    #expect(pruner.stepsMade == 0 && pruner.updates.isEmpty)
    #expect(net.first["weight_mask"].equal(try #require(state["first.weight_mask"])))
  }

  private static let recipes: [Recipe] = [
    Recipe(.curvature, target: .sparsity(0.9), schedule: .cubic(from: 0.1, to: 0.9)),
    Recipe(.movement, target: .sparsity(0.8), schedule: .linear(from: 0.2, to: 0.7, updates: 5)),
    Recipe(.magnitude, target: .sparsity(0.5), pattern: .structured(dim: 0), schedule: .cyclic(3)),
    Recipe(.taylor, target: .sparsity(0.9), distribution: .erk, schedule: .exponential(to: 0.8, updates: 6)),
    Recipe(.wanda, target: .sparsity(0.5), distribution: .perRow, schedule: .oneShot(at: 0.5)),
    .rigL(0.6, seed: 3, updates: 6), .set(0.6, seed: 3, updates: 9),
    Recipe(
      .curvature, target: .sparsity(0.8), schedule: .cubic(to: 0.7, updates: 5),
      regrowth: Regrowth(.gradient, decay: .cosine, from: 0.2, to: 0.9, updates: 12)),
    Recipe(
      .sparseGPT, target: .sparsity(0.5), distribution: .uniform, schedule: .linear(from: 0.2, to: 0.8, updates: 3)),
    Recipe(.magnitude, target: .amount(0.5), schedule: .linear(from: 0.2, to: 0.8, updates: 6)),
  ]

  @Test("a training that was cut off goes on bit for bit", arguments: 0..<10, [0, 7, 11])
  func resumed(_ index: Int, cut: Int) throws {
    let recipe = Self.recipes[index]
    func optimizer(_ net: Net) -> any Optimizer {
      index % 2 == 0
        ? Adam(net.parameters, learningRate: 0.01) : SGD(net.parameters, learningRate: 0.1, momentum: 0.9)
    }
    manualSeed(UInt64(index))
    let net = Net()
    let first = optimizer(net)
    let pruner = try Pruner(net, recipe, steps: 20, optimizer: first)
    _ = try Self.train(net, first, pruner, 0..<cut)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("PrunerTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name + ".safetensors").path }
    try net.save(to: path("net"))
    try first.stateDict(naming: net).save(to: path("optimizer"))
    try pruner.stateDict.save(to: path("pruner"))
    let generator = Generator.default().state
    let expected = try Self.train(net, first, pruner, cut..<20)
    let report = try pruner.finish()

    manualSeed(99)
    let twin = Net()
    let second = optimizer(twin)
    try Prune.load(StateDict(contentsOf: path("net")), into: twin, .asState)
    try second.loadStateDict(StateDict(contentsOf: path("optimizer")), naming: twin)
    let resumed = try Pruner(twin, recipe, steps: 20, optimizer: second)
    try resumed.loadStateDict(StateDict(contentsOf: path("pruner")))
    Generator.default().state = generator
    #expect(try Self.train(twin, second, resumed, cut..<20) == expected)
    #expect(try resumed.finish() == report)
    #expect(resumed.updates == pruner.updates && !pruner.updates.isEmpty)
    for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(twin.stateDict[name])), "\(name)") }
  }

  @Test("the state of another model, recipe, evidence or number of steps is refused, with what differs")
  func foreignState() throws {
    let net = Net()
    let recipe = Recipe(.movement, target: .sparsity(0.5), schedule: .linear(updates: 2))
    func refused(_ other: Pruner, _ difference: String) throws {
      let state = try Pruner(net, recipe, steps: 10).stateDict
      let before = other.stateDict
      let error = #expect(throws: ModuleError.self) { try other.loadStateDict(state) }
      #expect(error?.description.contains(difference) == true, "\(error?.description ?? "")")
      #expect(other.stepsMade == 1 && before.allSatisfy { other.stateDict[$0]?.equal($1) == true })
    }
    func pruner(_ model: Module, _ recipe: Recipe, _ steps: Int, _ optimizer: (any Optimizer)? = nil) throws -> Pruner {
      let pruner = try Pruner(model, recipe, steps: steps, optimizer: optimizer)
      try pruner.step()
      return pruner
    }
    // Layers of the same names in another shape, and of other names.
    let wide = Sequential(Linear(3, 3))
    try refused(pruner(wide, recipe, 10), "weights: 0.bias [3] expected, found first.bias [12]")
    try refused(pruner(net, recipe, 11), "steps: 11 expected, found 10")
    var other = recipe
    other.criterion = Taylor()
    try refused(pruner(net, other, 10), "criterion: taylor expected, found movement")
    try refused(pruner(net, other, 10, Adam(net.parameters)), "evidence: gradients of Adam expected, found movement")
    other = recipe
    other.target = .sparsity(0.25)
    try refused(pruner(net, other, 10), "0.25 expected, found")
    other = recipe
    other.distribution = .uniform
    try refused(pruner(net, other, 10), "uniform")
    let own = try pruner(net, recipe, 10)
    #expect(throws: ModuleError.self) { try own.loadStateDict([:]) }
    var late = own.stateDict
    late["steps_made"] = Tensor(Int64(11))
    #expect(throws: ModuleError.self) { try own.loadStateDict(late) }
    #expect(own.stepsMade == 1)
  }

  @Test("the report of a training is of all of it") func report() throws {
    manualSeed(0)
    let net = Net()
    try Prune.l1Unstructured(net.last, name: "weight", amount: 6)
    noGrad { _ = net.first.weight.multiplyInPlace(1e-3) }
    let recipe = Recipe(.magnitude, target: .sparsity(0.8), schedule: .linear(to: 0.5, updates: 3))
    let pruner = try Pruner(net, recipe, steps: 8)
    for _ in 0..<8 { try pruner.step() }
    let report = try pruner.finish()
    #expect(report.emptied == ["first.weight"])
    #expect(report.tensors.map(\.prunedBefore) == [0, 6] && report.pruned == 106 && report.newlyPruned == 100)
  }
}
