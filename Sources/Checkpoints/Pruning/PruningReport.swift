/// What pruning has done, or would do.
public struct PruningReport: Codable, Hashable, Sendable {
  /// One weight.
  public struct Tensor: Codable, Hashable, Sendable {
    /// Its name; where several names share one memory, the first.
    public var name: String
    /// Its shape.
    public var shape: [Int]
    /// Its element type, as safetensors names it.
    public var type: String
    /// Its entries.
    public var entries: Int
    /// The entries that a mask pruned before.
    public var prunedBefore: Int
    /// The entries that are pruned now.
    public var pruned: Int

    /// The share of its entries that are pruned now; 0 for an empty tensor.
    public var sparsity: Double { entries == 0 ? 0 : Double(pruned) / Double(entries) }
  }

  /// The weights that were pruned, in the order of the checkpoint.
  public var tensors: [Tensor]
  /// The parameters of the whole checkpoint, pruned or not, masks not counted.
  public var parameters: Int
  /// The bytes of the input's files.
  public var inputBytes: Int
  /// The bytes of the output's tensors; 0 where nothing was written.
  public var outputBytes: Int
  /// The time it took.
  public var seconds: Double
  /// Digests of the input's files by their names; empty where none was asked for.
  public var digests: [String: String]

  /// The entries of the pruned weights together.
  public var entries: Int { tensors.reduce(0) { $0 + $1.entries } }
  /// The pruned entries together.
  public var pruned: Int { tensors.reduce(0) { $0 + $1.pruned } }
  /// The share of the weights' entries that are pruned now.
  public var sparsity: Double { entries == 0 ? 0 : Double(pruned) / Double(entries) }
}
