import Sparsity

/// Why a pruning call was refused. The module is as it was before the call.
public enum PruningError: Error, Equatable, Sendable {
  /// The module has no parameter of that name. `reason` says what else stands there, if anything.
  case noParameter(String, module: String, parameters: [String], reason: String?)
  /// The amount makes no sense, in itself or for what is left to prune.
  case amount(AmountError, context: String)
  /// The scores cannot be ranked: NaN among them.
  case selection(SelectionError, context: String)
  /// The pattern does not fit the tensor or the amount.
  case pattern(PatternError, context: String)
  /// Scores or a mask of another shape than the parameter.
  case shape(of: String, expected: [Int], found: [Int], context: String)
  /// A type that is stored but not computed with: unsigned integers of 16 bits and more.
  case dtype(of: String, String, context: String)
  /// A dimension that the tensor does not have.
  case dimension(Int, shape: [Int], context: String)
  /// Structured pruning of a tensor with fewer than two dimensions.
  case notMultidimensional(shape: [Int], context: String)
  /// A norm that does not exist for this shape or dtype; with the engine's reason.
  case norm(String, reason: String, context: String)
  /// The tensor is not pruned, so that there is nothing to remove.
  case notPruned(String, module: String, pruned: [String])
  /// The mask before the last call is no longer kept, so that the call cannot be taken back.
  case undoLimit(String, module: String, limit: Int)
  /// The optimiser does not hold the parameter, so that it cannot hold its zeros.
  case foreignOptimizer(String, module: String)
  /// Global pruning takes unstructured methods only.
  case notUnstructured(String)
  /// Global pruning was given no parameters.
  case nothingToPrune
  /// A name that pruning needs is in use.
  case nameTaken(String, module: String)
}

extension PruningError: CustomStringConvertible {
  /// One sentence: what was found and what to do.
  public var description: String {
    switch self {
    case .noParameter(let name, let module, let parameters, let reason):
      "\(module) has no parameter '\(name)'" + (reason.map { " (\($0))" } ?? "") + "; "
        + (parameters.isEmpty ? "it has none" : "choose one of: \(parameters.joined(separator: ", "))")
    case .amount(let error, let context): "\(context): \(error)"
    case .selection(let error, let context): "\(context): \(error)"
    case .pattern(let error, let context): "\(context): \(error)"
    case .shape(let what, let expected, let found, let context):
      "\(context): \(what) must have shape \(expected), found \(found)"
    case .dtype(let what, let dtype, let context):
      "\(context): \(what) are \(dtype), with which LibTorch does not compute; convert them to int64 first"
    case .dimension(let dim, let shape, let context):
      "\(context): dim \(dim) is not a dimension of shape \(shape); choose \(-shape.count)...\(shape.count - 1)"
    case .notMultidimensional(let shape, let context):
      "\(context): structured pruning needs 2 or more dimensions, found shape \(shape); "
        + "prune single entries instead, for example with l1Unstructured"
    case .norm(let norm, let reason, let context):
      "\(context): no norm n=\(norm) for these entries (\(reason)); choose a number, .infinity or .frobenius"
    case .notPruned(let name, let module, let pruned):
      "'\(name)' of \(module) is not pruned, so there is nothing to remove; "
        + (pruned.isEmpty ? "nothing in this module is pruned" : "pruned are: \(pruned.joined(separator: ", "))")
    case .undoLimit(let name, let module, let limit):
      "no further call on '\(name)' of \(module) can be taken back: Prune.undoLimit keeps \(limit) earlier masks; "
        + "set it higher before pruning"
    case .foreignOptimizer(let name, let module):
      "the optimiser does not hold '\(name)' of \(module); make it with the model's parameters, and hold zeros then"
    case .notUnstructured(let method):
      "global pruning compares single entries of several tensors, which \(method) does not; "
        + "use L1Unstructured, RandomUnstructured or a method of pruning type .unstructured"
    case .nothingToPrune: "global pruning was given no parameters; pass pairs of a module and a parameter's name"
    case .nameTaken(let name, let module):
      "\(module) already has a tensor '\(name)', the name that pruning gives; rename or remove it first"
    }
  }
}
