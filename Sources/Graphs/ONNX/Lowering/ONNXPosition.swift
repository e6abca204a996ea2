import OrderedCollections

/// Where a node stands in the file.
struct ONNXPosition: Hashable {
  /// Among the nodes of the outermost graph.
  var index: Int
  /// Whether it is one of these itself, and not one within it.
  var isOutermost: Bool
}

extension Node {
  /// The key of the metadata under which the name of the ONNX node stands.
  static let onnxLabel = "onnx_node"
  /// The key under which its place stands.
  static let onnxPosition = "onnx_position"
  /// The key under which the reason stands why it cannot be run.
  static let onnxReason = "onnx_reason"

  /// The key under which the reason stands why its channels are left alone.
  static let onnxWhole = "onnx_whole"

  /// Why a node that came from a file of another kind cannot be run; nil for others.
  public var refusal: String? { metadata[Self.onnxReason] }
  /// Why what it touches is to be left whole, as a clause; nil where nothing says so.
  public var keepsWhole: String? { metadata[Self.onnxWhole] }
}
