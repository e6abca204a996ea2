import Torch

/// What is gathered of one layer, and the best change of its weights.
final class LayerFit {
  let pair: LayerPair
  private var gram: Gram
  private let scale: Tensor
  private let generator: Generator
  /// The share of the rows that is taken.
  private var share: Double?
  /// What is tried: changes of the weights and of the constants.
  private var candidates: [(damping: Double?, weights: Tensor?, constants: Tensor?)] = []
  private var errors: [Double] = []
  private(set) var outcome: FittedOutcome?

  private let isWeighted: Bool

  /// - Parameter isWeighted: whether weights are refitted, and not constants alone.
  init(_ pair: LayerPair, isWeighted: Bool) {
    (self.pair, self.isWeighted) = (pair, isWeighted)
    let (weight, groups) = (pair.weight, pair.small.windows.groups)
    let inputs = weight.shape[1...].reduce(1, *)
    gram = Gram(
      groups: groups, inputs: isWeighted ? inputs : 1, outputs: weight.shape[0] / groups, device: weight.device)
    scale = pair.scale()
    generator = Generator(seed: 0)
  }

  /// The memory of its sums, in entries.
  static func size(_ pair: LayerPair) -> Int {
    let inputs = pair.weight.shape[1...].reduce(1, *)
    return pair.small.windows.groups * inputs * inputs
  }

  /// Adds a batch: the layer's input, its reference, and the original's; so many batches come.
  func gather(_ input: Tensor, _ reference: Tensor, _ original: Tensor, batches: Int) throws {
    try forEachPart(input, reference, original, isSampled: true, batches) { x, residual in
      gram.add(isWeighted ? x : .zeros([x.shape[0], x.shape[1], 1], dtype: .float64, device: x.device), residual)
    }
  }

  /// Solves for each damping, once everything is gathered.
  func solve() {
    gram.finish(isCentred: pair.takesConstants)
    guard gram.count > 0 else { return }
    let groups = pair.small.windows.groups
    let weight = pair.weight.detach().reshape([groups, pair.weight.shape[0] / groups, -1])
    func constants(_ weights: Tensor?) -> Tensor? {
      guard pair.takesConstants else { return nil }
      let explained = weights.map { $0.transpose(1, 2).bmm(gram.inputSums).transpose(1, 2) }
      return (explained.map { gram.targetSums - $0 } ?? gram.targetSums) / Double(gram.count)
    }
    candidates = [(nil, nil, nil)]
    if let mean = constants(nil) { candidates.append((nil, nil, mean)) }
    if isWeighted {
      let problem = RidgeProblem(gram, weight)
      for damping in problem.dampings {
        guard let change = problem.change(damping: damping) else { continue }
        candidates.append((damping, change, constants(change)))
      }
    }
    errors = [Double](repeating: 0, count: candidates.count)
    // The sums are needed no more.
    gram = Gram(groups: 1, inputs: 1, outputs: 1, device: weight.device)
  }

  /// Tries the changes on a batch that is held out.
  func judge(_ input: Tensor, _ reference: Tensor, _ original: Tensor) throws {
    try forEachPart(input, reference, original, isSampled: false, 1) { x, residual in
      for (index, candidate) in candidates.enumerated() {
        var left = residual
        if let weights = candidate.weights { left = left - x.bmm(weights) }
        if let constants = candidate.constants { left = left - constants }
        errors[index] += (left * scale).square().sum().item()
      }
    }
  }

  /// Makes the change that left least on what is held out.
  func apply() {
    guard let before = errors.first, let best = errors.indices.min(by: { errors[$0] < errors[$1] }) else { return }
    let chosen = errors[best] < before * (1 - 1e-9) ? best : 0
    let candidate = candidates[chosen]
    pair.add(weights: candidate.weights, constants: candidate.constants.map { $0.reshape([-1]) })
    outcome = FittedOutcome(
      name: pair.small.path, before: before.squareRoot(), after: errors[chosen].squareRoot(), damping: candidate.damping
    )
    candidates = []
  }

  /// The rows of a batch, a part of the samples at a time, so that they take bounded memory.
  private func forEachPart(
    _ input: Tensor, _ reference: Tensor, _ original: Tensor, isSampled: Bool, _ batches: Int,
    _ body: (Tensor, Tensor) throws -> Void
  ) throws {
    let windows = pair.small.windows
    let inputs = pair.weight.shape[1...].reduce(1, *) * windows.groups
    let samples = max(input.shape[0], 1)
    let rows = windows.rowCount(of: reference)
    if isSampled, share == nil {
      share = min(1, Double(Gram.enoughRows(inputs / windows.groups)) / Double(max(rows * batches, 1)))
    }
    let isWhole = input.rank != windows.kernel.count + 2 && !windows.isLinear
    let most = max(1, (4 << 20) / max(rows / samples * inputs, 1))
    let step = isWhole || samples != reference.shape[0] ? samples : min(samples, most)
    for start in stride(from: 0, to: samples, by: step) {
      func part(_ tensor: Tensor) -> Tensor {
        step == samples ? tensor : tensor.narrow(0, start: start, length: min(step, samples - start))
      }
      let (x, y, wanted) = (part(input), part(reference), part(original))
      var picks: Tensor?
      if isSampled, let share, share < 1 {
        let count = windows.rowCount(of: y)
        let wanted = max(1, Int((Double(count) * share).rounded(.up)))
        picks = Tensor.randperm(count, generator: generator).narrow(0, start: 0, length: wanted).to(input.device)
      }
      try body(windows.rows(of: x, picks: picks), pair.residual(y, wanted, scale: scale, picks: picks))
    }
  }
}

/// What became of one layer.
public struct FittedOutcome: Hashable, Sendable, Codable {
  /// The weight's name in the module.
  public var name: String
  /// What the place where it is held against the original lacked on the samples that are held out: the root of the summed
  /// squares.
  public var before: Double
  /// What it lacks after.
  public var after: Double
  /// The damping that was chosen, over the mean of the diagonal; nil where the weights stayed.
  public var damping: Double?
}
