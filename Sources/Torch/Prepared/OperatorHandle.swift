import CTorch

/// An operator of LibTorch, looked up once by a name that need not be a literal: `aten::add.Tensor`.
package struct OperatorHandle: @unchecked Sendable {
  // Points to what lives as long as the process.
  let op: ct_operator
  /// The name.
  package let name: String
  /// The arguments' names, in the schema's order.
  package let argumentNames: [String]

  /// Looks the operator up.
  ///
  /// - Throws: ``TorchError/engine(operation:message:)`` where LibTorch has none of that name.
  package init(_ name: String) throws(TorchError) {
    var found: ct_operator?
    try check(ct_operator_find(name, &found), name)
    guard let op = found else { throw .engine(operation: name, message: "not found") }
    self.op = op
    self.name = name
    argumentNames = (0..<ct_operator_argument_count(op)).map { String(cString: ct_operator_argument_name(op, $0)) }
  }
}
