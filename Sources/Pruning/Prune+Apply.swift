import NN
import Sparsity
import Torch

extension Prune {
  /// Prunes the parameter `name` by any method, on top of what has been done to it before: `BasePruningMethod.apply`.
  /// - Parameters:
  ///   - method: The method.
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - importanceScores: What the method ranks instead of the parameter's own (pruned) values, of its shape.
  /// - Returns: The module.
  /// - Throws: ``PruningError``, or what the method throws; the module is then as it was.
  @discardableResult
  public static func apply<M: Module>(
    _ method: any PruningMethod, to module: M, name: String, importanceScores: Tensor? = nil
  ) throws -> M {
    let target = try ParameterSite(module, name)
    try target.check(importanceScores)
    let scores = noGrad { importanceScores ?? target.scores(for: method) }
    let composed = try target.explaining {
      try Composition.mask(method, scores: scores, previous: target.pruned?.buffer.mask, original: target.original)
    }
    target.commit(composed, by: method)
    return module
  }
}

/// The parameter that a call is about, found and checked before anything is done.
struct ParameterSite {
  let module: Module
  let name: String
  /// What an earlier call has made of it.
  let pruned: PrunedTensor?
  let original: Tensor

  init(_ module: Module, _ name: String) throws(PruningError) {
    self.module = module
    self.name = name
    pruned = module.pruned(name)
    if let pruned {
      original = pruned.original
      return
    }
    guard let parameter = module.slots[name]?.parameter, Self.stem(module, name) == nil else {
      let candidates = module.slots.keys.filter {
        module.slots[$0]?.parameter != nil && Self.stem(module, $0) == nil
      }
      throw .noParameter(
        name, module: "\(module)", parameters: candidates + module.prunedNames, reason: Self.reason(module, name))
    }
    for taken in [name + "_orig", name + "_mask"] where module.slots[taken] != nil {
      throw .nameTaken(taken, module: "\(module)")
    }
    original = parameter
    try check(parameter, "the entries")
  }

  /// The name of the pruned tensor whose original this is, or nil.
  private static func stem(_ module: Module, _ name: String) -> String? {
    guard name.hasSuffix("_orig") else { return nil }
    let stem = String(name.dropLast(5))
    return module.pruned(stem) == nil ? nil : stem
  }

  private static func reason(_ module: Module, _ name: String) -> String? {
    if let stem = stem(module, name) { return "it is the original of '\(stem)', which is pruned: prune that further" }
    if name.contains(".") { return "a dotted path: pass the layer itself and the name within it" }
    switch module.slots[name] {
    case .buffer, .computedBuffer: return "it is a buffer, and only parameters can be pruned"
    case .computed: return "it is computed from other tensors"
    case .parameter: return nil
    case nil: return name == "bias" ? "the layer was made without one" : nil
    }
  }

  /// What methods rank unless told otherwise.
  var values: Tensor { pruned?.value ?? original.detach() }

  /// What `method` ranks unless told otherwise. One that acts on the entries of a packed mask reads those in the original,
  /// where they stand as in the product.
  func scores(for method: any PruningMethod) -> Tensor {
    method is any EntryMethod && pruned?.buffer.mask.bits != nil ? original.detach() : values
  }

  /// For messages: `'weight' of Linear(in_features=4, out_features=3, bias=True)`.
  var context: String { "'\(name)' of \(module)" }

  func check(_ importanceScores: Tensor?) throws(PruningError) {
    guard let importanceScores else { return }
    guard importanceScores.shape == original.shape else {
      throw .shape(
        of: "the importance scores", expected: original.shape, found: importanceScores.shape, context: context)
    }
    try check(importanceScores, "the importance scores")
  }

  private func check(_ tensor: Tensor, _ what: String) throws(PruningError) {
    switch tensor.dtype {
    case .uint16, .uint32, .uint64: throw .dtype(of: what, "\(tensor.dtype)", context: context)
    default: return
    }
  }

  /// Runs `body` and puts the parameter into the errors it throws.
  func explaining<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as PruningError { throw error.about(context) }
  }

  /// Puts the new mask in place; nothing here can fail.
  func commit(_ composed: Composed, by method: any PruningMethod) {
    if let pruned {
      pruned.prune(composed, by: method)
    } else {
      let state = PruningState(mask: composed.mask, history: PruningContainer([method]))
      let pruned = PrunedTensor(original: original, buffer: MaskBuffer(PruningStates(state)))
      pruned.keep(composed.product)
      pruned.enter(module, name)
    }
  }

  /// Stands for the same pruned tensor as `other` from now on: the same parameter, tied at two places.
  func share(_ other: ParameterSite) {
    guard let state = other.module.pruned(other.name), module.pruned(name) !== state else { return }
    if let pruned { pruned.leave(restoringOrder: true) }
    state.enter(module, name)
  }
}

extension PruningError {
  /// The same error with the parameter it is about.
  func about(_ parameter: String) -> PruningError {
    func extended(_ context: String) -> String { context.contains(parameter) ? context : "\(context) on \(parameter)" }
    switch self {
    case .amount(let error, let context): return .amount(error, context: extended(context))
    case .selection(let error, let context): return .selection(error, context: extended(context))
    case .pattern(let error, let context): return .pattern(error, context: extended(context))
    case .shape(let what, let expected, let found, let context):
      return .shape(of: what, expected: expected, found: found, context: extended(context))
    case .dimension(let dim, let shape, let context):
      return .dimension(dim, shape: shape, context: extended(context))
    case .notMultidimensional(let shape, let context):
      return .notMultidimensional(shape: shape, context: extended(context))
    case .norm(let norm, let reason, let context): return .norm(norm, reason: reason, context: extended(context))
    default: return self
    }
  }
}
