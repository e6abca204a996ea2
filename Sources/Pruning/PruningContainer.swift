import Sparsity
import Torch

/// Several methods applied to one tensor, one after the other: its pruning history. Counterpart of
/// `torch.nn.utils.prune.PruningContainer`.
///
/// The history of a tensor lists the last 64 methods, so that it does not grow with the number of calls.
///
/// As a method it applies its last one to what the earlier mask leaves; the earlier ones have made that mask.
public struct PruningContainer {
  private var methods: [any PruningMethod]

  /// A container of the methods given.
  public init(_ methods: [any PruningMethod] = []) { self.methods = methods }

  /// Adds a method at the end: `add_pruning_method`.
  public mutating func add(_ method: any PruningMethod) { methods.append(method) }

  /// How many methods the history of a tensor lists, the latest ones.
  static let recordedCount = 64

  /// This history with one more method; the oldest is dropped where that makes too many.
  func recording(_ method: any PruningMethod) -> PruningContainer {
    PruningContainer(methods.suffix(Self.recordedCount - 1) + [method])
  }
}

extension PruningContainer: RandomAccessCollection {
  /// 0.
  public var startIndex: Int { 0 }
  /// The number of methods.
  public var endIndex: Int { methods.count }
  /// The method at a position.
  public subscript(position: Int) -> any PruningMethod { methods[position] }
}

extension PruningContainer: PruningMethod {
  /// That of the last method; everything where there is none.
  public var pruningType: PruningType { methods.last?.pruningType ?? .global }

  /// The earlier mask combined with that of the last method, which sees only what the earlier mask leaves to it.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    guard let method = methods.last else { return defaultMask.to(scores.dtype) }
    return try Composition.combine(method, scores, defaultMask)
  }

  /// The names of the methods in order: `[RandomUnstructured, LnStructured]`.
  public var description: String { "[" + methods.map(\.description).joined(separator: ", ") + "]" }
}
