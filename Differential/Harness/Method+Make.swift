import NN
import Pruning
import Torch

extension AmountSpec {
  /// The amount in Bonsai.
  var amount: Amount {
    switch self {
    case .count(let count): .count(count)
    case .fraction(let fraction): .fraction(fraction)
    }
  }
}

extension Norm {
  /// The norm by PyTorch's name of it.
  init(_ name: String) {
    switch name {
    case "fro": self = .frobenius
    case "nuc": self = .nuclear
    default: self = .p(Double(name) ?? .nan)
    }
  }
}

/// A method of one's own: prunes every other entry it is shown.
private struct EveryOther: PruningMethod {
  let pruningType: PruningType

  func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor {
    let mask = defaultMask.clone(.contiguous)
    if mask.count > 0 { mask.view(-1)[.slice(nil, nil, step: 2)].zero() }
    return mask
  }
}

extension Method {
  /// The method in Bonsai, for a tensor of that shape and dtype. NaN is ranked as in torch.
  func make(shape: [Int], dtype: DType) -> any PruningMethod {
    switch self {
    case .l1(let amount): L1Unstructured(amount: amount.amount, nan: .rankLargest)
    case .random(let amount): RandomUnstructured(amount: amount.amount)
    case .ln(let amount, let n, let dim): LnStructured(amount: amount.amount, n: Norm(n), dim: dim, nan: .rankLargest)
    case .randomStructured(let amount, let dim): RandomStructured(amount: amount.amount, dim: dim)
    case .identity: Pruning.Identity()
    case .custom(let mask): CustomFromMask(mask: mask.draw(shape: shape, dtype: dtype))
    case .everyOther(let type, let dim):
      EveryOther(pruningType: type == "structured" ? .structured(dim: dim) : type == "global" ? .global : .unstructured)
    }
  }

  /// Prunes one tensor through the functions that users call.
  func prune(_ module: Module, _ name: String, scores: Tensor?, seed: UInt64) throws {
    let own = module.slots[name + "_orig"]?.parameter ?? module.slots[name]?.parameter
    let mask =
      if case .custom(let recipe) = self, let own { recipe.draw(shape: own.shape, dtype: own.dtype) } else { own }
    manualSeed(seed)
    switch self {
    case .l1(let amount):
      try Prune.l1Unstructured(
        module, name: name, amount: amount.amount, importanceScores: scores, nan: .rankLargest)
    case .random(let amount) where scores == nil:
      try Prune.randomUnstructured(module, name: name, amount: amount.amount)
    case .ln(let amount, let n, let dim):
      try Prune.lnStructured(
        module, name: name, amount: amount.amount, n: Norm(n), dim: dim, importanceScores: scores, nan: .rankLargest)
    case .randomStructured(let amount, let dim) where scores == nil:
      try Prune.randomStructured(module, name: name, amount: amount.amount, dim: dim)
    case .identity where scores == nil: try Prune.identity(module, name: name)
    case .custom where scores == nil:
      try Prune.customFromMask(module, name: name, mask: mask ?? Tensor.ones([1]))
    default:
      try Prune.apply(
        make(shape: own?.shape ?? [], dtype: own?.dtype ?? .float32), to: module, name: name, importanceScores: scores)
    }
  }
}
