import Foundation
import NN
import Recipes
import Sparsity
import Torch

extension Sensitivity {
  /// Measures each layer alone at several sparsities. The model is afterwards what it was, also where this throws.
  ///
  /// - Parameters:
  ///   - model: the model. Weights that are pruned already are pruned further.
  ///   - criterion: what ranks the entries of a layer.
  ///   - sparsities: shares of a layer's entries that are 0, each above 0 and below 1. Those that a layer has already are
  ///     left out.
  ///   - pattern: on what structure; a layer that it does not fit is left out.
  ///   - selector: which layers.
  ///   - measure: what `value` gives.
  ///   - evidence: what the criterion needs beside the weights.
  ///   - path: a JSON file to which each number goes when it is there, and from which those are taken that it has, so that
  ///     a run that was cut off goes on. It must be of the same model; that `value` is on the same data is the caller's to see.
  ///   - progress: called with how many numbers there are and will be.
  ///   - value: the loss or the accuracy of the model as it is at the moment, on data that stay the same.
  /// - Throws: ``SensitivityError``, `RecipeError`, and what `value` throws.
  public static func measured(
    of model: Module, _ criterion: some Criterion,
    sparsities: [Double] = [0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99], pattern: Pattern = .unstructured,
    selector: Selector = Selector(), measure: Measure = .accuracy, evidence: EvidenceCollector? = nil,
    cachedAt path: String? = nil, progress: ((_ done: Int, _ all: Int) -> Void)? = nil, _ value: () throws -> Double
  ) throws -> Sensitivity {
    let sparsities = Set(sparsities).sorted()
    if let wrong = sparsities.first(where: { !($0 > 0 && $0 < 1) }) { throw SensitivityError.sparsity(wrong) }
    func recipe(_ sparsity: Double) -> Recipe {
      Recipe(criterion, target: .sparsity(sparsity), pattern: pattern, distribution: .uniform, selector: selector)
    }
    let weights = try ModelWeights(model)
    let runs = try sparsities.map { try RecipeRun(recipe($0), weights) }
    let layers = runs.first?.plan.pruned ?? []
    // Every weight is ranked by itself, so that all of them can be ranked at once.
    let masks = try runs.map { run in
      try run.check(evidence)
      return try run.masks(evidence: evidence?.values(for: weights))
    }
    var found = Sensitivity(
      measure: measure, criterion: criterion.signature, pattern: "\(pattern)",
      fingerprint: Fingerprint(model.stateDict).value,
      evidence: criterion.evidence == .none ? nil : evidence.map { Fingerprint($0.named).value }, baseline: .nan,
      layers: layers.map { number in
        let (weight, site) = (weights.weights[number], weights.places[number][0])
        let kept = site.pruned?.buffer.mask.nonzero.keptCount ?? weight.count
        return Layer(path: weight.path, shape: weight.shape, kept: kept, points: [])
      })
    let earlier = try path.flatMap { try Self.read($0, like: found) }
    func number(_ layer: String?, _ sparsity: Double) throws -> Double {
      let result = try noGrad(value)
      guard result.isFinite else { throw SensitivityError.notANumber(layer: layer, sparsity: sparsity) }
      return result
    }
    func save() throws { if let path { try found.write(to: path) } }
    found.baseline = try earlier?.baseline ?? number(nil, 0)
    if earlier == nil { try save() }
    let all = layers.count * sparsities.count
    for (place, weight) in layers.enumerated() {
      let known = earlier?.layers[place].points ?? []
      found.layers[place].points = known
      for (step, sparsity) in sparsities.enumerated() {
        defer { progress?(place * sparsities.count + step + 1, all) }
        guard !known.contains(where: { $0.sparsity == sparsity }) else { continue }
        guard Double(found.layers[place].kept) > (1 - sparsity) * Double(weights.weights[weight].count) else {
          continue
        }
        guard let mask = masks[step][weight] else { continue }
        let result = try weights.places[weight][0].original.zeroed(outside: mask) {
          try number(found.layers[place].path, sparsity)
        }
        found.layers[place].points.append(Point(sparsity: sparsity, kept: mask.keptCount, value: result))
        found.layers[place].points.sort { $0.sparsity < $1.sparsity }
        try save()
      }
    }
    return found
  }

  /// What a file holds, if there is one.
  private static func read(_ path: String, like wanted: Sensitivity) throws -> Sensitivity? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    guard let read = try? JSONDecoder().decode(Sensitivity.self, from: data), read.schema == wanted.schema else {
      throw SensitivityError.cache(path: path, reason: "no such file of this version")
    }
    func same<T: Equatable>(_ what: String, _ part: (Sensitivity) -> T) throws {
      guard part(read) == part(wanted) else {
        throw SensitivityError.cache(path: path, reason: "\(what) \(part(read)) in place of \(part(wanted))")
      }
    }
    try same("a measure", \.measure.rawValue)
    try same("the criterion", \.criterion)
    try same("the pattern", \.pattern)
    try same("the layers") { $0.layers.map(\.path) }
    try same("a model of fingerprint", \.fingerprint)
    try same("evidence of fingerprint") { $0.evidence.map { "\($0)" } ?? "none" }
    return read
  }

  /// Writes it as JSON; it takes the place of what is there in one step.
  public func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

extension Tensor {
  /// Does something while all entries are 0 that a mask does not keep; they get their values back in any case.
  fileprivate func zeroed<R>(outside mask: BitMask, _ body: () throws -> R) rethrows -> R {
    let values = noGrad { detach().clone() }
    defer { noGrad { _ = detach().copy(from: values) } }
    noGrad {
      let kept = Tensor.make(mask, shape: shape, dtype: dtype).to(device)
      _ = detach().copy(from: values * kept)
    }
    return try body()
  }
}
