import NN
import Torch

/// A training that a procedure can carry out, more than once where it has to.
///
/// ```swift
/// let training = Training(steps: epochs * batches.count, learningRate: .cosine(steps: epochs * batches.count)) { model in
///   Adam(model.parameters, learningRate: 2e-3)
/// } batch: { step in
///   batches[step]
/// }
/// ```
public struct Training {
  /// How many steps it has.
  public var steps: Int
  /// The rate over the steps, beginning with the optimiser's own; of each group of its parameters with the group's.
  public var learningRate: LearningRateSchedule
  /// The optimiser of a model.
  public var optimizer: (Module) -> any Optimizer
  /// Inputs and targets of a step, counted from 0: the same each time for the same step.
  public var batch: (Int) throws -> (inputs: Tensor, targets: Tensor)
  /// The outputs of a model.
  public var outputs: (Module, Tensor) throws -> Tensor = { model, inputs in model(inputs) }
  /// The loss of outputs against targets.
  public var loss: (Tensor, Tensor) throws -> Tensor = { crossEntropy($0, $1) }
  /// Whom the model learns from beside the targets; nil for nobody.
  public var teaching: Teaching?

  /// A teacher's part in a training.
  public struct Teaching {
    /// The network that is learnt from, which is put into evaluation mode.
    public var teacher: Module
    /// What is learnt.
    public var distillation: Distillation
    /// The part of the teacher's word in the loss, in 0...1; the targets have the rest.
    public var share: Double

    /// A teacher's part.
    public init(_ teacher: Module, _ distillation: Distillation, share: Double = 0.5) {
      precondition((0...1).contains(share), "Teaching: expected a share in 0...1, found \(share)")
      (self.teacher, self.distillation, self.share) = (teacher, distillation, share)
    }
  }

  /// Where a training stands.
  public struct Progress: Hashable, Sendable {
    /// What is being done, such as `round 2: ticket`.
    public var stage: String
    /// How many steps have been made.
    public var step: Int
    /// How many there are.
    public var steps: Int
    /// The loss of the last step.
    public var loss: Double
  }

  /// What hears of the progress, after each step; what it throws ends the training.
  public typealias Listener = (Progress) throws -> Void

  /// A training.
  ///
  /// - Parameters:
  ///   - steps: How many steps it has.
  ///   - learningRate: The rate over the steps, beginning with the optimiser's own.
  ///   - teaching: Whom the model learns from beside the targets.
  ///   - optimizer: The optimiser of a model.
  ///   - batch: Inputs and targets of a step, the same each time for the same step.
  public init(
    steps: Int, learningRate: LearningRateSchedule = .constant, teaching: Teaching? = nil,
    optimizer: @escaping (Module) -> any Optimizer, batch: @escaping (Int) throws -> (inputs: Tensor, targets: Tensor)
  ) {
    precondition(steps > 0, "Training: expected one step or more, found \(steps)")
    (self.steps, self.learningRate, self.teaching) = (steps, learningRate, teaching)
    (self.optimizer, self.batch) = (optimizer, batch)
  }

  /// The loss of a model at a step.
  func loss(of model: Module, at step: Int, _ teacher: Teacher?) throws -> Tensor {
    let (inputs, targets) = try batch(step)
    let outputs = try outputs(model, inputs)
    guard let teacher, let share = teaching?.share else { return try loss(outputs, targets) }
    let taught = try teacher.loss(outputs, for: inputs) * share
    return share == 1 ? taught : try loss(outputs, targets) * (1 - share) + taught
  }

  /// Trains a model.
  ///
  /// - Parameters:
  ///   - start: The step to begin with; the rate is that of this step.
  ///   - stage: What to call it.
  ///   - update: Called with the optimiser once before the first step, and gives what is called between gradients and
  ///     optimiser in each.
  func run(
    _ model: Module, from start: Int = 0, to end: Int? = nil, stage: String = "training", progress: Listener? = nil,
    update: (any Optimizer) throws -> () throws -> Void = { _ in {} }
  ) throws {
    model.train()
    let optimizer = optimizer(model)
    let teacher = try teaching.map { try Teacher($0.teacher, of: model, $0.distillation) }
    var rates = optimizer.learningRates.map { learningRate.rates(from: $0) }
    if start > 0 { for group in rates.indices { rates[group].skip(start) } }
    let between = try update(optimizer)
    for step in start..<max(start, end ?? steps) {
      optimizer.learningRates = rates.indices.map { rates[$0].next() }
      optimizer.zeroGrad()
      let loss = try loss(of: model, at: step, teacher)
      loss.backward()
      try between()
      optimizer.step()
      try progress?(Progress(stage: stage, step: step + 1, steps: end ?? steps, loss: loss.item()))
    }
    optimizer.zeroGrad()
  }
}
