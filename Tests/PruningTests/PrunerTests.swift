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
    let error = #expect(throws: RecipeError.self) {
      try Pruner(net, Recipe(.magnitude, target: .amount(0.5), schedule: .cubic()), steps: 10)
    }
    #expect(error?.kind == .contradiction && error?.expected == "a sparsity to approach")
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
  ]

  @Test("a training that was cut off goes on bit for bit", arguments: 0..<9, [0, 7, 11])
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
    try pruner.finish()

    manualSeed(99)
    let twin = Net()
    let second = optimizer(twin)
    try Prune.load(StateDict(contentsOf: path("net")), into: twin, .asState)
    try second.loadStateDict(StateDict(contentsOf: path("optimizer")), naming: twin)
    let resumed = try Pruner(twin, recipe, steps: 20, optimizer: second)
    try resumed.loadStateDict(StateDict(contentsOf: path("pruner")))
    Generator.default().state = generator
    #expect(try Self.train(twin, second, resumed, cut..<20) == expected)
    try resumed.finish()
    #expect(resumed.updates == pruner.updates && !pruner.updates.isEmpty)
    for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(twin.stateDict[name])), "\(name)") }
  }

  @Test("the state of another model is refused") func foreignState() throws {
    let pruner = try Pruner(Net(), Recipe(.movement, target: .sparsity(0.5)), steps: 10)
    _ = try pruner.step()
    let state = pruner.stateDict
    let other = try Pruner(Linear(3, 3), Recipe(.movement, target: .sparsity(0.5)), steps: 10)
    var wrong = state
    wrong["evidence.first.weight"] = Tensor.zeros([2])
    #expect(throws: ModuleError.self) { try other.loadStateDict(wrong) }
    #expect(throws: ModuleError.self) { try pruner.loadStateDict([:]) }
    #expect(pruner.stepsMade == 1 && other.stepsMade == 0)
  }
}
