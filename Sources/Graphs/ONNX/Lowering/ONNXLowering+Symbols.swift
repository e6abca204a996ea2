import Checkpoints
import ONNXFormat
import OrderedCollections

/// Sizes that are known when the model runs.
extension ONNXLowering {
  static func symbol(_ name: String) -> String {
    let word = name.map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" }
    return word.first.map { $0.isNumber } == true ? "d" + String(word) : String(word)
  }

  /// Whether sizes of that name are the same; some exporters write `?` for all that they do not know.
  static func isName(_ name: String) -> Bool { name.contains { $0.isLetter || $0.isNumber } }

  /// The sizes that the file says of a value; those that it does not say, or by an unknown name, become known when the model
  /// runs.
  func sizes(of shape: ONNXTensorShapeProto, at value: String) -> [SymbolicSize] {
    shape.dim.enumerated().map { axis, dimension in
      switch dimension.value {
      case .dimValue(let size)? where size >= 0: .fixed(Int(size))
      case .dimParam(let name)? where Self.isName(name) && homes[Self.symbol(name)] != nil: .symbol(Self.symbol(name))
      default: newSymbol(at: value, axis)
      }
    }
  }

  /// A size that is known when the model runs: that of a value along a dimension.
  func newSymbol(at value: String, _ axis: Int) -> SymbolicSize {
    var name: String
    repeat {
      name = "u\(symbolCount)"
      symbolCount += 1
    } while homes[name] != nil
    homes[name] = (value, axis)
    return .symbol(name)
  }

  /// The name of a number of the graph that has the value of an expression.
  func symbolicInt(_ expression: SymbolicExpression) throws -> String {
    if let name = symbolValues[expression] { return name }
    let name: String
    switch expression {
    case .symbol(let symbol):
      guard let home = homes[symbol] else {
        throw ONNXGraphError.invalid(node: symbol, problem: "nothing says what the size '\(symbol)' is")
      }
      name = number(
        "torch.ops.aten.sym_size.int", [("self", .tensor(home.value)), ("dim", .int(home.axis))], expression, "size")
    case .call(let function, let arguments):
      let operation =
        switch function {
        case "Add": "_operator.add"
        case "Mul": "_operator.mul"
        case "FloorDiv": "_operator.floordiv"
        case "Mod": "_operator.mod"
        case "Max": "torch.sym_max"
        case "Min": "torch.sym_min"
        default: ""
        }
      guard !operation.isEmpty, let first = arguments.first else { fallthrough }
      var (value, sofar) = (try numberArgument(first), first)
      for next in arguments.dropFirst() {
        sofar = .call(function, [sofar, next])
        let result = number(operation, [("a", value), ("b", try numberArgument(next))], sofar, "size")
        value = .symbolicInt(.name(result))
      }
      name = value.names.first ?? ""
    case .number, .opaque:
      throw ONNXGraphError.invalid(node: "\(expression)", problem: "its size cannot be computed")
    }
    symbolValues[expression] = name
    return name
  }

  private func numberArgument(_ expression: SymbolicExpression) throws -> Argument {
    if case .number(let value) = expression { return .int(Int(value)) }
    return .symbolicInt(.name(try symbolicInt(expression)))
  }

  private func number(
    _ target: String, _ arguments: [(String, Argument)], _ expression: SymbolicExpression, _ stem: String
  ) -> String {
    let name = free("\(stem)_\(graph.nodes.count)")
    graph.values[name] = Value(.int(.symbolic(expression, hint: nil)))
    graph.nodes.append(
      Node(
        target, arguments.map { NamedArgument($0.0, $0.1) }, outputs: [.symbolicInt(.name(name))],
        metadata: metadata, name: name))
    return name
  }

  /// Sizes as an argument of an operator: numbers, or numbers that the graph computes.
  func argument(_ sizes: [SymbolicSize]) throws -> Argument {
    let fixed = sizes.compactMap(\.fixed)
    if fixed.count == sizes.count { return .ints(fixed) }
    return .symbolicInts(
      try sizes.map { size in
        switch size {
        case .fixed(let number): .constant(number)
        case .symbolic(let expression, _): .name(try symbolicInt(expression))
        }
      })
  }

  func argument(_ size: SymbolicSize) throws -> Argument {
    switch size {
    case .fixed(let number): .int(number)
    case .symbolic(let expression, _): .symbolicInt(.name(try symbolicInt(expression)))
    }
  }

  /// Says what the sizes of a value of the graph are.
  func setSizes(_ value: ONNXValue) {
    guard let name = value.name else { return }
    graph.values[name] = Value(.tensor(TensorType(dtype: value.type, sizes: value.sizes)))
  }
}
