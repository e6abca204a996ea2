/// The operators of ONNX's default domain, and how each is said with PyTorch's: the one place that says what is supported.
public struct ONNXOperatorTable: Sendable {
  /// An operator.
  public struct Entry: Sendable {
    /// Its name.
    public let name: String
    /// The operators of PyTorch that it becomes, without namespace and overload; those that only fit types, shapes and
    /// numbers are left out. Empty for one that is computed before the model runs, or is nothing but its input.
    public let operators: [String]
    /// Which of its forms are not supported, as a clause; nil where all are.
    public let limits: String?
    let lowering: Lowering

    /// Whether its multiplications are counted.
    public var isCounted: Bool { operators.contains { MACRules.names.contains($0) } }
    /// Why it is not supported; nil where it is.
    public var refusal: String? { if case .refused(let reason) = lowering { reason } else { nil } }
  }

  enum Lowering: Sendable {
    case lowered(@Sendable (ONNXStep) throws -> Void)
    case refused(String)
  }

  private var rows: [String: Entry] = [:]

  /// The operator of that name; nil where there is none.
  public subscript(name: String) -> Entry? { rows[name] }

  /// All operators in alphabetical order.
  public var entries: [Entry] { rows.values.sorted { $0.name < $1.name } }

  /// The table as Markdown, a row an operator.
  ///
  /// - Parameter hasRule: whether there is a rule of compaction for one of PyTorch's operators.
  public func markdown(hasRule: (String) -> Bool) -> String {
    let supported = entries.filter { $0.refusal == nil }
    var lines = [
      "| operator | becomes | multiplications counted | channels followed | not supported |", "|---|---|---|---|---|",
    ]
    for entry in supported {
      let unknown = entry.operators.filter { !hasRule($0) }
      let rule = unknown.isEmpty ? "yes" : "not \(unknown.map { "`\($0)`" }.joined(separator: ", "))"
      let becomes = entry.operators.map { "`\($0)`" }.joined(separator: " ")
      lines.append(
        "| \(entry.name) | \(becomes.isEmpty ? "nothing, or a constant" : becomes) | \(entry.isCounted ? "yes" : "") | "
          + "\(entry.operators.isEmpty ? "" : rule) | \(entry.limits ?? "") |")
    }
    lines += ["", "| operator | why it is not supported |", "|---|---|"]
    lines += entries.compactMap { entry in entry.refusal.map { "| \(entry.name) | \($0) |" } }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Adds operators of one lowering.
  ///
  /// - Parameters:
  ///   - names: their names, between spaces.
  ///   - operators: what they become, between spaces.
  ///   - limits: what is not supported of them.
  mutating func add(
    _ names: String, _ operators: String, limits: String? = nil,
    _ body: @escaping @Sendable (ONNXStep) throws -> Void
  ) {
    let operators = operators.split(separator: " ").map(String.init)
    for name in names.split(whereSeparator: \.isWhitespace).map(String.init) {
      rows[name] = Entry(name: name, operators: operators, limits: limits, lowering: .lowered(body))
    }
  }

  /// Says why operators are not supported.
  mutating func refuse(_ names: String, _ reason: String) {
    for name in names.split(whereSeparator: \.isWhitespace).map(String.init) {
      rows[name] = Entry(name: name, operators: [], limits: nil, lowering: .refused(reason))
    }
  }

  /// All operators up to version 28.
  public static let standard: ONNXOperatorTable = {
    var table = ONNXOperatorTable()
    table.addElementwise()
    table.addArithmetic()
    table.addActivations()
    table.addConvolutions()
    table.addPooling()
    table.addNorms()
    table.addReductions()
    table.addShapes()
    table.addParts()
    table.addIndexing()
    table.addProducts()
    table.addAttention()
    table.addRecurrent()
    table.addResizing()
    table.addQuantisation()
    table.addConstants()
    table.addControl()
    table.addSequences()
    table.addLosses()
    table.addSignals()
    table.addUnsupported()
    return table
  }()
}
