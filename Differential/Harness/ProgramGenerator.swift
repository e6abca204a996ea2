import NN
import Torch

/// Draws programs: the same ones for the same seed, each independent of those before it.
package struct ProgramGenerator {
  var random: RandomSource
  /// The parameters of the network at hand, by place, with their shapes.
  var parameters: [(target: Target, shape: [Int])] = []
  var modules: [String] = []
  /// The tensors that are pruned by the steps so far, if none of them is refused.
  var pruned: [Target] = []
  /// The files that are there.
  var saved: Set<Int> = []
  var hasOptimizer = false

  private init(_ seed: UInt64, _ index: Int) {
    var mixer = RandomSource(seed)
    random = RandomSource(mixer.next() ^ (UInt64(index) &* 0x2545_f491_4f6c_dd1d))
  }

  /// Program number `index` of the sequence that belongs to `seed`.
  package static func program(seed: UInt64, index: Int) -> Program {
    var generator = ProgramGenerator(seed, index)
    return generator.program()
  }

  private mutating func program() -> Program {
    let (layers, length) = network()
    let dtype = random.pick(weighted: [(6, "float32"), (2, "float64"), (2, "float16"), (2, "bfloat16")])
    var program = Program(
      seed: random.seed(), layers: layers, length: length, dtype: dtype,
      optimizer: random.chance(0.7) ? optimizer() : nil, steps: [])
    hasOptimizer = program.optimizer != nil
    let network = program.fresh()
    modules = network.namedModules.keys.filter { !$0.isEmpty }
    parameters = network.namedParameters.map { path, tensor in
      let dot = path.lastIndex(of: ".") ?? path.startIndex
      return (Target(module: String(path[..<dot]), name: String(path[path.index(after: dot)...])), tensor.shape)
    }
    if random.chance(0.35) { program.steps.append(.fill(target: target(), recipe: weights(layouts: true))) }
    let count = random.int(3...12)
    while program.steps.count < count { program.steps += steps() }
    return program
  }

  private mutating func optimizer() -> OptimizerSpec {
    var spec = OptimizerSpec(kind: random.pick(["sgd", "sgd", "adam", "adamw"]))
    spec.learningRate = random.pick([0.1, 0.03, 0.01])
    spec.weightDecay = random.pick([0, 0, 0.1, 0.01])
    spec.maximize = random.chance(0.1)
    if spec.kind == "sgd" {
      spec.momentum = random.pick([0, 0.9, 0.5])
      spec.nesterov = spec.momentum > 0 && random.chance(0.3)
      spec.dampening = spec.momentum > 0 && !spec.nesterov && random.chance(0.2) ? 0.5 : 0
    } else {
      spec.amsgrad = random.chance(0.2)
    }
    return spec
  }

  /// A parameter of the network; now and then a name that is none.
  mutating func target() -> Target {
    if parameters.isEmpty || random.chance(0.015) {
      return Target(
        module: modules.first ?? "0",
        name: random.pick(["bias", "nothing", "running_mean", "weight_mask", "weight_orig"]))
    }
    // Prefer few tensors, so that methods come to lie on one another.
    let reach = random.chance(0.7) ? min(parameters.count, 2) : parameters.count
    return parameters[random.int(0...reach - 1)].target
  }

  /// Values for a parameter.
  mutating func weights(layouts: Bool) -> TensorRecipe {
    TensorRecipe(
      seed: random.seed(),
      kind: random.pick(weighted: [(4, .normal), (4, .quantised), (1, .constant), (1, .zeros), (1, .wide)]),
      layout: layouts && random.chance(0.5) ? random.pick(TensorRecipe.Layout.allCases) : nil)
  }

  /// Importance scores for a parameter of that shape.
  mutating func scores(_ shape: [Int]) -> TensorRecipe {
    var recipe = TensorRecipe(
      seed: random.seed(),
      kind: random.pick(weighted: [(4, .normal), (2, .quantised), (2, .uniform), (1, .whole), (1, .infinite)]))
    if random.chance(0.3) { recipe.dtype = random.pick(["float64", "float32", "float16", "bfloat16"]) }
    if recipe.kind == .whole && random.chance(0.5) { recipe.dtype = "int64" }
    if random.chance(0.1) { recipe.layout = random.pick(TensorRecipe.Layout.allCases) }
    if random.chance(0.06) { recipe.shape = random.chance(0.5) ? shape.reversed() : shape + [1] }
    return recipe
  }

  /// An amount for so many entries or channels; some are refused.
  mutating func amount(of count: Int) -> AmountSpec {
    if random.chance(0.5) {
      return .count(
        random.pick(weighted: [
          (20, random.int(0...max(1, count / 2))), (2, 0), (2, count), (2, count + random.int(1...3)), (1, -1),
        ]))
    }
    let share = Double(random.int(1...99)) / 100
    return .fraction(
      random.pick(weighted: [(16, share), (6, 0.5), (4, 0.2), (1, 0), (1, 1), (1, 1.5), (1, -0.25), (1, .nan)]))
  }
}
