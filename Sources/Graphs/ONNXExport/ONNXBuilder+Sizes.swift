import Checkpoints
import OrderedCollections

/// Numbers that depend on sizes: in ONNX tensors of one dimension and one entry, of which shapes are put together.
extension ONNXBuilder {
  /// Whole numbers that are an argument, some of them computed, as one tensor.
  ///
  /// - Parameter isReshape: Whether -1 may stand for a number that follows from the others.
  mutating func sizes(_ node: Node, _ argument: String, isReshape: Bool = false) throws -> String {
    switch node[argument] {
    case .int(let value)?: return ints([value])
    case .ints(let list)?: return ints(list)
    case .symbolicInts(let list)?: return try sizes(list, isReshape: isReshape)
    default: throw Problem("'\(argument)' is no list of numbers")
    }
  }

  /// Whole numbers, some of them computed, as one tensor.
  mutating func sizes(_ list: [Argument.Symbolic<Int>], isReshape: Bool = false) throws -> String {
    let fixed = list.map { if case .constant(let value) = $0 { value } else { nil as Int? } }
    if !fixed.contains(nil) { return ints(fixed.compactMap { $0 }) }
    if isReshape, fixed.filter({ $0 == nil }).count == 1, !fixed.contains(-1), !fixed.contains(0) {
      return ints(fixed.map { $0 ?? -1 })
    }
    var parts: [String] = []
    for one in list { parts.append(try number(one)) }
    return emit("Concat", parts, [.int("axis", 0)])
  }

  /// A whole number, computed or not, as a tensor of one entry.
  mutating func number(_ one: Argument.Symbolic<Int>) throws -> String {
    switch one {
    case .constant(let value): return ints([value])
    case .name(let name):
      guard let found = numbers[name] else { throw Problem("the number '\(name)' is not known") }
      return found
    }
  }

  /// A whole number that is an argument, computed or not, as a tensor of one entry.
  mutating func number(_ node: Node, tensor argument: String, or other: Int) throws -> String {
    switch node[argument] {
    case nil, .none?: return ints([other])
    case .int(let value)?: return ints([value])
    case .symbolicInt(let one)?: return try number(one)
    default: throw Problem("'\(argument)' is no number")
    }
  }

  /// Writes the computation of a number.
  ///
  /// - Returns: Whether the step is one.
  mutating func writeNumber(_ node: Node) throws -> Bool {
    guard let name = node.outputNames.first else { return false }
    func operand(_ index: Int) throws -> String {
      guard node.inputs.indices.contains(index) else { throw Problem("a number is missing") }
      switch node.inputs[index].argument {
      case .int(let value), .symbolicInt(.constant(let value)): return ints([value])
      case .symbolicInt(.name(let name)), .tensor(let name):
        guard let found = numbers[name] else { throw Problem("the number '\(name)' is not known") }
        return found
      default: throw Problem("a number of another kind")
      }
    }
    if node.baseName == "sym_size" {
      let axis = dimension(try number(node, "dim", or: 0), rank: try rank(node, "self"))
      numbers[name] = emit("Shape", [try value(node, "self")], [.int("start", axis), .int("end", axis + 1)])
      return true
    }
    guard node.target.hasPrefix("_operator."), case .int? = graph.values[name]?.kind else { return false }
    let operations = ["add": "Add", "sub": "Sub", "mul": "Mul", "floordiv": "Div"]
    if let operation = operations[node.baseName] {
      numbers[name] = emit(operation, [try operand(0), try operand(1)])
    } else if node.baseName == "neg" {
      numbers[name] = emit("Neg", [try operand(0)])
    } else if node.baseName == "mod" {
      numbers[name] = emit("Mod", [try operand(0), try operand(1)])
    } else {
      throw Problem("numbers are computed by \(node.target)")
    }
    return true
  }

  /// The tensor in the shape that the graph says, where at most one of its sizes is not a number.
  mutating func reshaped(_ input: String, to sizes: [SymbolicSize]) throws -> String {
    guard sizes.filter({ $0.fixed == nil }).count <= 1 else { throw Problem("several sizes that are not known") }
    return emit("Reshape", [input, ints(sizes.map { $0.fixed ?? -1 })])
  }
}
