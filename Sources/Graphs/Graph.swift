import Checkpoints
import OrderedCollections

/// A model as data: inputs, steps in order, outputs, and what is known of every value.
///
/// ```swift
/// let model = try ExportedProgram(contentsOf: "resnet18.pt2")
/// print(model.graph)                                     // as Python prints an exported program
/// for node in model.graph.nodes { print(node.modulePath, node.target) }
/// ```
///
/// A plain value without an engine: `Runtime` runs it. The same type is used for the graphs within a graph.
public struct Graph: Hashable, Sendable {
  /// What comes in: parameters, buffers and constants first, then what the caller gives.
  public var inputs: [Input]
  /// The outputs, in order.
  public var outputs: [Output]
  /// The steps, in order.
  public var nodes: [Node]
  /// What is known of each value, by name.
  public var values: OrderedDictionary<String, Value>
  /// The smallest and largest value of each symbol; nil for no bound.
  public var ranges: OrderedDictionary<String, SymbolRange> = [:]
  /// How the caller's inputs are arranged, positional and keyword, where known.
  public var inputTree: Tree?
  /// How the outputs are arranged, where known.
  public var outputTree: Tree?
  /// The object it was read from, its known members empty.
  var shell: JSONObject = [:]

  /// A graph.
  public init(
    inputs: [Input], outputs: [Output], nodes: [Node], values: OrderedDictionary<String, Value>
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.nodes = nodes
    self.values = values
  }

  /// The bounds of a symbol.
  public struct SymbolRange: Hashable, Sendable {
    /// The smallest value.
    public var minimum: Int?
    /// The largest value.
    public var maximum: Int?

    /// A range; nil for no bound.
    public init(minimum: Int?, maximum: Int?) {
      self.minimum = minimum
      self.maximum = maximum
    }

    /// Whether a value lies within.
    public func contains(_ value: Int) -> Bool { value >= minimum ?? .min && value <= maximum ?? .max }
  }

  /// Something that comes in.
  public struct Input: Hashable, Sendable {
    /// Its value in the graph: a tensor or a number by name, or a constant.
    public var argument: Argument { didSet { source = nil } }
    /// What it is to the module.
    public var role: InputRole { didSet { source = nil } }
    var source: JSONValue?

    /// An input.
    public init(_ argument: Argument, role: InputRole = .user) {
      self.argument = argument
      self.role = role
    }

    /// Its name in the graph; empty for a constant.
    public var name: String { argument.names.first ?? "" }
  }

  /// What an input is to the module.
  public enum InputRole: Hashable, Sendable {
    /// Given by the caller.
    case user
    /// A parameter under its name in the module.
    case parameter(String)
    /// A buffer under its name in the module; persistent ones are in the state dict.
    case buffer(String, persistent: Bool)
    /// A tensor that the code holds, under the name given to it.
    case constant(String)
    /// An object that the code holds, under the name given to it.
    case object(String)
    /// A caller's argument that is fixed to a constant.
    case fixed(String)
    /// An order of effects.
    case token
    /// A role that is not known here.
    case unknown(String)

    /// The name in the module of a parameter, buffer or constant.
    public var path: String? {
      switch self {
      case .parameter(let name), .buffer(let name, _), .constant(let name): name
      default: nil
      }
    }
  }

  /// An output.
  public struct Output: Hashable, Sendable {
    /// Its value in the graph.
    public var argument: Argument { didSet { source = nil } }
    /// What it is to the caller.
    public var role: OutputRole { didSet { source = nil } }
    var source: JSONValue?

    /// An output.
    public init(_ argument: Argument, role: OutputRole = .user) {
      self.argument = argument
      self.role = role
    }
  }

  /// What an output is to the caller.
  public enum OutputRole: Hashable, Sendable {
    /// Handed to the caller.
    case user
    /// The loss.
    case loss
    /// The new content of a buffer.
    case bufferMutation(String)
    /// The new content of a parameter.
    case parameterMutation(String)
    /// The new content of one of the caller's inputs.
    case inputMutation(String)
    /// A gradient of a parameter.
    case parameterGradient(String)
    /// A gradient of one of the caller's inputs.
    case inputGradient(String)
    /// An order of effects.
    case token
    /// A role that is not known here.
    case unknown(String)
  }
}

extension Graph {
  /// What the caller gives, in order.
  public var userInputs: [Input] { inputs.filter { $0.role == .user } }
  /// What the caller gets, in order.
  public var userOutputs: [Output] { outputs.filter { $0.role == .user || $0.role == .loss } }
  /// The parameters by their names in the module, with their names in the graph.
  public var parameters: OrderedDictionary<String, String> {
    paths { if case .parameter(let path) = $0 { path } else { nil } }
  }
  /// The buffers by their names in the module, with their names in the graph.
  public var buffers: OrderedDictionary<String, String> {
    paths { if case .buffer(let path, _) = $0 { path } else { nil } }
  }
  /// The constants by their names, with their names in the graph.
  public var constants: OrderedDictionary<String, String> {
    paths { if case .constant(let path) = $0 { path } else { nil } }
  }

  private func paths(_ path: (InputRole) -> String?) -> OrderedDictionary<String, String> {
    inputs.reduce(into: [:]) { found, input in if let path = path(input.role) { found[path] = input.name } }
  }

  /// What callers name the outputs by: the keys of a dictionary, positions in a tuple, joined by dots; `output` where
  /// there is one alone.
  public var outputNames: [String] {
    let count = userOutputs.count
    if let names = outputTree?.leafNames, names.count == count { return names.map { $0.isEmpty ? "output" : $0 } }
    return count == 1 ? ["output"] : (0..<count).map(String.init)
  }

  /// The symbols that the caller's inputs determine.
  public var symbols: Set<String> {
    userInputs.reduce(into: []) { found, input in
      for case .symbolic(let expression, _) in values[input.name]?.tensor?.sizes ?? [] {
        found.formUnion(expression.symbols)
      }
    }
  }

  /// The operators by name, with how often each is called, nested graphs included.
  public var operators: OrderedDictionary<String, Int> {
    var found: [String: Int] = [:]
    func walk(_ graph: Graph) {
      for node in graph.nodes {
        found[node.operatorName ?? node.target, default: 0] += 1
        node.graphs.forEach(walk)
      }
    }
    walk(self)
    return OrderedDictionary(uniqueKeysWithValues: found.sorted { ($1.value, $0.key) < ($0.value, $1.key) })
  }
}
