/// A node that takes a tensor, in a file that has a graph: what a tensor is for shows in who takes it.
public struct TensorUse: Hashable, Sendable {
  /// The node's operator, `Conv`; of other domains than ONNX's own with the domain, `com.microsoft::MatMulNBits`.
  public var operation: String
  /// The number of the node's input.
  public var input: Int
  /// The node's name, or that of its first output where it has none.
  public var node: String
  /// Whether the tensor's last two dimensions are exchanged before it is used.
  public var isTransposed: Bool

  /// A use.
  public init(operation: String, input: Int, node: String, isTransposed: Bool = false) {
    (self.operation, self.input, self.node, self.isTransposed) = (operation, input, node, isTransposed)
  }
}
