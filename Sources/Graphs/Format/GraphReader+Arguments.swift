import Checkpoints
import OrderedCollections

extension GraphReader {
  /// An argument of any kind; one that is not known, or not of its kind's form, is kept as it is.
  func argument(_ json: JSONValue) throws(GraphError) -> Argument {
    guard let object = json.object, object.count == 1,
      let (kind, value) = object.elements.first.map({ ($0.key, $0.value) })
    else { throw fault("an argument of one kind", "another value") }
    if kind == "as_graph" {
      guard let name = value["name"]?.string else { throw fault("a graph with a name", "none") }
      return .graph(name, try GraphReader(file: file, depth: depth + 1).graph(value["graph"]))
    }
    if kind == "as_string_to_argument", let members = value.object {
      guard depth < 16 else { throw fault("arguments nested at most 16 deep", "more") }
      let inner = GraphReader(file: file, depth: depth + 1)
      var arguments: OrderedDictionary<String, Argument> = [:]
      for (name, member) in members { arguments[name] = try inner.argument(member) }
      return .dictionary(arguments)
    }
    return Self.plain(kind, value) ?? .unknown(kind, value)
  }

  private static func plain(_ kind: String, _ value: JSONValue) -> Argument? {
    switch kind {
    case "as_none": Argument.none
    case "as_tensor": value["name"]?.string.map(Argument.tensor)
    case "as_tensors": all(value) { $0["name"]?.string }.map(Argument.tensors)
    case "as_optional_tensor": optional(value).map(Argument.optionalTensor)
    case "as_optional_tensors": all(value, optional).map(Argument.optionalTensors)
    case "as_nested_tensors": all(value) { all($0) { $0["name"]?.string } }.map(Argument.nestedTensors)
    case "as_int": value.int.map(Argument.int)
    case "as_ints": all(value, \.int).map(Argument.ints)
    case "as_int_lists": all(value) { all($0, \.int) }.map(Argument.intLists)
    case "as_float": value.double.map(Argument.float)
    case "as_floats": all(value, \.double).map(Argument.floats)
    case "as_float_lists": all(value) { all($0, \.double) }.map(Argument.floatLists)
    case "as_complex":
      value["real"]?.double.flatMap { real in value["imag"]?.double.map { .complex(real, $0) } }
    case "as_bool": value.bool.map(Argument.bool)
    case "as_bools": all(value, \.bool).map(Argument.bools)
    case "as_string": value.string.map(Argument.string)
    case "as_strings": all(value, \.string).map(Argument.strings)
    case "as_sym_int": symbolic(value, "as_int", \.int).map(Argument.symbolicInt)
    case "as_sym_ints": all(value) { symbolic($0, "as_int", \.int) }.map(Argument.symbolicInts)
    case "as_sym_float": symbolic(value, "as_float", \.double).map(Argument.symbolicFloat)
    case "as_sym_floats": all(value) { symbolic($0, "as_float", \.double) }.map(Argument.symbolicFloats)
    case "as_sym_bool": symbolic(value, "as_bool", \.bool).map(Argument.symbolicBool)
    case "as_sym_bools": all(value) { symbolic($0, "as_bool", \.bool) }.map(Argument.symbolicBools)
    case "as_scalar_type": value.int.flatMap(StoredType.init(exportCode:)).map(Argument.dtype)
    case "as_memory_format": value.int.map { .memoryFormat(MemoryFormat(rawValue: $0)) }
    case "as_layout": value.int.map { .layout(Layout(rawValue: $0)) }
    case "as_device": value["type"]?.string.map { .device(DeviceName($0, index: value["index"]?.int)) }
    case "as_custom_obj":
      value["name"]?.string.map { .object($0, className: value["class_fqn"]?.string ?? "") }
    case "as_operator": value.string.map(Argument.operation)
    default: nil
    }
  }

  private static func all<T>(_ value: JSONValue, _ one: (JSONValue) -> T?) -> [T]? {
    guard let list = value.array else { return nil }
    let read = list.compactMap(one)
    return read.count == list.count ? read : nil
  }

  /// A tensor's name, or nil within for an absent one.
  private static func optional(_ value: JSONValue) -> String?? {
    if let name = value["as_tensor"]?["name"]?.string { return .some(name) }
    return value["as_none"] != nil ? .some(nil) : nil
  }

  private static func symbolic<C>(
    _ value: JSONValue, _ key: String, _ constant: (JSONValue) -> C?
  ) -> Argument.Symbolic<C>? {
    if let name = value["as_name"]?.string { return .name(name) }
    return value[key].flatMap(constant).map { .constant($0) }
  }
}
