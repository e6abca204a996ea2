import Compaction
import Datasets
import NN
import Pruning
import Recipes
import Runtime
import Torch

/// A network wide enough for sparse kernels, for images of 32 x 32.
final class PatternNet: Module {
  let conv1 = Conv2d(1, 32, kernelSize: 3, padding: 1)
  let conv2 = Conv2d(32, 64, kernelSize: 3, padding: 1)
  let fc1 = Linear(64 * 8 * 8, 128)
  let fc2 = Linear(128, 10)

  /// The weights that are pruned: not those of the classes. The first layer has one input, and no four to take two of.
  var pruned: [(Module, String)] { [conv1, conv2, fc1].map { ($0, "weight") } }

  override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    return fc2(relu(fc1(x.flatten(1))))
  }
}

/// A network that is pruned by one pattern and trained on, its accuracy and its speed.
struct PatternTrial {
  let train: ImageSet
  let test: ImageSet
  let seed: UInt64
  let batches: [Int]

  /// Trains the network that all others begin with.
  func trainDense(epochs: Int, to path: String) throws {
    manualSeed(seed)
    let run = TrainingRun(PatternNet(), on: train, batch: 64, seed: seed)
    for _ in 0..<epochs { _ = run.pass() }
    try run.net.save(to: path)
  }

  /// Prunes the network of a file, trains it for an epoch and measures it.
  func run(
    _ way: PatternsCommand.Way, _ sparsity: Double, epochs: Int, from path: String
  ) throws -> PatternsCommand.Outcome {
    manualSeed(seed)
    let net = PatternNet()
    try net.load(from: path)
    if way == .channels {
      let target = CompactionRecipe(target: .amount(.fraction(sparsity)))
      try net.compact(target, example: example(2))
    } else if way != .dense {
      let pattern = way.pattern
      try Prune.apply(
        Recipe(
          .magnitude, target: pattern.fixesAmount ? nil : .sparsity(sparsity), pattern: pattern, distribution: .uniform,
          selector: Selector(only: [NamePattern(way == .twoOfFour ? "(conv2|fc1).*weight$" : "(conv|fc1).*weight$")])),
        to: net)
    }
    _ = TrainingRun(net, on: train, batch: 64, seed: seed + 1).pass()
    for (layer, name) in net.pruned where Prune.isPruned(layer) { try Prune.remove(layer, name: name) }
    net.eval()
    return PatternsCommand.Outcome(
      way: way, sparsity: sparsity, seed: seed, epochs: epochs, images: train.count,
      accuracy: accuracy(of: net, on: test),
      speed: Dictionary(uniqueKeysWithValues: try batches.map { ("\($0)", try speed(net, way, batch: $0)) }))
  }

  private func example(_ batch: Int) -> Tensor { Tensor.randn([batch, 1, 32, 32]) }

  private func speed(_ net: PatternNet, _ way: PatternsCommand.Way, batch: Int) throws -> Double {
    let threads = threadCount
    defer { threadCount = threads }
    threadCount = 1
    let x = example(batch)
    // Traced, so that what follows a layer is part of its kernel, and pools go through the memory format that suits them.
    func plan(_ net: PatternNet) throws -> AccelerationPlan {
      let graph = try GraphModule(TracedModule(net, example: x, dynamic: []))
      guard let plan = try graph.accelerated(examples: [x]).accelerationPlan else {
        fatalError("an accelerated model has a plan")
      }
      return plan
    }
    let own = try plan(net)
    guard way == .channels else { return own.denseMicroseconds / own.microseconds }
    return try plan(PatternNet().eval()).denseMicroseconds / own.microseconds
  }
}

extension PatternsCommand.Way {
  fileprivate var pattern: Pattern {
    switch self {
    case .dense, .entries, .channels: .unstructured
    case .blocks4: .block(rows: 4, columns: 1)
    case .blocks8: .block(rows: 8, columns: 1)
    case .twoOfFour: .nOfM(2, 4)
    }
  }
}
