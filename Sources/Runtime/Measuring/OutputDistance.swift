import Torch

/// How far the outputs of a model are from those of the model that it came from, on the same samples.
public struct OutputDistance: Hashable, Sendable, Codable {
  /// The root of the summed squares of the differences over that of the reference's outputs; of several outputs the root
  /// mean square. Infinite where something is not a number, or differs from an output that is 0 throughout.
  public var relativeError: Double
  /// The share of samples whose highest score is of the same class, in the first output that is a table of scores, a row
  /// for each sample; nil where there is none.
  public var agreement: Double?
  /// The share of samples whose highest score is that of the label; nil without labels.
  public var accuracy: Double?
  /// How many samples were compared.
  public var samples: Int

  /// A distance.
  public init(relativeError: Double, agreement: Double? = nil, accuracy: Double? = nil, samples: Int) {
    (self.relativeError, self.agreement, self.accuracy, self.samples) = (relativeError, agreement, accuracy, samples)
  }

  /// The share of samples whose top class changes; nil where there are no classes.
  public var change: Double? { agreement.map { 1 - $0 } }

  /// Whether it is further away than another: by the relative error, the only measure that every model has.
  public func isWorse(than other: OutputDistance) -> Bool { !(relativeError <= other.relativeError) }
}

/// The outputs of a model on some samples, kept so that others can be held against them.
///
/// ```swift
/// let reference = try OutputReference(big, batches: inputs.batches)
/// print(try reference.distance(of: small).relativeError)
/// ```
public struct OutputReference {
  /// The inputs of each run, in the order of the model's inputs.
  public let batches: [[Tensor]]
  /// The outputs of each run.
  public let outputs: [[Tensor]]
  /// The class of each sample, batch by batch; nil where they are not known.
  public let labels: [Tensor]?

  /// Runs a model, without gradients.
  ///
  /// - Parameters:
  ///   - model: the reference.
  ///   - batches: the inputs of each run.
  ///   - labels: for each batch the classes of its samples, whole numbers `[samples]`; nil for none.
  /// - Throws: ``GraphRunError``.
  public init(_ model: GraphModule, batches: [[Tensor]], labels: [Tensor]? = nil) throws {
    (self.batches, self.labels) = (batches, labels)
    outputs = try noGrad { try batches.map { try model.run($0.map { $0.clone() }).map { $0.clone() } } }
  }

  /// How far another model's outputs are from these.
  ///
  /// - Throws: ``GraphRunError``.
  public func distance(of model: GraphModule) throws -> OutputDistance {
    var meter = DistanceMeter()
    try noGrad {
      for (index, batch) in batches.enumerated() {
        meter.add(try model.run(batch.map { $0.clone() }), reference: outputs[index], labels: labels?[index])
      }
    }
    return meter.distance
  }
}

/// Sums up an ``OutputDistance`` batch by batch.
struct DistanceMeter {
  private var sums: [(difference: Double, scale: Double)] = []
  private var (agreeing, right, scored, samples) = (0, 0, 0, 0)
  private var isLabelled = false

  /// Adds the outputs of a batch.
  mutating func add(_ outputs: [Tensor], reference: [Tensor], labels: Tensor? = nil) {
    while sums.count < reference.count { sums.append((0, 0)) }
    samples += reference.first?.shape.first ?? 1
    guard outputs.count == reference.count, zip(outputs, reference).allSatisfy({ $0.shape == $1.shape }) else {
      for index in sums.indices { sums[index].difference = .infinity }
      return
    }
    for (index, (found, wanted)) in zip(outputs, reference).enumerated() {
      let (x, y) = (found.detach().to(.float64), wanted.detach().to(.float64))
      let difference = (x - y).square().sum().item()
      sums[index].difference += difference.isNaN ? .infinity : difference
      sums[index].scale += y.square().sum().item()
    }
    guard let table = reference.firstIndex(where: \.isTableOfScores) else { return }
    let found = outputs[table].detach().argmax(1)
    scored += found.count
    agreeing += (found .== reference[table].argmax(1)).countNonzero()
    if let labels {
      isLabelled = true
      right += (found .== labels.to(found.device).to(.int64)).countNonzero()
    }
  }

  /// What was found so far.
  var distance: OutputDistance {
    let squares = sums.map { $0.difference == 0 ? 0 : $0.scale > 0 ? $0.difference / $0.scale : .infinity }
    let error = squares.isEmpty ? 0 : (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    return OutputDistance(
      relativeError: error.isNaN ? .infinity : error, agreement: scored > 0 ? Double(agreeing) / Double(scored) : nil,
      accuracy: isLabelled && scored > 0 ? Double(right) / Double(scored) : nil, samples: samples)
  }
}

extension Tensor {
  /// Whether it may be scores of classes, a row for each sample.
  package var isTableOfScores: Bool { rank == 2 && shape[1] > 1 && shape[0] > 0 && dtype.isFloatingPoint }
}
