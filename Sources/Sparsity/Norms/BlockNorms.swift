/// Norms of the blocks of matrices, for tensors that come in bands of whole rows of blocks.
///
/// ```swift
/// let blocks = BlockNorms(shape: [8, 6], rows: 4, columns: 2)     // 2 x 3 blocks
/// let norms = blocks.norms(of: scores, order: 2)                  // 6 of them, row by row
/// ```
///
/// A tensor is divided in its last two dimensions; ``BlockMatrix/shape(of:)`` makes two of more. For tensors larger than
/// memory a band is a tensor of shape `[rows * n, columns]` itself.
public struct BlockNorms: Sendable {
  private let grid: BlockGrid

  /// The blocks of a tensor or of a band of it.
  ///
  /// - Precondition: two or more dimensions, of which the last two are multiples of `rows` and `columns`;
  ///   ``Pattern/validate(for:)`` tells.
  public init(shape: [Int], rows: Int, columns: Int) {
    precondition(
      (try? Pattern.block(rows: rows, columns: columns, of: .lastTwo).validate(for: shape)) != nil,
      "BlockNorms: blocks of \(rows) x \(columns) do not divide shape \(shape)")
    grid = BlockGrid(shape: shape, rows: rows, columns: columns)
  }

  /// The number of blocks.
  public var count: Int { grid.blockRows * grid.blockColumns }

  /// The norm of each block, entries that an earlier mask prunes counted as 0. One read of the scores.
  ///
  /// - Parameters:
  ///   - scores: The entries.
  ///   - order: Any real number, infinity or minus infinity; see ``ChannelNorms``.
  ///   - threads: On how many threads; as many as there are processors where it is nil.
  public func norms(of scores: Scores, order: Double, threads: Int? = nil) -> [Double] {
    reduce(scores, .norm(order), threads: threads)
  }

  /// What the scores of each block's entries make together, of those an earlier mask prunes 0. One read of the scores.
  public func reduce(_ scores: Scores, _ reduction: Reduction, threads: Int? = nil) -> [Double] {
    grid.norms(scores, ReductionKernel(reduction), threads: threads)
  }

  /// The blocks of which a mask over all entries keeps any.
  public func keptBlocks(_ mask: BitMask) -> BitMask { grid.keptBlocks(mask) }

  /// The mask over all entries of a mask over the blocks.
  public func expanded(_ blocks: BitMask) -> BitMask { grid.expanded(blocks) }
}
