import Checkpoints
import Graphs
import OrderedCollections

/// The dimensions of all values of a graph with their labels: what the rules made of it.
///
/// Nearly linear in the size of the graph and the number of its channels.
final class GraphLabels {
  let graph: Graph
  let labelling: Labelling
  let options: CompactionOptions
  /// Parameters, buffers and constants by their names in the graph.
  let weights: [String: Graph.Input]
  var dimensions: [String: [Dimension]] = [:]
  /// What is done to each step after the choice, by its position.
  var rewrites: [Int: [(inout NodeEdit, Survivors) -> Void]] = [:]
  /// Weights whose content follows from the choice: constants that index a labelled dimension.
  var contents: [String: (Survivors) -> [Int]] = [:]
  /// Parameters of norms, which keep the length given: kept entries first, then zeros.
  var padded: [String: Int] = [:]
  /// The dimension of each weight along which its outputs lie.
  var outputDimensions: [String: Int] = [:]
  /// Steps without a rule.
  var unknown: [FreezeReason] = []
  /// The step under way.
  private(set) var position = 0
  /// How many places take each value.
  private let useCounts: [String: Int]
  private let integers: (String) throws -> [Int]
  private(set) var failure: (any Error)?
  private var cachedSizes: [String: [Extent]] = [:]

  /// - Parameter integers: the content of a weight of whole numbers, by its name in the graph.
  init(
    _ graph: Graph, rules: RuleTable, options: CompactionOptions, tied: [[String]],
    integers: @escaping (String) throws -> [Int]
  ) throws {
    self.graph = graph
    self.options = options
    self.integers = integers
    labelling = Labelling(options.heads)
    weights = Dictionary(
      graph.inputs.filter { $0.role.path != nil }.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    useCounts = (graph.nodes.flatMap(\.inputNames) + graph.outputs.flatMap(\.argument.names))
      .reduce(into: [:]) { $0[$1, default: 0] += 1 }
    for input in graph.inputs {
      guard graph.values[input.name]?.tensor != nil else { continue }
      let isWeight = weights[input.name] != nil
      dimensions[input.name] = sizes(of: input.name).map { size in
        size.isOne ? [] : [Factor(size, isWeight ? .lazy : .opaque)]
      }
    }
    for names in tied { join(tied: names) }
    let shared = SharedMemory(graph)
    for (index, node) in graph.nodes.enumerated() {
      position = index
      (labelling.operation, labelling.module) = (node.operatorName ?? node.target, node.modulePath)
      apply(rules, to: node)
      if let reason = node.keepsWhole { keepWhole(node, reason) }
      for name in shared.rewritten[index] ?? [] {
        for dimension in dimensions[name] ?? [] {
          labelling.freeze(dimension, because: "it is changed in place and read under another name")
        }
      }
    }
    if let failure { throw failure }
    (labelling.operation, labelling.module) = ("", "")
    freezeOutputs()
    labelling.decideOpenPairs()
  }

  /// The sizes of a value as products.
  func sizes(of name: String) -> [Extent] {
    if let sizes = cachedSizes[name] { return sizes }
    let sizes = (graph.values[name]?.tensor?.sizes ?? []).map(Extent.init)
    cachedSizes[name] = sizes
    return sizes
  }

  /// The entries of a weight of whole numbers that this step alone takes; nil for anything else.
  func constant(_ name: String) -> [Int]? {
    guard weights[name] != nil, useCounts[name] == 1, graph.values[name]?.tensor?.dtype == .i64 else { return nil }
    do { return try integers(name) } catch {
      failure = failure ?? error
      return nil
    }
  }

  private func apply(_ rules: RuleTable, to node: Node) {
    let step = Step(node, self)
    let outputs = step.outputs
    if outputs.isEmpty {
      guard !step.inputs.isEmpty else { return }
      if let rule = rules[node.baseName] { return rule.body(step) }
      return step.isUnknown()
    }
    if let rule = rules[node.baseName], node.operatorName != nil {
      rule.body(step)
    } else if step.inputs.isEmpty {
      for name in outputs { dimensions[name] = step.fixed(sizes(of: name)) }
    } else {
      step.isUnknown(node.refusal ?? "there is no rule for it")
    }
    for name in outputs { keepWhereSizesDiffer(name, step) }
  }

  /// What a rule made of a result must have its sizes. One that is known only when the model runs may be another than the
  /// rule's, where sizes are broadcast; it stays as it is, and so does everything where the rest differs.
  private func keepWhereSizesDiffer(_ name: String, _ step: Step) {
    let (sizes, found) = (sizes(of: name), dimensions[name] ?? [])
    guard found.map(\.extent) != sizes else { return }
    func keep(_ dimension: Dimension) {
      labelling.freeze(dimension, because: "its sizes are not those that the graph says")
    }
    let different = found.indices.filter { !sizes.indices.contains($0) || found[$0].extent != sizes[$0] }
    guard found.count == sizes.count, different.allSatisfy({ sizes[$0].fixed == nil && found[$0].extent.fixed == nil })
    else {
      found.forEach(keep)
      dimensions[name] = step.fixed(sizes)
      return
    }
    for index in different {
      keep(found[index])
      dimensions[name]?[index] = [Factor(sizes[index])]
    }
  }

  /// A step that says of itself that what it touches stays.
  private func keepWhole(_ node: Node, _ reason: String) {
    for name in node.inputNames + node.outputNames {
      for dimension in dimensions[name] ?? [] { labelling.freeze(dimension, because: reason) }
    }
  }

  /// Names of one storage lose the same.
  private func join(tied names: [String]) {
    guard let first = names.first.flatMap({ dimensions[$0] }) else { return }
    for name in names.dropFirst() {
      guard let other = dimensions[name], other.count == first.count else { continue }
      for (a, b) in zip(first, other) { _ = labelling.join(a, b) }
    }
  }

  private func freezeOutputs() {
    for output in graph.outputs {
      for name in output.argument.names {
        if case .bufferMutation(let path) = output.role, let buffer = graph.buffers[path],
          let mine = dimensions[name], let its = dimensions[buffer], mine.count == its.count
        {
          for (a, b) in zip(mine, its) { _ = labelling.join(a, b) }
          continue
        }
        for dimension in dimensions[name] ?? [] {
          labelling.freeze(dimension, because: "it is an output of the model")
        }
      }
    }
  }
}

/// Values that are written in place while another name of the same memory is read later: removing entries from them, or
/// checking that, would need copies, which would end the sharing.
struct SharedMemory {
  /// For the position of each step that writes so, the names of that memory.
  private(set) var rewritten: [Int: [String]] = [:]

  private static let views: Set<String> = [
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "_unsafe_view", "slice", "narrow", "select",
    "split", "split_with_sizes", "chunk", "unsafe_chunk", "unsafe_split", "tensor_split", "unbind", "transpose",
    "permute", "swapaxes", "movedim", "t", "mT", "numpy_T", "expand", "expand_as", "view_as", "detach", "alias",
    "contiguous", "to", "diagonal", "unfold", "real", "dropout", "feature_dropout", "alpha_dropout",
  ]

  init(_ graph: Graph) {
    var lastUse: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() { for name in node.inputNames { lastUse[name] = index } }
    for name in graph.outputs.flatMap(\.argument.names) { lastUse[name] = .max }
    var bases: [String: String] = [:]
    var members: [String: [String]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      let isWriting = node.writesInPlace
      guard isWriting || Self.views.contains(node.baseName), let source = node.inputNames.first else { continue }
      let base = bases[source] ?? source
      let known = members[base] ?? [base]
      if isWriting, known.contains(where: { lastUse[$0] ?? -1 > index }) { rewritten[index] = known }
      for name in node.outputNames { bases[name] = base }
      members[base] = known + node.outputNames
    }
  }
}

extension Node {
  /// Whether it changes its first argument.
  var writesInPlace: Bool { baseName.hasSuffix("_") && !baseName.hasSuffix("__") }
}
