import OrderedCollections

/// What an operator does to the dimensions of its tensors: a few lines that join, take apart, pass on or freeze them.
///
/// ```swift
/// var rules = RuleTable.standard
/// rules["my_scale"] = OperatorRule { step in                 // my::my_scale(Tensor x, Tensor scale): channels last
///   guard let x = step.dimensions("x"), let scale = step.dimensions("scale") else { return step.isUnknown() }
///   step.give(Array(x.dropLast()) + [step.join(x[x.count - 1], scale[0])])
/// }
/// let compactor = try Compactor(program, rules: rules)
/// ```
public struct OperatorRule: Sendable {
  let body: @Sendable (Step) -> Void

  /// A rule. It must give dimensions for each tensor that the operator gives, or call ``Step/isUnknown(_:)``.
  public init(_ body: @escaping @Sendable (Step) -> Void) { self.body = body }
}

/// The rules by the names of operators, without namespace and overload: `conv2d`.
public struct RuleTable: Sendable {
  private var rules: [String: OperatorRule] = [:]

  /// No rules: everything stays whole.
  public init() {}

  /// The rule for an operator; nil freezes what touches it.
  public subscript(name: String) -> OperatorRule? {
    get { rules[name] }
    set { rules[name] = newValue }
  }

  /// The names that there are rules for, in alphabetical order.
  public var names: [String] { rules.keys.sorted() }

  mutating func add(_ names: String, _ body: @escaping @Sendable (Step) -> Void) {
    for name in names.split(whereSeparator: \.isWhitespace) { rules[String(name)] = OperatorRule(body) }
  }

  /// The rules for PyTorch's operators.
  public static let standard: RuleTable = {
    var table = RuleTable()
    table.addElementwise()
    table.addLayers()
    table.addNorms()
    table.addReductions()
    table.addShapes()
    table.addParts()
    table.addIndexing()
    table.addProducts()
    table.addRecurrent()
    return table
  }()
}
