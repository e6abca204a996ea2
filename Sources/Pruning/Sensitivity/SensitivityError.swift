/// Why no sensitivity can be measured. The model is as it was.
public enum SensitivityError: Error, Hashable, Sendable {
  /// A share that no layer can be pruned to.
  case sparsity(Double)
  /// What was measured is no number; the layer and its sparsity, nil for the model as it is.
  case notANumber(layer: String?, sparsity: Double)
  /// The file of an earlier run holds something else.
  case cache(path: String, reason: String)
}

extension SensitivityError: CustomStringConvertible {
  /// One sentence: what was expected and found, and what to do.
  public var description: String {
    switch self {
    case .sparsity(let found):
      "measure sensitivity: expected sparsities above 0 and below 1, found \(found); give some such as 0.5 and 0.9"
    case .notANumber(let layer, let sparsity):
      "measure sensitivity: expected a number, found none "
        + (layer.map { "with '\($0)' at a sparsity of \(sparsity)" } ?? "of the model as it is")
        + "; look for NaN in the data, or leave that sparsity out"
    case .cache(let path, let reason):
      "measure sensitivity: expected in '\(path)' what an earlier run on the same model has found, found \(reason); name "
        + "another file, or remove this one"
    }
  }
}
