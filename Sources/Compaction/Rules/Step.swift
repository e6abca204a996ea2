import Checkpoints
import Graphs
import OrderedCollections

/// One step of a graph, as a rule sees it: arguments and dimensions of its tensors, and what the rule says of them.
public final class Step {
  /// The step.
  public let node: Node
  let labelling: Labelling
  let analysis: GraphLabels

  init(_ node: Node, _ analysis: GraphLabels) {
    (self.node, self.analysis, labelling) = (node, analysis, analysis.labelling)
  }

  // MARK: arguments

  /// The name of a tensor argument; nil where it is absent.
  public func tensor(_ argument: String) -> String? {
    switch node[argument] {
    case .tensor(let name)?, .optionalTensor(let name?)?: name
    default: nil
    }
  }

  /// A list of tensors.
  public func tensors(_ argument: String) -> [String]? {
    switch node[argument] {
    case .tensors(let names)?: names
    case .tensor(let name)?: [name]
    default: nil
    }
  }

  /// A whole number; `standard` where it is left out, nil where it is computed.
  public func int(_ argument: String, standard: Int? = nil) -> Int? {
    switch node[argument] {
    case .int(let value)?, .symbolicInt(.constant(let value))?: value
    case nil, Argument.none?: standard
    default: nil
    }
  }

  /// A list of whole numbers; nil where it is left out or some are computed.
  public func ints(_ argument: String) -> [Int]? {
    switch node[argument] {
    case .ints(let values)?: values
    case .int(let value)?, .symbolicInt(.constant(let value))?: [value]
    case .symbolicInts(let list)?:
      list.reduce(into: [Int]?.some([])) { values, one in
        if case .constant(let value) = one { values?.append(value) } else { values = nil }
      }
    default: nil
    }
  }

  /// A truth value.
  public func bool(_ argument: String, standard: Bool = false) -> Bool {
    switch node[argument] {
    case .bool(let value)?, .symbolicBool(.constant(let value))?: value
    default: standard
    }
  }

  /// A real number.
  public func float(_ argument: String) -> Double? {
    switch node[argument] {
    case .float(let value)?, .symbolicFloat(.constant(let value))?: value
    case .int(let value)?, .symbolicInt(.constant(let value))?: Double(value)
    default: nil
    }
  }

  /// Whether an argument is given.
  func isGiven(_ argument: String) -> Bool { node[argument].map { $0 != .none } ?? false }

  /// The names of all tensors that it takes, in order, each once for each use.
  public var inputs: [String] { node.inputNames.filter { analysis.dimensions[$0] != nil } }

  /// The names of the tensors that it gives.
  public var outputs: [String] { node.outputNames.filter { analysis.graph.values[$0]?.tensor != nil } }

  /// The first tensor argument, whether it is called `self` or `input`.
  var subject: String? { tensor("self") ?? tensor("input") }

  // MARK: dimensions

  /// The dimensions of a tensor argument; nil where it is absent.
  public func dimensions(_ argument: String) -> [Dimension]? { tensor(argument).flatMap { analysis.dimensions[$0] } }

  /// The dimensions of a value by its name in the graph.
  public func dimensions(of value: String) -> [Dimension] { analysis.dimensions[value] ?? [] }

  /// The sizes of a value.
  public func sizes(of value: String) -> [Extent] { analysis.sizes(of: value) }

  /// Dimensions that stay as they are, one for each size.
  public func fixed(_ sizes: some Sequence<Extent>) -> [Dimension] { sizes.map { $0.isOne ? [] : [Factor($0)] } }

  /// A dimension of labels, one an index; empty for a single one, which is frozen.
  func dimension(_ labels: [Label]) -> Dimension {
    if labels.count > 1 { return [Factor(labels)] }
    labelling.freeze(labels, because: "it is taken alone")
    return []
  }

  /// Says what the dimensions of the first result are; those of others stay as they are.
  public func give(_ dimensions: [Dimension]) {
    for (index, name) in outputs.enumerated() {
      analysis.dimensions[name] = index == 0 ? dimensions : fixed(sizes(of: name))
    }
  }

  /// Says what the dimensions of a result are.
  func give(_ dimensions: [Dimension], to name: String) { analysis.dimensions[name] = dimensions }

  /// Joins two dimensions of the same size.
  public func join(_ a: Dimension, _ b: Dimension) -> Dimension { labelling.join(a, b) }

  /// Keeps a dimension whole.
  ///
  /// - Parameters:
  ///   - dimension: the dimension.
  ///   - text: why, as a clause.
  public func freeze(_ dimension: Dimension, because text: String) { labelling.freeze(dimension, because: text) }

  /// The operator cannot be followed: all that it takes and gives stays whole, and is reported by name.
  public func isUnknown(_ text: String = "there is no rule for it") {
    analysis.unknown.append(FreezeReason(operation: labelling.operation, module: labelling.module, text: text))
    for name in inputs { for dimension in dimensions(of: name) { labelling.freeze(dimension, because: text) } }
    for name in outputs { analysis.dimensions[name] = fixed(sizes(of: name)) }
  }

  /// Dimensions of several values, aligned at the right and joined; those of size 1 constrain nothing.
  func broadcast(_ values: [([Dimension], [Extent])], rank: Int) -> [Dimension] {
    var result = [Dimension?](repeating: nil, count: rank)
    for (dimensions, sizes) in values {
      for index in dimensions.indices where !sizes[index].isOne {
        let place = rank - dimensions.count + index
        guard result.indices.contains(place) else { continue }
        result[place] = result[place].map { labelling.join($0, dimensions[index]) } ?? dimensions[index]
      }
    }
    return result.map { $0 ?? [] }
  }

  /// The dimension that a number means, counted from the end where it is negative; nil where there is none.
  func axis(_ number: Int?, rank: Int) -> Int? {
    guard let number else { return nil }
    let axis = number < 0 ? number + rank : number
    return (0..<rank).contains(axis) ? axis : nil
  }

  // MARK: what is done after the choice

  /// Changes the step once it is known what stays; called for each choice.
  public func rewrite(_ change: @escaping (inout NodeEdit, Survivors) -> Void) {
    analysis.rewrites[analysis.position, default: []].append(change)
  }

  /// The outputs of a weight lie along this dimension of it.
  func markOutput(of name: String?, dimension: Int) {
    if let name, analysis.weights[name] != nil { analysis.outputDimensions[name] = dimension }
  }
}

/// A step being changed, and the steps that come before and after it.
public struct NodeEdit {
  /// The step.
  public var node: Node
  /// Steps before it.
  public var before: [Node] = []
  /// Steps after it.
  public var after: [Node] = []
  /// Values that are new, like others of the graph but for their sizes.
  var values: [(name: String, like: String, sizes: [Int: Extent])] = []

  init(_ node: Node) { self.node = node }

  /// Sets an argument; by keyword where it was left out.
  public mutating func set(_ name: String, _ argument: Argument) {
    if let index = node.inputs.firstIndex(where: { $0.name == name }) {
      node.inputs[index].argument = argument
    } else {
      var input = NamedArgument(name, argument)
      input.kind = 2
      node.inputs.append(input)
    }
  }
}
