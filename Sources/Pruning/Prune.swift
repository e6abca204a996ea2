import NN
import Sparsity
import Torch

/// The functions of `torch.nn.utils.prune`, by their names in Swift's spelling.
///
/// | PyTorch | Bonsai |
/// |---|---|
/// | `prune.random_unstructured(m, "weight", 0.3)` | `try Prune.randomUnstructured(m, name: "weight", amount: 0.3)` |
/// | `prune.l1_unstructured(m, "bias", 3)` | `try Prune.l1Unstructured(m, name: "bias", amount: 3)` |
/// | `prune.ln_structured(m, "weight", 0.5, n=2, dim=0)` | `try Prune.lnStructured(m, name: "weight", amount: 0.5, n: 2, dim: 0)` |
/// | `prune.global_unstructured(ps, prune.L1Unstructured, amount=0.2)` | `try Prune.globalUnstructured(ps, method: L1Unstructured.self, amount: 0.2)` |
/// | `prune.remove(m, "weight")` | `try Prune.remove(m, name: "weight")` |
///
/// Every function prunes the parameter `name` of the module itself (not of its children): the parameter becomes
/// `name_orig`, at the end of the parameters; the mask becomes the buffer `name_mask`; `name` is their product. A further
/// call acts on what the earlier ones left and adds to the history.
///
/// A call that throws has changed nothing, whether it is the first or the tenth.
public enum Prune {
  /// Reparameterises without pruning anything. `torch.nn.utils.prune.identity`.
  /// - Returns: The module.
  @discardableResult
  public static func identity<M: Module>(_ module: M, name: String) throws -> M {
    try apply(Identity(), to: module, name: name)
  }

  /// Prunes `amount` of the entries at random. `torch.nn.utils.prune.random_unstructured`.
  /// - Returns: The module.
  /// - Throws: ``PruningError``; the module is then as it was.
  @discardableResult
  public static func randomUnstructured<M: Module>(_ module: M, name: String, amount: Amount) throws -> M {
    try apply(RandomUnstructured(amount: amount), to: module, name: name)
  }

  /// Prunes `amount` of the entries, those of smallest magnitude. `torch.nn.utils.prune.l1_unstructured`.
  /// - Parameters:
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - amount: How much of what is still unpruned is pruned.
  ///   - importanceScores: What to rank by magnitude instead of the parameter's own values, of its shape.
  ///   - nan: `.rankLargest` keeps NaN longest, as PyTorch does, instead of refusing them.
  /// - Returns: The module.
  /// - Throws: ``PruningError``; the module is then as it was.
  @discardableResult
  public static func l1Unstructured<M: Module>(
    _ module: M, name: String, amount: Amount, importanceScores: Tensor? = nil, nan: NaNRule = .refuse
  ) throws -> M {
    try apply(
      L1Unstructured(amount: amount, nan: nan), to: module, name: name, importanceScores: importanceScores)
  }

  /// Prunes `amount` of the channels along `dim` at random. `torch.nn.utils.prune.random_structured`.
  /// - Returns: The module.
  /// - Throws: ``PruningError``; the module is then as it was.
  @discardableResult
  public static func randomStructured<M: Module>(_ module: M, name: String, amount: Amount, dim: Int) throws -> M {
    try apply(RandomStructured(amount: amount, dim: dim), to: module, name: name)
  }

  /// Prunes `amount` of the channels along `dim`, those of smallest Ln norm. `torch.nn.utils.prune.ln_structured`.
  /// - Parameters:
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - amount: How much of what is still unpruned is pruned.
  ///   - n: The norm: a number, `.infinity`, `.negativeInfinity`, `.frobenius` or `.nuclear`.
  ///   - dim: The dimension whose channels are ranked: 0 for a layer's outputs.
  ///   - importanceScores: What to take the norms of instead of the parameter's own values, of its shape.
  ///   - nan: What to do with NaN among the scores.
  /// - Returns: The module.
  /// - Throws: ``PruningError``; the module is then as it was.
  @discardableResult
  public static func lnStructured<M: Module>(
    _ module: M, name: String, amount: Amount, n: Norm, dim: Int, importanceScores: Tensor? = nil,
    nan: NaNRule = .refuse
  ) throws -> M {
    try apply(
      LnStructured(amount: amount, n: n, dim: dim, nan: nan), to: module, name: name,
      importanceScores: importanceScores)
  }

  /// Prunes by a mask, multiplied with an earlier one. `torch.nn.utils.prune.custom_from_mask`.
  /// - Returns: The module.
  /// - Throws: ``PruningError/shape(of:expected:found:context:)`` where the mask has not the parameter's shape.
  @discardableResult
  public static func customFromMask<M: Module>(_ module: M, name: String, mask: Tensor) throws -> M {
    try apply(CustomFromMask(mask: mask), to: module, name: name)
  }

  /// Whether anything in the module or below it is pruned. `torch.nn.utils.prune.is_pruned`.
  public static func isPruned(_ module: Module) -> Bool {
    module.namedModules.values.contains { !$0.prunedNames.isEmpty }
  }
}
