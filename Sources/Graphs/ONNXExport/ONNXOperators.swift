/// The operators that can be written, by their names without namespace, overload and the underscore of steps in place.
enum ONNXOperators {
  static let rules: [String: ONNXBuilder.Rule] = {
    let families = [
      convolutions, norms, activations, pools, arithmetic, products, reductions, shapes, joins, indexing, creation,
      identities,
    ]
    return families.reduce(into: [:]) { all, family in all.merge(family) { first, _ in first } }
  }()

  /// Steps that check and compute nothing.
  static let checks: Set<String> = [
    "_assert_tensor_metadata", "sym_constrain_range_for_size", "sym_constrain_range", "_assert_scalar", "_assert_async",
  ]

  static func rule(_ node: Node) -> ONNXBuilder.Rule? {
    guard node.operatorName?.hasPrefix("aten::") == true else { return nil }
    return rules[name(node)]
  }

  /// Whether a step changes its first argument.
  static func isInPlace(_ node: Node) -> Bool { node.baseName.hasSuffix("_") && !node.baseName.hasPrefix("_") }

  private static func name(_ node: Node) -> String {
    isInPlace(node) ? String(node.baseName.dropLast()) : node.baseName
  }
}
