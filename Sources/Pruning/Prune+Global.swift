import NN
import Sparsity
import Torch

extension Prune {
  /// Prunes `amount` of the entries of several parameters together, so that each may lose another share.
  /// `torch.nn.utils.prune.global_unstructured`.
  ///
  /// ```swift
  /// try Prune.globalUnstructured(
  ///   [(model.conv1, "weight"), (model.fc1, "weight")], method: L1Unstructured.self, amount: 0.2)
  /// ```
  /// - Parameters:
  ///   - parameters: Modules and names. A parameter that stands at several places is seen as one.
  ///   - method: `L1Unstructured.self` or `RandomUnstructured.self`.
  ///   - amount: A fraction of all entries still unpruned, or their number.
  ///   - importanceScores: For some or all parameters, what to rank instead of their own values, of their shapes.
  /// - Throws: ``PruningError``; all modules are then as they were.
  public static func globalUnstructured(
    _ parameters: [(Module, String)], method: any AmountMethod.Type, amount: Amount,
    importanceScores: [ParameterID: Tensor] = [:]
  ) throws {
    try globalUnstructured(parameters, method: method.init(amount: amount), importanceScores: importanceScores)
  }

  /// The same for any sequence, which is read once.
  public static func globalUnstructured(
    _ parameters: some Sequence<(Module, String)>, method: any AmountMethod.Type, amount: Amount,
    importanceScores: [ParameterID: Tensor] = [:]
  ) throws {
    try globalUnstructured(Array(parameters), method: method, amount: amount, importanceScores: importanceScores)
  }

  /// Prunes several parameters together by any unstructured method, also one's own.
  /// - Throws: ``PruningError/notUnstructured(_:)`` for a method that does not act on single entries.
  public static func globalUnstructured(
    _ parameters: [(Module, String)], method: any PruningMethod, importanceScores: [ParameterID: Tensor] = [:]
  ) throws {
    guard method.pruningType == .unstructured else { throw PruningError.notUnstructured("\(method)") }
    var places: Set<ParameterID> = []
    var targets: [ParameterSite] = []
    /// Further places of the parameters in `targets`, by the parameter's identity.
    var tied: [UnsafeRawPointer: [ParameterSite]] = [:]
    for (module, name) in parameters where places.insert(ParameterID(module, name)).inserted {
      let target = try ParameterSite(module, name)
      try target.check(importanceScores[ParameterID(module, name)])
      if tied[target.original.identity]?.append(target) == nil {
        tied[target.original.identity] = []
        targets.append(target)
      }
    }
    guard !targets.isEmpty else { throw PruningError.nothingToPrune }
    let scores = noGrad { targets.map { importanceScores[ParameterID($0.module, $0.name)] ?? $0.scores(for: method) } }
    let masks: [Composed]
    do { masks = try globalMasks(method, targets, scores) } catch let error as PruningError {
      throw error.naming(targets)
    }
    for (target, mask) in zip(targets, masks) {
      target.commit(mask, by: method)
      for other in tied[target.original.identity] ?? [] { other.share(target) }
    }
  }

  private static func globalMasks(
    _ method: any PruningMethod, _ targets: [ParameterSite], _ scores: [Tensor]
  ) throws -> [Composed] {
    func dtype(_ target: ParameterSite) -> DType { target.original.dtype }
    if let method = method as? any EntryMethod, scores.allSatisfy(\.isInMainMemory) {
      return try Composition.masks(
        method, scores: scores, previous: targets.map { $0.pruned?.buffer.mask }, originals: targets.map(\.original),
        dtypes: targets.map(dtype))
    }
    // One long tensor of all scores and masks, as PyTorch does it.
    return try noGrad {
      let flat = Tensor.cat(scores.map { $0.detach().reshape(-1) })
      let earlier = Tensor.cat(
        targets.map { target in
          (target.pruned?.buffer.mask.tensor ?? target.original.detach().onesLike()).reshape(-1).to(flat.dtype)
        })
      let mask = try Composition.combine(method, flat, earlier)
      var start = 0
      return targets.map { target in
        defer { start += target.original.count }
        let part = mask.narrow(0, start: start, length: target.original.count)
        return Composed(mask: PruningMask(part.reshape(target.original.shape).to(dtype(target)).clone()))
      }
    }
  }
}

extension PruningError {
  /// The same error about NaN with the parameter in which the first was found.
  fileprivate func naming(_ targets: [ParameterSite]) -> PruningError {
    guard case .selection(.nan(let buffer, let index, let count), let context) = self, targets.indices.contains(buffer)
    else { return self }
    return .selection(.nan(buffer: 0, index: index, count: count), context: context).about(targets[buffer].context)
  }
}

/// A parameter by its module and name, as a key for importance scores.
public struct ParameterID: Hashable {
  private let module: ObjectIdentifier
  private let name: String

  /// The parameter `name` of `module`.
  public init(_ module: Module, _ name: String) {
    self.module = ObjectIdentifier(module)
    self.name = name
  }
}
