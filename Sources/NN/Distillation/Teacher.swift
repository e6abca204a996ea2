import Torch

/// A network that another one learns from.
///
/// ```swift
/// let teacher = try Teacher(dense, of: model, Distillation(.softTargets(temperature: 4)))
/// for (images, labels) in batches {
///   let logits = model(images)
///   let loss = crossEntropy(logits, labels) * 0.5 + teacher.loss(logits, for: images) * 0.5
///   loss.backward()
///   optimizer.step()
/// }
/// ```
///
/// Labels are not needed where the teacher's word is the whole loss. The teacher is in evaluation mode and gets no gradients.
public final class Teacher {
  /// The network that is learnt from.
  public let model: Module
  /// What is learnt.
  public let distillation: Distillation
  private let own: Features
  private let students: Features

  /// Makes a network the teacher of another one.
  ///
  /// - Parameters:
  ///   - model: The teacher, which is put into evaluation mode.
  ///   - student: The network that learns. Where features are compared, its inputs are listened to from now on.
  ///   - distillation: What it learns.
  /// - Throws: ``ModuleError`` where one of the two has no module of a name.
  public init(_ model: Module, of student: Module, _ distillation: Distillation) throws(ModuleError) {
    precondition(!distillation.terms.isEmpty, "Teacher: expected one term or more")
    own = try Features(model, distillation.features)
    students = try Features(student, distillation.features)
    self.model = model.eval()
    self.distillation = distillation
  }

  /// The loss of the student's last pass against the teacher's outputs for the same inputs.
  ///
  /// - Parameters:
  ///   - outputs: What the student gave.
  ///   - inputs: What it was given.
  /// - Throws: ``ModuleError`` where outputs or features of the two differ in shape, or nothing flowed into a module.
  public func loss(_ outputs: Tensor, for inputs: Tensor) throws(ModuleError) -> Tensor {
    try loss(outputs) { $0(inputs) }
  }

  /// The same for a teacher that is called with more than one tensor.
  public func loss(_ outputs: Tensor, teaching: (Module) -> Tensor) throws(ModuleError) -> Tensor {
    let wanted = noGrad { teaching(model) }
    try compare(outputs, wanted, "outputs")
    var sum: Tensor?
    for term in distillation.terms {
      let part: Tensor
      switch term.kind {
      case .softTargets(let temperature, let dim):
        part = softTargetLoss(outputs, wanted, temperature: temperature, dim: dim)
      case .outputs: part = mseLoss(outputs, wanted)
      case .features(let path):
        let (found, taught) = (try students.last(path), try own.last(path))
        try compare(found, taught, "features into '\(path)'")
        part = mseLoss(found, taught.detach())
      }
      let weighted = part * term.weight
      sum = sum.map { $0 + weighted } ?? weighted
    }
    own.forget()
    students.forget()
    return sum ?? wanted.zerosLike().sum()
  }

  private func compare(_ found: Tensor, _ wanted: Tensor, _ what: String) throws(ModuleError) {
    guard found.shape != wanted.shape else { return }
    throw .architecture(expected: "\(what) of shape \(wanted.shape), as the teacher's", found: "\(found.shape)")
  }
}

/// What flowed last into some modules of a network.
private final class Features {
  private let name: String
  private var taps: [(module: Module, key: Int)] = []
  private var inputs: [String: Tensor] = [:]

  init(_ model: Module, _ paths: [String]) throws(ModuleError) {
    name = "\(type(of: model))"
    let modules = model.namedModules
    for path in paths where modules[path] == nil {
      throw .noModule(path, module: name, names: Array(modules.keys))
    }
    for path in paths {
      guard let module = modules[path] else { continue }
      let tap = InputTap { [weak self] in self?.inputs[path] = $0.tensor }
      taps.append((module, module.addForwardPreHook(tap)))
    }
  }

  deinit { for (module, key) in taps { module.removeForwardPreHook(key) } }

  func last(_ path: String) throws(ModuleError) -> Tensor {
    guard let input = inputs[path] else {
      throw .architecture(expected: "a pass of \(name) through '\(path)' before the loss", found: "none")
    }
    return input
  }

  func forget() { inputs = [:] }
}
