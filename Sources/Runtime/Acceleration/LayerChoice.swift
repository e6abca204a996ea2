import SparseKernels

/// How a layer is computed.
public enum LayerChoice: Sendable, Hashable, Codable {
  /// By LibTorch, as the model says.
  case dense
  /// By LibTorch, with channels side by side in memory.
  case denseChannelsLast
  /// By a sparse kernel, with its weight in a type that holds it exactly; float32 where nil.
  case sparse(format: SparseFormat, tuning: Tuning, storage: WeightStorage? = nil)

  /// Whether it is a sparse kernel.
  public var isSparse: Bool { if case .sparse = self { true } else { false } }
}

extension LayerChoice: CustomStringConvertible {
  /// Such as `blocks4, 1 pass` or `dense, channels last`.
  public var description: String {
    switch self {
    case .dense: "dense"
    case .denseChannelsLast: "dense, channels last"
    case .sparse(let format, let tuning, let storage):
      format.rawValue + (storage.map { $0 == .float32 ? "" : ", \($0.rawValue)" } ?? "")
        + (tuning.chunkBytes == 0 || format.isForSingleVectors ? "" : ", \(tuning.chunkBytes >> 10) kB passes")
    }
  }
}
