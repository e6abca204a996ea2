/// The channels or blocks of one tensor, which are pruned or kept as a whole.
///
/// ```swift
/// let units = PatternUnits(.block(rows: 4, columns: 1), of: [8, 6])!     // 12 blocks
/// let norms = units.scores(of: entries, .norm(2))
/// let mask = units.expanded(try Selection.prune(6, ofUnits: norms))
/// ```
public struct PatternUnits: Sendable {
  private enum Kind {
    case channels(dimension: Int)
    case blocks(BlockGrid)
  }

  private let kind: Kind
  private let shape: [Int]
  /// The number of channels or blocks.
  public let count: Int
  /// The number of blocks that stand side by side in the same rows; 1 for channels.
  public let columns: Int

  /// The units of a tensor; nil for patterns of entries.
  ///
  /// - Precondition: the pattern fits the shape; ``Pattern/validate(for:)`` tells.
  public init?(_ pattern: Pattern, of shape: [Int]) {
    self.shape = shape
    switch pattern {
    case .unstructured, .nOfM: return nil
    case .structured:
      let dimension = pattern.dimension(in: shape) ?? 0
      kind = .channels(dimension: dimension)
      (count, columns) = (shape[dimension], 1)
    case .block(let rows, let columns, let matrix):
      let grid = BlockGrid(shape: matrix.shape(of: shape), rows: rows, columns: columns)
      kind = .blocks(grid)
      (count, self.columns) = (grid.blockRows * grid.blockColumns, grid.blockColumns)
    }
  }

  /// The score of each unit, made of those of its entries; entries that the earlier mask prunes count as 0.
  ///
  /// The order of additions depends on the shape alone: it is that of ``ChannelNorms/Accumulator`` and ``BlockNorms``, to
  /// the last bit.
  public func scores(of entries: Scores, _ reduction: Reduction, threads: Int? = nil) -> [Double] {
    switch kind {
    case .channels(let dimension):
      var sums = ChannelNorms.Accumulator(shape: shape, dimension: dimension, reduction: reduction)
      sums.add(entries, at: 0, threads: threads)
      return sums.norms
    case .blocks(let grid): return grid.norms(entries, ReductionKernel(reduction), threads: threads)
    }
  }

  /// The units of which a mask over all entries keeps any.
  public func open(in mask: BitMask) -> BitMask {
    switch kind {
    case .channels(let dimension): mask.keptChannels(alongDimension: dimension, of: shape)
    case .blocks(let grid): grid.keptBlocks(mask)
    }
  }

  /// The mask over all entries of a mask over the units.
  public func expanded(_ units: BitMask) -> BitMask {
    switch kind {
    case .channels(let dimension): units.expanded(alongDimension: dimension, of: shape)
    case .blocks(let grid): grid.expanded(units)
    }
  }
}
