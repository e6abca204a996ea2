import NN
import Sparsity
import Torch

/// Prunes units of a pattern at random: N:M sparsity, blocks, channels, entries.
///
/// A float32 is drawn from [0, 1) for each block or channel, otherwise for each entry, pruned ones included, and the
/// smallest draws go. A baseline for ``MagnitudePattern``: what it costs to choose by magnitude shows beside chance.
public struct RandomPattern: EntryMethod {
  /// The pattern.
  public let pattern: Pattern
  /// How many of the units that take part go; nil for `nOfM`, which says it itself.
  public let amount: Amount?
  /// The whole tensor: the pattern needs its shape.
  public let pruningType = PruningType.global

  /// The method.
  public init(_ pattern: Pattern, amount: Amount? = nil) {
    self.pattern = pattern
    self.amount = amount
  }

  private var ranking: MagnitudePattern { MagnitudePattern(pattern, amount: amount, n: .infinity) }

  /// The earlier mask with units zeroed at random.
  public func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor {
    try ranking.computeMask(draws(for: scores.shape), defaultMask: defaultMask)
  }

  func survivors(of scores: [Tensor], kept: [BitMask?]) throws -> [BitMask] {
    try ranking.survivors(of: scores.map { try draws(for: $0.shape) }, kept: kept)
  }

  /// A draw for each entry, the same for all entries of a unit.
  private func draws(for shape: [Int]) throws -> Tensor {
    do throws(PatternError) { try pattern.validate(for: shape) } catch {
      throw PruningError.pattern(error, context: description)
    }
    switch pattern {
    case .unstructured, .nOfM: return Tensor.rand(shape)
    case .structured(let dim):
      var channels = Array(repeating: 1, count: shape.count)
      let place = dim < 0 ? dim + shape.count : dim
      channels[place] = shape[place]
      return Tensor.rand(channels).expand(shape).contiguous()
    case .block(let rows, let columns):
      let outer = Array(shape.dropLast(2))
      let (height, width) = (shape[shape.count - 2] / rows, shape[shape.count - 1] / columns)
      return Tensor.rand(outer + [height, 1, width, 1]).expand(outer + [height, rows, width, columns]).reshape(shape)
    }
  }
}

extension Prune {
  /// Prunes units of a pattern at random: `.nOfM(2, 4)`, `.block(rows: 4, columns: 4)`.
  /// - Parameters:
  ///   - module: The module that has the parameter.
  ///   - name: The parameter's name.
  ///   - pattern: Which entries are pruned together.
  ///   - amount: How many of the blocks or channels go; none for `nOfM`.
  /// - Returns: The module.
  /// - Throws: ``PruningError``; the module is then as it was.
  @discardableResult
  public static func randomPattern<M: Module>(
    _ module: M, name: String, pattern: Pattern, amount: Amount? = nil
  ) throws -> M {
    try apply(RandomPattern(pattern, amount: amount), to: module, name: name)
  }
}
