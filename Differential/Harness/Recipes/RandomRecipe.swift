import NN
import Recipes
import Sparsity
import Torch

/// Recipes of every kind, of which a few contradict themselves or do not fit.
struct RandomRecipe {
  let model: ModuleList
  private let weights: [(path: String, shape: [Int], dtype: DType)]

  init(_ model: ModuleList) {
    self.model = model
    weights = model.namedParameters.map { name, tensor in
      (name.hasSuffix("_orig") ? String(name.dropLast(5)) : name, tensor.shape, tensor.dtype)
    }
  }

  func recipe(_ random: inout RandomSource) throws -> Recipe {
    // Some that contradict themselves, but most do not.
    for _ in 0..<20 where Int.random(in: 0...12, using: &random) > 0 {
      let recipe = try draw(&random)
      if (try? recipe.validate()) != nil { return recipe }
    }
    return try draw(&random)
  }

  private func draw(_ random: inout RandomSource) throws -> Recipe {
    let patterns: [Pattern] = [
      .unstructured, .unstructured, .unstructured, .structured(dim: 0), .structured(dim: -1), .nOfM(2, 4),
      .nOfM(1, 2, dim: -1), .nOfM(3, 4, dim: 0), .block(rows: 4, columns: 1), .block(rows: 2, columns: 2),
      .block(rows: 1, columns: 3, of: .lastTwo),
    ]
    let pattern = patterns.randomElement(using: &random) ?? .unstructured
    var recipe = Recipe(.magnitude, pattern: pattern)
    recipe.criterion = try criterion(&random)
    if case .masks = recipe.criterion.source { recipe.pattern = .unstructured }
    if recipe.criterion.subject == .channels, Int.random(in: 0..<20, using: &random) > 0 {
      recipe.pattern = .structured(dim: Int.random(in: -1...0, using: &random))
    }
    let isFixed = recipe.pattern.fixesAmount || recipe.criterion is GivenMasks
    if !isFixed || Int.random(in: 0..<30, using: &random) == 0 { recipe.target = target(&random) }
    recipe.distribution = Distribution(Distribution.Kind.allCases.randomElement(using: &random) ?? .global)
    if Int.random(in: 0..<3, using: &random) == 0 {
      recipe.distribution.atLeast = Double.random(in: 0...0.7, using: &random)
    }
    if Int.random(in: 0..<5, using: &random) == 0 {
      recipe.rules = [
        Rule(try NamePattern("^0.*(weight|bias)"), Bool.random(using: &random) ? .exclude : .prune(target(&random))),
        Rule(try NamePattern("bias|weight"), .prune(target(&random))),
      ]
    }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: recipe.selector.included = [try NamePattern("bias")]
    case 1: recipe.selector.only = [try NamePattern("weight")]
    case 2: recipe.selector.excluded = [try NamePattern("^0\\.")]
    default: break
    }
    return recipe
  }

  private func target(_ random: inout RandomSource) -> Recipes.Target {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return .amount(.count(Int.random(in: 0...12, using: &random)))
    case 1: return .below(Double.random(in: 0...0.5, using: &random))
    case 2, 3: return .sparsity(Double.random(in: 0...1, using: &random))
    default: return .amount(.fraction(Double.random(in: 0...1, using: &random)))
    }
  }

  private func criterion(_ random: inout RandomSource) throws -> any Criterion {
    let orders: [Norm] = [0, 1, 2, 3, 0.5, .infinity, .negativeInfinity, .frobenius]
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return LnNorm(orders.randomElement(using: &random) ?? 2)
    case 1, 2: return RandomScores(seed: random.next() >> 1)
    case 3: return LAMP()
    case 4: return given(&random) { GivenMasks($0) }
    case 5: return given(&random) { GivenScores($0, by: .value) }
    case 6: return MeanScaled()
    case 7: return Bool.random(using: &random) ? Signed() : ChannelSpread()
    default: return Magnitude()
    }
  }

  /// Masks or scores for all weights, of bits that are both.
  private func given(_ random: inout RandomSource, _ make: (TensorsInMemory) -> any Criterion) -> any Criterion {
    var tensors = TensorsInMemory()
    for weight in weights where weight.dtype.isFloatingPoint {
      let bits = (0..<weight.shape.reduce(1, *)).map { _ in Float(Int.random(in: 0...1, using: &random)) }
      tensors.add(weight.path, shape: weight.shape, type: .float32, bits)
    }
    return make(tensors)
  }
}

/// |w| times the mean magnitude of its weight.
private struct MeanScaled: Criterion {
  let name = "mean-scaled"

  func scores(of weight: WeightValues) -> [Double] {
    let mean = weight.values.reduce(0) { $0 + abs($1) } / Double(weight.values.count)
    return weight.values.map { abs($0) * mean }
  }
}

/// The smallest values first, signs counted.
private struct Signed: Criterion {
  let name = "signed"
  let ranking = Ranking.value

  func scores(of weight: WeightValues) -> [Double] { weight.values }
}

/// The largest less the smallest value of each channel.
private struct ChannelSpread: Criterion {
  let name = "spread"
  let subject = ScoreSubject.channels

  func scores(of weight: WeightValues) -> [Double] {
    let shape = weight.weight.shape
    guard let dimension = weight.dimension else { return [] }
    let inner = shape[(dimension + 1)...].reduce(1, *)
    var bounds = Array(repeating: (Double.infinity, -Double.infinity), count: shape[dimension])
    for (index, value) in weight.values.enumerated() {
      let channel = index / inner % shape[dimension]
      bounds[channel] = (min(bounds[channel].0, value), max(bounds[channel].1, value))
    }
    return bounds.map { $1 - $0 }
  }
}
