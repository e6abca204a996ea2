import Checkpoints
import OrderedCollections

/// What an operator takes or gives: values of the graph by name, or constants.
///
/// Source: `Argument` of torch/_export/serde/schema.py, whose every kind is here.
public indirect enum Argument: Hashable, Sendable {
  /// Nothing.
  case none
  /// A tensor by name.
  case tensor(String)
  /// Tensors by name.
  case tensors([String])
  /// A tensor that may be absent.
  case optionalTensor(String?)
  /// Tensors, some of them absent.
  case optionalTensors([String?])
  /// Lists of tensors.
  case nestedTensors([[String]])
  /// A whole number.
  case int(Int)
  /// Whole numbers.
  case ints([Int])
  /// Lists of whole numbers.
  case intLists([[Int]])
  /// A real number.
  case float(Double)
  /// Real numbers.
  case floats([Double])
  /// Lists of real numbers.
  case floatLists([[Double]])
  /// A complex number.
  case complex(Double, Double)
  /// A truth value.
  case bool(Bool)
  /// Truth values.
  case bools([Bool])
  /// A text.
  case string(String)
  /// Texts.
  case strings([String])
  /// A whole number, computed or not.
  case symbolicInt(Symbolic<Int>)
  /// Whole numbers, some of them computed.
  case symbolicInts([Symbolic<Int>])
  /// A real number, computed or not.
  case symbolicFloat(Symbolic<Double>)
  /// Real numbers, some of them computed.
  case symbolicFloats([Symbolic<Double>])
  /// A truth value, computed or not.
  case symbolicBool(Symbolic<Bool>)
  /// Truth values, some of them computed.
  case symbolicBools([Symbolic<Bool>])
  /// A type of elements.
  case dtype(StoredType)
  /// An order of dimensions in memory.
  case memoryFormat(MemoryFormat)
  /// A layout.
  case layout(Layout)
  /// A device.
  case device(DeviceName)
  /// A graph of its own, for operators that run one.
  case graph(String, Graph)
  /// An object by name, and its class.
  case object(String, className: String)
  /// An operator by name.
  case operation(String)
  /// Arguments by name.
  case dictionary(OrderedDictionary<String, Argument>)
  /// A kind that is not known here, kept as it is.
  case unknown(String, JSONValue)

  /// A number or truth value in an argument: computed by the graph, or a constant.
  public enum Symbolic<Constant: Hashable & Sendable>: Hashable, Sendable {
    /// A value of the graph by name.
    case name(String)
    /// A constant.
    case constant(Constant)
  }
}

extension Argument {
  /// The names of the graph's values in it, in order, those of nested graphs excepted.
  public var names: [String] {
    func names<C>(_ list: [Symbolic<C>]) -> [String] {
      list.compactMap { if case .name(let name) = $0 { name } else { nil } }
    }
    switch self {
    case .tensor(let name): return [name]
    case .tensors(let list): return list
    case .optionalTensor(let name): return [name].compactMap { $0 }
    case .optionalTensors(let list): return list.compactMap { $0 }
    case .nestedTensors(let lists): return lists.flatMap { $0 }
    case .symbolicInt(let one): return names([one])
    case .symbolicInts(let list): return names(list)
    case .symbolicFloat(let one): return names([one])
    case .symbolicFloats(let list): return names(list)
    case .symbolicBool(let one): return names([one])
    case .symbolicBools(let list): return names(list)
    case .object(let name, _): return [name]
    case .dictionary(let members): return members.values.flatMap(\.names)
    case .unknown, .none, .int, .ints, .intLists, .float, .floats, .floatLists, .complex, .bool, .bools, .string,
      .strings, .dtype, .memoryFormat, .layout, .device, .graph, .operation:
      return []
    }
  }

  /// The argument with every value's name exchanged by `rename`.
  public func renamed(_ rename: (String) -> String) -> Argument {
    func symbolic<C>(_ one: Symbolic<C>) -> Symbolic<C> {
      if case .name(let name) = one { .name(rename(name)) } else { one }
    }
    switch self {
    case .tensor(let name): return .tensor(rename(name))
    case .tensors(let list): return .tensors(list.map(rename))
    case .optionalTensor(let name): return .optionalTensor(name.map(rename))
    case .optionalTensors(let list): return .optionalTensors(list.map { $0.map(rename) })
    case .nestedTensors(let lists): return .nestedTensors(lists.map { $0.map(rename) })
    case .symbolicInt(let one): return .symbolicInt(symbolic(one))
    case .symbolicInts(let list): return .symbolicInts(list.map(symbolic))
    case .symbolicFloat(let one): return .symbolicFloat(symbolic(one))
    case .symbolicFloats(let list): return .symbolicFloats(list.map(symbolic))
    case .symbolicBool(let one): return .symbolicBool(symbolic(one))
    case .symbolicBools(let list): return .symbolicBools(list.map(symbolic))
    case .object(let name, let className): return .object(rename(name), className: className)
    case .dictionary(let members): return .dictionary(members.mapValues { $0.renamed(rename) })
    default: return self
    }
  }

  /// Whether it names nothing of the graph.
  public var isConstant: Bool { names.isEmpty }
}

/// An argument with the name that the operator's schema gives it.
public struct NamedArgument: Hashable, Sendable {
  /// The name in the schema.
  public var name: String { didSet { source = nil } }
  /// The argument.
  public var argument: Argument { didSet { source = nil } }
  /// Whether it was given by position (1) or by keyword (2), as far as known.
  public var kind: Int? { didSet { source = nil } }
  /// The text it was read from, until it is changed.
  var source: JSONValue?

  /// An argument of that name.
  public init(_ name: String, _ argument: Argument) {
    self.name = name
    self.argument = argument
  }

  init(_ name: String, _ argument: Argument, kind: Int?, source: JSONValue) {
    (self.name, self.argument, self.kind, self.source) = (name, argument, kind, source)
  }
}
