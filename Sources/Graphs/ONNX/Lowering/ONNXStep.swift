import Checkpoints
import ONNXFormat

/// A node of an ONNX graph, as the operators' lowerings see it: attributes, inputs, and what they make of them.
final class ONNXStep {
  let node: ONNXNodeProto
  let lowering: ONNXLowering
  private let attributes: [String: ONNXAttributeProto]
  /// The attributes that were asked for.
  private var asked: Set<String> = []
  private var results: [Int: ONNXValue] = [:]

  init(_ node: ONNXNodeProto, _ lowering: ONNXLowering) {
    (self.node, self.lowering) = (node, lowering)
    attributes = Dictionary(node.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var opset: Int { lowering.opset }
  var operation: String { node.opType }
  private var stem: String { node.output.first { !$0.isEmpty } ?? node.opType }

  // MARK: refusing

  /// - Parameter missing: the input whose content is not known, where that is the reason.
  func refusal(_ reason: String, missing: Int? = nil) -> ONNXGraphError {
    let domain = node.domain.isEmpty || node.domain == "ai.onnx" ? "" : node.domain + "."
    return .unsupported(
      ONNXRefusal(
        operation: domain + node.opType, node: lowering.label, reason: reason, missing: missing.map { node.input[$0] }))
  }

  func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
    if !condition { throw refusal(reason()) }
  }

  // MARK: attributes

  func attribute(_ name: String) -> ONNXAttributeProto? {
    asked.insert(name)
    return attributes[name]
  }

  func has(_ name: String) -> Bool { attribute(name) != nil }
  func int(_ name: String, _ standard: Int) -> Int { attribute(name).map { Int($0.i) } ?? standard }
  func int(_ name: String) -> Int? { attribute(name).map { Int($0.i) } }
  func bool(_ name: String, _ standard: Bool = false) -> Bool { attribute(name).map { $0.i != 0 } ?? standard }
  func float(_ name: String, _ standard: Double) -> Double { attribute(name).map { Double($0.f) } ?? standard }
  func float(_ name: String) -> Double? { attribute(name).map { Double($0.f) } }
  func ints(_ name: String) -> [Int]? { attribute(name).map { $0.ints.map(Int.init) } }
  func floats(_ name: String) -> [Double]? { attribute(name).map { $0.floats.map(Double.init) } }
  func string(_ name: String, _ standard: String) -> String {
    attribute(name).map { String(decoding: $0.s, as: UTF8.self) } ?? standard
  }
  func strings(_ name: String) -> [String]? {
    attribute(name).map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
  }

  /// Refuses attributes that the lowering has not looked at, but for those that change nothing here.
  func checkAttributes() throws {
    for name in attributes.keys.sorted() where !asked.contains(name) && !Self.withoutEffect.contains(name) {
      throw refusal("its attribute '\(name)' is not followed")
    }
  }

  /// Those that say how numbers are rounded that are of no type here, where a seed begins, how old versions save memory.
  private static let withoutEffect: Set<String> = [
    "saturate", "round_mode", "seed", "consumed_inputs", "precision", "then_branch", "else_branch", "momentum",
    "batch_axis", "time_axis", "output_padding", "auto_pad", "pads", "dilations",
  ]

  /// A type of elements as an attribute names it.
  func type(_ name: String) throws -> StoredType? {
    guard let number = int(name) else { return nil }
    guard let type = StoredType(onnx: number) else {
      throw refusal("the element type \(number) is none that tensors here have")
    }
    return type
  }

  // MARK: inputs

  var inputCount: Int { node.input.count }
  func isGiven(_ index: Int) -> Bool { index < node.input.count && !node.input[index].isEmpty }
  func isWanted(_ output: Int) -> Bool { output < node.output.count && !node.output[output].isEmpty }

  func optional(_ index: Int) throws -> ONNXValue? {
    guard isGiven(index) else { return nil }
    let value = try lowering.value(node.input[index], for: lowering.label)
    if value.isUnreadable {
      throw refusal("'\(node.input[index])' is of an element type that tensors here do not have")
    }
    return value
  }

  /// A tensor that must be given.
  func input(_ index: Int) throws -> ONNXValue {
    guard let value = try optional(index) else { throw refusal("its input \(index) is left out") }
    if value.members != nil { throw refusal("its input \(index) is a sequence") }
    if value.isNothing { throw refusal("its input \(index) is an optional that holds nothing") }
    return value
  }

  /// The name of a tensor in the new graph.
  func name(_ value: ONNXValue, input index: Int? = nil) throws -> String {
    try lowering.name(of: value, preferring: index.map { node.input[$0] } ?? "\(stem).constant")
  }

  func tensor(_ index: Int) throws -> Argument { .tensor(try name(input(index), input: index)) }
  func optionalTensor(_ index: Int) throws -> Argument { isGiven(index) ? try tensor(index) : .none }

  /// The content of an input, which must be known.
  func known(_ index: Int, _ what: String) throws -> KnownTensor {
    let value = try input(index)
    if let known = value.known { return known }
    if let source = value.source,
      let known = KnownTensor(value.type, value.shape ?? [], bytes: try lowering.content(source))
    {
      return known
    }
    throw refusal("its \(what) must be known beforehand", missing: index)
  }

  func ints(at index: Int, _ what: String) throws -> [Int] {
    guard let ints = try known(index, what).ints else {
      throw refusal("its \(what) must be whole numbers that do not depend on sizes", missing: index)
    }
    return ints
  }

  func sizes(at index: Int, _ what: String) throws -> [SymbolicSize] {
    guard let sizes = try known(index, what).sizes else { throw refusal("its \(what) are no whole numbers") }
    return sizes
  }

  func reals(at index: Int, _ what: String) throws -> [Double] {
    guard let reals = try known(index, what).reals else {
      throw refusal("its \(what) must not depend on sizes", missing: index)
    }
    return reals
  }

  func real(at index: Int, _ what: String) throws -> Double {
    guard let first = try reals(at: index, what).first else { throw refusal("its \(what) is empty") }
    return first
  }

  /// Whole numbers that stand in an attribute up to a version, and in an input from it on; nil where they are left out.
  func ints(_ name: String, orInput index: Int, since version: Int) throws -> [Int]? {
    if opset < version || has(name) { return ints(name) }
    return isGiven(index) ? try ints(at: index, name) : nil
  }

  func axis(_ number: Int, rank: Int) throws -> Int {
    let axis = number < 0 ? number + rank : number
    guard (0..<max(rank, 1)).contains(axis) else {
      throw ONNXGraphError.invalid(node: lowering.label, problem: "it has no dimension \(number) of \(rank)")
    }
    return axis
  }

  // MARK: results

  /// A step that gives one tensor.
  func op(
    _ target: String, _ arguments: KeyValuePairs<String, Argument>, _ type: StoredType, _ sizes: [SymbolicSize]
  ) -> ONNXValue {
    let overload = target.contains(".") ? target : target + ".default"
    let name = lowering.emit(overload, arguments.map { ($0.key, $0.value) }, results: [(type, sizes)], stem: stem)[0]
    return ONNXValue(name, type, sizes)
  }

  /// A step that gives several tensors, or a list of them.
  func ops(
    _ target: String, _ arguments: KeyValuePairs<String, Argument>, _ results: [(StoredType, [SymbolicSize])],
    isList: Bool = false
  ) -> [ONNXValue] {
    let overload = target.contains(".") ? target : target + ".default"
    let names = lowering.emit(
      overload, arguments.map { ($0.key, $0.value) }, results: results, stem: stem, isList: isList)
    return zip(names, results).map { ONNXValue($0, $1.0, $1.1) }
  }

  /// A dimension whose size is known when the model runs.
  func newSize(of value: ONNXValue, _ axis: Int) -> SymbolicSize { lowering.newSymbol(at: value.name ?? "", axis) }

  func give(_ value: ONNXValue, at index: Int = 0) { results[index] = value }

  /// Names the results as the file does.
  func finish(since start: Int) {
    for (index, name) in node.output.enumerated() where !name.isEmpty {
      guard var value = results[index] else { continue }
      if let old = value.name, start < lowering.graph.nodes.count {
        value.name = lowering.rename(old, to: name, since: start)
      }
      // A tensor of the file is one under any name: `Constant` nodes hold weights too.
      if value.source == nil { (value.isWeight, value.origin) = (false, nil) }
      lowering.bind(name, value)
    }
  }

  // MARK: what many operators do

  /// Sizes of values that are broadcast.
  func broadcast(_ all: [[SymbolicSize]]) throws -> [SymbolicSize] {
    let rank = all.map(\.count).max() ?? 0
    return try (0..<rank).map { place in
      var result = SymbolicSize.fixed(1)
      for sizes in all {
        let axis = place - (rank - sizes.count)
        guard axis >= 0, sizes[axis] != .fixed(1), sizes[axis] != result else { continue }
        switch (result, sizes[axis]) {
        case (.fixed(1), let size): result = size
        case (.fixed(let a), .fixed(let b)):
          throw ONNXGraphError.invalid(node: lowering.label, problem: "sizes \(a) and \(b) cannot be broadcast")
        // Where neither is 1, both are the same.
        case (.symbolic, .fixed): result = sizes[axis]
        case (.fixed, .symbolic): break
        // Either they are equal, or one of them is 1; which is known when the model runs.
        case (.symbolic(let a, _), .symbolic(let b, _)): result = .symbolic(Self.larger(a, b), hint: nil)
        }
      }
      return result
    }
  }

  /// The larger of two sizes; of sizes that are such themselves the largest of all parts, each once and in one order, so that
  /// it does not grow where the same sizes meet again.
  private static func larger(_ a: SymbolicExpression, _ b: SymbolicExpression) -> SymbolicExpression {
    func parts(_ size: SymbolicExpression) -> [SymbolicExpression] {
      if case .call("Max", let parts) = size { parts } else { [size] }
    }
    return .call("Max", Set(parts(a) + parts(b)).sorted { "\($0)" < "\($1)" })
  }

  func cast(_ value: ONNXValue, to type: StoredType) throws -> ONNXValue {
    if value.type == type { return value }
    return op("to.dtype", ["self": .tensor(try name(value)), "dtype": .dtype(type)], type, value.sizes)
  }

  func reshape(_ value: ONNXValue, _ sizes: [SymbolicSize], evenIfSame: Bool = false) throws -> ONNXValue {
    if value.sizes == sizes, !evenIfSame { return value }
    return op(
      "reshape", ["self": .tensor(try name(value)), "shape": try viewArgument(sizes)], value.type, sizes)
  }

  /// Sizes of a view: one that is not known is inferred.
  func viewArgument(_ sizes: [SymbolicSize]) throws -> Argument {
    let dynamic = sizes.indices.filter { sizes[$0].fixed == nil }
    if dynamic.isEmpty { return .ints(sizes.compactMap(\.fixed)) }
    guard !sizes.contains(.fixed(0)) else { return try lowering.argument(sizes) }
    if dynamic.count == 1 { return .ints(sizes.map { $0.fixed ?? -1 }) }
    guard
      case .symbolicInts(var list) = try lowering.argument(
        sizes.enumerated().map { $0 == dynamic.last ? .fixed(-1) : $1 })
    else { return try lowering.argument(sizes) }
    list[dynamic[dynamic.count - 1]] = .constant(-1)
    return .symbolicInts(list)
  }

  func permute(_ value: ONNXValue, _ order: [Int]) throws -> ONNXValue {
    if order == Array(order.indices) { return value }
    let moved = order.indices.filter { order[$0] != $0 }
    if moved.count == 2 {
      return op(
        "transpose.int",
        ["self": .tensor(try name(value)), "dim0": .int(moved[0]), "dim1": .int(moved[1])], value.type,
        order.map { value.sizes[$0] })
    }
    return op(
      "permute", ["self": .tensor(try name(value)), "dims": .ints(order)], value.type, order.map { value.sizes[$0] })
  }

  func unsqueeze(_ value: ONNXValue, _ axis: Int) throws -> ONNXValue {
    var sizes = value.sizes
    sizes.insert(.fixed(1), at: axis)
    return op("unsqueeze", ["self": .tensor(try name(value)), "dim": .int(axis)], value.type, sizes)
  }

  func slice(_ value: ONNXValue, _ axis: Int, _ start: Int, _ end: Int) throws -> ONNXValue {
    var sizes = value.sizes
    sizes[axis] = .fixed(end - start)
    if sizes == value.sizes { return value }
    return op(
      "slice.Tensor",
      ["self": .tensor(try name(value)), "dim": .int(axis), "start": .int(start), "end": .int(end)], value.type, sizes)
  }

  func select(_ value: ONNXValue, _ axis: Int, _ index: Int) throws -> ONNXValue {
    var sizes = value.sizes
    sizes.remove(at: axis)
    return op(
      "select.int", ["self": .tensor(try name(value)), "dim": .int(axis), "index": .int(index)], value.type, sizes)
  }

  func cat(_ values: [ONNXValue], _ axis: Int) throws -> ONNXValue {
    var sizes = values[0].sizes
    sizes[axis] = values.map { $0.sizes[axis] }.reduce(.fixed(0), +)
    return op(
      "cat", ["tensors": .tensors(try values.map { try name($0) }), "dim": .int(axis)], values[0].type, sizes)
  }

  func unary(_ target: String, _ value: ONNXValue, type: StoredType? = nil) throws -> ONNXValue {
    op(target, ["self": .tensor(try name(value))], type ?? value.type, value.sizes)
  }

  func binary(_ target: String, _ a: ONNXValue, _ b: ONNXValue, type: StoredType? = nil) throws -> ONNXValue {
    op(
      target, ["self": .tensor(try name(a)), "other": .tensor(try name(b))], type ?? a.type,
      try broadcast([a.sizes, b.sizes]))
  }

  /// An operation with a number.
  func scalar(_ target: String, _ value: ONNXValue, _ number: Double, type: StoredType? = nil) throws -> ONNXValue {
    let argument: Argument =
      !value.type.isFloat && number == number.rounded() ? .int(Int(number)) : .float(number)
    return op(target, ["self": .tensor(try name(value)), "other": argument], type ?? value.type, value.sizes)
  }

  func `where`(_ condition: ONNXValue, _ a: ONNXValue, _ b: ONNXValue) throws -> ONNXValue {
    op(
      "where.self",
      ["condition": .tensor(try name(condition)), "self": .tensor(try name(a)), "other": .tensor(try name(b))],
      a.type, try broadcast([condition.sizes, a.sizes, b.sizes]))
  }

  /// A new tensor of one number.
  func constant(_ number: Double, _ type: StoredType) -> ONNXValue {
    let entry: KnownTensor.Entry = type.isFloat ? .real(number) : .int(Int(number))
    return ONNXValue(known: KnownTensor(type, [], [entry]))
  }
}
