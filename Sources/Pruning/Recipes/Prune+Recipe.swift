import Checkpoints
import NN
import Recipes
import Sparsity
import Torch

extension Prune {
  /// Prunes a model by a recipe, at once, on top of what has been done to it before.
  ///
  /// ```swift
  /// try Prune.apply(Recipe(.magnitude, target: .sparsity(0.9)), to: model)
  /// try Prune.apply(Recipe(.magnitude, pattern: .nOfM(2, 4), selector: .layers("Linear")), to: model)
  /// ```
  ///
  /// The masks are those that the same recipe gives a file of the same weights. Norms are computed in float64, whatever
  /// the weights are; for PyTorch's own choice there is ``lnStructured(_:name:amount:n:dim:importanceScores:nan:)``.
  /// - Returns: What became of each weight; layers of which nothing is left are in `emptied`.
  /// - Throws: `RecipeError`; the model is then as it was.
  @discardableResult
  public static func apply(_ recipe: Recipe, to model: Module) throws -> PruningReport {
    let run = try RecipeRun(recipe, model)
    let masks = try run.masks()
    return run.commit(masks)
  }

  /// What ``apply(_:to:)`` would do, without doing it.
  public static func preview(_ recipe: Recipe, of model: Module) throws -> PruningReport {
    let run = try RecipeRun(recipe, model)
    return run.report(try run.masks())
  }
}

/// A recipe on its way into a model.
struct RecipeRun {
  let plan: PruningPlan
  /// For each weight of the plan its places in the model.
  private let places: [[ParameterSite]]

  init(_ recipe: Recipe, _ model: Module) throws {
    var weights: [Weight] = []
    var places: [[ParameterSite]] = []
    var known: [UnsafeRawPointer: Int] = [:]
    // The same judgement as of a file of the same tensors.
    let roles = RoleTable(
      model.stateDict.map { TensorDescription(path: $0, shape: $1.shape, typeName: $1.dtype.storedType.name) })
    for (prefix, module) in model.namedModules {
      for name in module.prunableNames {
        let target = try ParameterSite(module, name)
        guard target.original.dtype.isFloatingPoint else { continue }
        let path = prefix.isEmpty ? name : "\(prefix).\(name)"
        let role = target.pruned == nil ? roles[path]?.role : nil
        if let number = known[target.original.identity] {
          weights[number].aliases.append(.init(path: path, rank: target.original.rank, role: role))
          places[number].append(target)
        } else {
          known[target.original.identity] = weights.count
          let type = target.original.dtype.elementType
          weights.append(
            Weight(
              path: path, shape: target.original.shape, type: type, role: role, layer: "\(Swift.type(of: module))"))
          places.append([target])
        }
      }
    }
    plan = try recipe.plan(for: weights)
    self.places = places
  }

  /// The entries that stay of each weight, of those that took part; nil for weights that are not pruned.
  func masks() throws -> [BitMask?] {
    let pruned = Set(plan.pruned)
    // Weights that are not pruned are not looked at.
    let values = places.indices.map { number -> Tensor? in
      guard pruned.contains(number) else { return nil }
      return noGrad { places[number][0].participants.detach().to(.cpu).contiguous() }
    }
    defer { withExtendedLifetime(values) {} }
    let scores = places.indices.map { number -> Scores in
      let type = plan.weights[number].type
      guard let values = values[number] else {
        return Scores(bytes: UnsafeRawBufferPointer(start: nil, count: 0), type: type)
      }
      let kept = places[number][0].pruned?.buffer.mask.participating
      return values.withUnsafeBytes { Scores(bytes: $0, type: type, kept: kept) }
    }
    return try plan.masks(of: scores, draws: EngineDraws())
  }

  /// Puts the masks in place; nothing here can fail.
  func commit(_ masks: [BitMask?]) -> PruningReport {
    let report = report(masks)
    let method = RecipeMethod(plan.recipe)
    for (targets, mask) in zip(places, masks) {
      guard let mask, let first = targets.first else { continue }
      first.commit(Composed(mask: first.mask(keeping: mask)), by: method)
      for other in targets.dropFirst() { other.share(first) }
    }
    return report
  }

  func report(_ masks: [BitMask?]) -> PruningReport {
    let tensors = masks.indices.compactMap { number -> PruningReport.Tensor? in
      guard let mask = masks[number] else { return nil }
      let weight = plan.weights[number]
      let target = places[number][0]
      let after = target.mask(keeping: mask).nonzero
      let gone = target.values.to(.cpu).bits().subtracting(after)
      return PruningReport.Tensor(
        name: weight.path, shape: weight.shape, entries: weight.count,
        prunedBefore: target.pruned?.buffer.mask.nonzero.prunedCount ?? 0, pruned: after.prunedCount,
        alreadyZero: after.prunedCount - gone.keptCount)
    }
    return PruningReport(tensors, leftWhole: plan.leftWholeReport)
  }
}

extension ParameterSite {
  /// What is ranked: the values on which a mask acts.
  fileprivate var participants: Tensor { pruned?.buffer.mask.bits != nil ? original : values }

  /// The mask in which of the entries that take part only those stay that `survivors` keeps.
  fileprivate func mask(keeping survivors: BitMask) -> PruningMask {
    guard let earlier = pruned?.buffer.mask else {
      return PruningMask(survivors, shape: original.shape, dtype: original.dtype)
    }
    return earlier.intersected(with: survivors.union(earlier.participating.complement), dtype: earlier.dtype)
  }
}

extension Module {
  /// The parameters of this module itself that can be pruned, or are pruned already.
  fileprivate var prunableNames: [String] {
    slots.keys.filter { name in
      if pruned(name) != nil { return true }
      guard slots[name]?.parameter != nil else { return false }
      return !(name.hasSuffix("_orig") && pruned(String(name.dropLast("_orig".count))) != nil)
    }
  }
}
