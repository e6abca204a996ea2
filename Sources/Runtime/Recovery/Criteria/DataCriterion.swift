import Compaction
import NN
import Torch

/// Criteria of channels on data, without labels: what the layers that take a unit in lose with it.
///
/// ```swift
/// let criterion = try DataCriterion(.groupOBS, model: big, inputs: [images])
/// let choice = try compactor.choose(CompactionRecipe(criterion, target: .amount(0.5)))
/// ```
///
/// Groups that no linear layer and no convolution takes in, or one whose sums would take too much memory, are ranked by
/// magnitude; ``unseen`` names them. It runs the model when it is asked for scores, once for each group, and must be asked
/// where the model may be run.
public final class DataCriterion: UnitCriterion, @unchecked Sendable {
  /// What is looked at.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Units are removed one after the other, always the one whose removal, the weights of all others refitted, changes the
    /// outputs of the layers that take it in least (Hassibi & Stork 1993, "Optimal Brain Surgeon", for groups of
    /// inputs). Costs of several layers, each over the size of its outputs, add up.
    case groupOBS = "group-obs"
    /// The squared change of the model's outputs in first order, by random projections of their gradients (Molchanov et
    /// al. 2017, with the distance to the model's own outputs in place of a loss).
    case taylor
    /// How much a unit moves the outputs of the layers that take it in, the others left as they are.
    case activation
  }

  /// What is looked at.
  public let kind: Kind
  /// Groups of layers whose sums would take more bytes are ranked by magnitude.
  public var memoryLimit = 4 << 30
  /// Called before each group: its name.
  public var progress: ((String) throws -> Void)?
  private let model: GraphModule
  private let batches: [[Tensor]]
  private let layers: [String: FittedLayer]
  private var gradients: [String: [[Double]]]?
  /// The groups that were ranked by magnitude, in the order in which they were asked for.
  public private(set) var unseen: [String] = []

  /// A criterion.
  ///
  /// - Parameters:
  ///   - kind: what is looked at.
  ///   - model: the model whose units are ranked.
  ///   - inputs: samples in the order of the model's inputs; for ``Kind/groupOBS`` some hundreds.
  ///   - samples: how many of them are used at most, spread over all.
  ///   - batch: how many are run at once.
  /// - Throws: ``RecoveryError`` for data that cannot be used, ``GraphRunError``.
  public init(
    _ kind: Kind, model: GraphModule, inputs: [Tensor], samples: Int = 512, batch: Int = 64
  ) throws {
    (self.kind, self.model) = (kind, model)
    let data = try RecoveryData(inputs, for: model, heldOut: 0, batch: kind == .taylor ? min(batch, 16) : batch)
    batches = Array(data.fitted(samples: samples))
    layers = Dictionary(
      try FittedLayer.all(in: model).layers.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The same for a module of one input and one output, to be made smaller where it stands.
  ///
  /// - Throws: ``TracingError`` too.
  public convenience init(_ kind: Kind, module: Module, inputs: Tensor, samples: Int = 512) throws {
    let example = inputs.narrow(0, start: 0, length: min(2, max(inputs.shape.first ?? 0, 1)))
    let model = try module.evaluating { try GraphModule(TracedModule(module, example: example)).eval() }
    try self.init(kind, model: model, inputs: [inputs], samples: samples)
  }

  /// The kind's name.
  public var name: String { kind.rawValue }

  /// The scores of a group; the cost of removing a unit, in the order of removal for ``Kind/groupOBS``.
  public func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
    try progress?(group.name)
    guard group.units.count > 1 else { return group.units.map { _ in 0 } }
    let consumers = group.members.enumerated().compactMap { index, member -> Consumer? in
      guard !member.isOutput, member.isParameter, member.dimension == 1, let layer = layers[member.path],
        layer.windows.groups == 1, let weight = model.weight(layer.weight)
      else { return nil }
      return Consumer(
        layer: layer, weight: weight, indices: weights.indices(of: member, in: group), norm: layer.norm, model: model)
    }
    guard !consumers.isEmpty, consumers.allSatisfy({ $0.indices.allSatisfy { !$0.isEmpty } }),
      kind == .taylor || consumers.allSatisfy({ $0.width * $0.width * 24 <= memoryLimit })
    else {
      unseen.append(group.name)
      return try GroupMagnitude().scores(of: group, in: weights)
    }
    return try noGrad {
      switch kind {
      case .groupOBS: try surgeon(consumers)
      case .activation: try activations(consumers)
      case .taylor: try taylor(consumers)
      }
    }
  }

  /// A layer that takes a group in.
  private struct Consumer {
    let layer: FittedLayer
    let weight: Tensor
    /// For each unit the indices of its channels.
    let indices: [[Int]]
    let norm: Int?
    let model: GraphModule

    /// How many entries of a row one channel has.
    var taps: Int { weight.shape[2...].reduce(1, *) }
    var width: Int { weight.shape[1] * taps }

    /// The entries of each unit in a row of weights.
    var entries: [[Int]] { indices.map { $0.flatMap { channel in (channel * taps)..<((channel + 1) * taps) } } }

    /// The weights `[inputs, outputs]` in 64 bits, as far as they move what the norm behind puts out.
    func rows() throws -> Tensor {
      let rows = weight.detach().to(.float64).reshape([weight.shape[0], width]).t
      guard let norm else { return rows }
      return rows * (try model.norm(at: norm).scale)
    }
  }

  /// The covariance of a layer's inputs over all samples, `[inputs, inputs]` in 64 bits.
  private func covariance(_ consumer: Consumer) throws -> Tensor {
    let probe = Probe(model, [.argument("input", step: consumer.layer.step)])
    var gram = Gram(groups: 1, inputs: consumer.width, outputs: 1, device: consumer.weight.device)
    let generator = Generator(seed: 0)
    let enough = Gram.enoughRows(consumer.width)
    for batch in batches {
      let input = try probe.values(batch)[0]
      // As many rows of each batch as make enough of all.
      let parts = max(1, input.count * consumer.taps / (8 << 20))
      for part in input.chunk(min(parts, max(input.shape[0], 1))) {
        var rows = consumer.layer.windows.rows(of: part)
        let wanted = max(1, enough / (batches.count * parts))
        if rows.shape[1] > wanted {
          let picks = Tensor.randperm(rows.shape[1], generator: generator).narrow(0, start: 0, length: wanted)
          rows = rows.indexSelect(1, picks.to(rows.device))
        }
        gram.add(rows, .zeros([1, rows.shape[1], 1], dtype: .float64, device: rows.device))
      }
    }
    gram.finish(isCentred: consumer.layer.bias != nil || consumer.norm != nil)
    return gram.products.select(0, 0) / Double(max(gram.count, 1))
  }

  private func surgeon(_ consumers: [Consumer]) throws -> [Double] {
    let size = consumers.reduce(0) { $0 + $1.width * $1.width }
    // Beyond 1 GiB of sums the costs are those of single units, each as if it went alone.
    if size > 1 << 27 {
      var costs = [Double](repeating: 0, count: consumers[0].indices.count)
      for consumer in consumers {
        let state = try SurgeonState(covariance(consumer), consumer.rows(), consumer.entries)
        for (unit, cost) in state.costs(Array(costs.indices)).enumerated() { costs[unit] += cost }
      }
      return costs
    }
    var states = try consumers.map { try SurgeonState(covariance($0), $0.rows(), $0.entries) }
    var alive = Array(consumers[0].indices.indices)
    var scores = [Double](repeating: 0, count: alive.count)
    var sum = 0.0
    while alive.count > 1 {
      var costs = [Double](repeating: 0, count: alive.count)
      for state in states { for (place, cost) in state.costs(alive).enumerated() { costs[place] += max(cost, 0) } }
      let place = costs.indices.min { costs[$0] < costs[$1] } ?? 0
      // Later removals rank higher, whatever rounding makes of their costs.
      sum = max(sum + max(costs[place], 0), sum.nextUp)
      scores[alive[place]] = sum
      for index in states.indices { states[index].remove(alive[place]) }
      alive.remove(at: place)
      if alive.count == 1 { scores[alive[0]] = max(2 * sum, sum.nextUp) }
    }
    return scores
  }

  private func activations(_ consumers: [Consumer]) throws -> [Double] {
    var scores = [Double](repeating: 0, count: consumers[0].indices.count)
    for consumer in consumers {
      let (products, rows) = (try covariance(consumer), try consumer.rows())
      let all = (rows * products.matmul(rows)).sum().item()
      guard all > 0 else { continue }
      for (unit, entries) in consumer.entries.enumerated() {
        let picks = Tensor(entries.map(Int64.init)).to(rows.device)
        let part = rows.indexSelect(0, picks)
        let own = products.indexSelect(0, picks).indexSelect(1, picks)
        scores[unit] += (part * own.matmul(part)).sum().item() / all
      }
    }
    return scores
  }

  private func taylor(_ consumers: [Consumer]) throws -> [Double] {
    let gradients = try self.gradients ?? projectedGradients()
    self.gradients = gradients
    var scores = [Double](repeating: 0, count: consumers[0].indices.count)
    let draws = gradients.values.first?.count ?? 0
    guard draws > 0 else {
      throw RecoveryError.models(
        "its parameters have no gradients, which 'taylor' takes; rank by group-obs or activation")
    }
    for draw in 0..<draws {
      var sums = [Double](repeating: 0, count: scores.count)
      for consumer in consumers {
        guard let gradient = gradients[consumer.layer.path]?[draw] else { continue }
        for (unit, indices) in consumer.indices.enumerated() {
          for index in indices { sums[unit] += gradient[index] }
        }
      }
      for unit in scores.indices { scores[unit] += sums[unit] * sums[unit] }
    }
    return scores
  }

  /// For random directions of the outputs of each batch, how far they move in them where an input channel of a layer goes:
  /// weights by their gradients, summed over everything but the input channels.
  private func projectedGradients() throws -> [String: [[Double]]] {
    var found: [String: [[Double]]] = [:]
    let generator = Generator(seed: 0)
    let wanted = layers.values.filter { $0.windows.groups == 1 }.sorted { $0.step < $1.step }
    let weights = wanted.compactMap { layer in model.weight(layer.weight).map { (layer.path, $0) } }
    for batch in batches {
      for _ in 0..<2 {
        let gradients = try enableGrad { () throws -> [Tensor?] in
          let outputs = try model.run(batch.map { $0.clone() }).filter(\.dtype.isFloatingPoint)
          let sums = outputs.map { output in
            (output * Tensor.randn(output.shape, generator: generator).to(output.dtype).to(output.device)).sum()
          }
          guard let first = sums.first else { return [] }
          let loss = sums.dropFirst().reduce(first) { $0 + $1 }
          model.zeroGrad()
          loss.backward()
          defer { model.zeroGrad() }
          return weights.map { $0.1.grad }
        }
        for ((path, weight), gradient) in zip(weights, gradients) {
          guard let gradient else { continue }
          let product = (gradient * weight.detach()).to(.float64)
          found[path, default: []].append(
            product.sum((0..<product.rank).filter { $0 != 1 }).array(of: Double.self))
        }
      }
    }
    return found
  }
}
