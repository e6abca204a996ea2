import Recipes

/// What pruning files has done, or would do.
public struct FileReport: Hashable, Sendable {
  /// Tensors of one role that were not pruned.
  public struct LeftAlone: Codable, Hashable, Sendable {
    /// What they are for.
    public var role: Role
    /// How many there are.
    public var tensors: Int
  }

  /// What became of the weights.
  public var weights: PruningReport
  /// The element type of each of them, as safetensors names it.
  public var types: [String]
  /// How many tensors of each role were not pruned, the most frequent first.
  public var leftAlone: [LeftAlone] = []
  /// Weights that were not pruned because they share their memory with what is not pruned.
  public var ties: [PruningPlan.Tie] = []
  /// The parameters of the whole store, pruned or not, masks not counted.
  public var parameters: Int
  /// The bytes of the input's files.
  public var inputBytes: Int
  /// The bytes of the output's tensors; 0 where nothing was written.
  public var outputBytes = 0
  /// The time it took.
  public var seconds = 0.0
  /// Digests of the input's files by their names; empty where none was asked for.
  public var digests: [String: String]
}
