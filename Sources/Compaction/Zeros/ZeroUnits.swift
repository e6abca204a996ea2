import Checkpoints
import Graphs

/// Units that can go by the zeros that a model has already, so that it computes what it computed: nothing takes them in with
/// a weight, or they are constants that can be added to the biases of what does.
struct ZeroUnits {
  /// Units that go.
  private(set) var units: [Int] = []
  /// For each step by its position what is added to its outputs, and where.
  private(set) var folds: [Int: Compactor.Choice.Fold] = [:]
  /// Dead units that stay: why, by group.
  private(set) var kept: [Compactor.KeptDead] = []

  private let analysis: GraphLabels
  private let channels: ChannelUnits
  private let tensors: ModelTensors
  private let paths: [String: String]
  private let constants: ConstantEntries
  /// For each class why it stays.
  private var blocked: [Int: String] = [:]
  /// Classes that some layer puts out as a constant.
  private var dead = Set<Int>()

  init(_ compactor: Compactor) throws {
    (analysis, channels, tensors) = (compactor.analysis, compactor.units, compactor.lowered.tensors)
    paths = Dictionary(
      analysis.graph.inputs.compactMap { input in input.role.path.map { (input.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    constants = try ConstantEntries(analysis, tensors)
    for node in analysis.graph.nodes { try look(Step(node, analysis)) }
    let free = channels.unitClasses.indices.filter { blocked[channels.unitClasses[$0]] == nil }
    units = compactor.withoutEmptyValues(Set(free)) { -Double($0) }.sorted()
    let survivors = channels.survivors(without: units)
    for (index, node) in analysis.graph.nodes.enumerated() where Self.layers.contains(node.baseName) {
      folds[index] = try fold(Step(node, analysis), survivors)
    }
    for group in compactor.groups {
      let stay = group.units.filter {
        dead.contains(channels.unitClasses[$0]) && blocked[channels.unitClasses[$0]] != nil
      }
      guard let first = stay.first, let reason = blocked[channels.unitClasses[first]] else { continue }
      kept.append(Compactor.KeptDead(group: group.name, count: stay.count, reason: reason))
    }
  }

  private func labels(_ name: String, axis: Int) -> [Label]? {
    let dimension = analysis.dimensions[name]?[axis] ?? []
    guard let total = dimension.extent.fixed, let place = dimension.firstIndex(where: { $0.settledLabels != nil }),
      let own = dimension[place].settledLabels
    else { return nil }
    let inner = dimension[(place + 1)...].reduce(1) { $0 * $1.extent.number }
    return (0..<total).map { own[$0 / inner % own.count] }
  }

  private mutating func block(_ label: Label, _ reason: @autoclosure () -> String) {
    let number = Int(channels.classes[Int(label)])
    if channels.units[number] >= 0, blocked[number] == nil { blocked[number] = reason() }
  }

  private static let layers: Set<String> = ["linear", "conv1d", "conv2d", "conv3d"]

  /// Marks what a step that adds channels up cannot do without.
  private mutating func look(_ step: Step) throws {
    let subject = step.subject
    switch step.node.baseName {
    case let name where Self.layers.contains(name): try layer(step)
    case "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution", "_convolution":
      if let subject { keepUnlessZero(step, subject, axis: 1) }
    case "layer_norm", "rms_norm":
      if let subject { keepUnlessZero(step, subject, axis: step.sizes(of: subject).count - 1) }
    case "sum", "mean", "linalg_vector_norm", "norm", "frobenius_norm":
      guard let subject else { return }
      let rank = step.sizes(of: subject).count
      let axes = (step.ints("dim") ?? Array(0..<rank)).compactMap { step.axis($0, rank: rank) }
      for axis in axes.isEmpty ? Array(0..<rank) : axes { keepUnlessZero(step, subject, axis: axis) }
    case "matmul", "mm", "bmm", "addmm", "baddbmm":
      let names = step.inputs.suffix(2)
      guard let a = names.first, let b = names.last else { return }
      keepUnlessZero(step, a, axis: step.sizes(of: a).count - 1, or: (b, step.sizes(of: b).count - 2))
    case "scaled_dot_product_attention":
      guard let query = step.tensor("query"), let key = step.tensor("key") else { return }
      keepUnlessZero(step, query, axis: step.sizes(of: query).count - 1, or: (key, step.sizes(of: key).count - 1))
    case "einsum", "lstm", "gru", "rnn_tanh", "rnn_relu":
      // Whatever of them might be added up.
      for name in step.inputs { for axis in step.sizes(of: name).indices { keepUnlessZero(step, name, axis: axis) } }
    default: break
    }
  }

  /// Keeps the units whose entries along a dimension, which is added up, are not 0; nor those that they are multiplied with.
  private mutating func keepUnlessZero(
    _ step: Step, _ name: String, axis: Int, or other: (name: String, axis: Int)? = nil
  ) {
    guard let labels = labels(name, axis: axis) else { return }
    let numbers = constants.numbers(name, axis: axis)
    let others = other.map { constants.numbers($0.name, axis: $0.axis) } ?? []
    let module = step.node.modulePath
    for (index, label) in labels.enumerated() where numbers[index] != 0 {
      if others.count == labels.count, others[index] == 0 { continue }
      block(label, "\(module.isEmpty ? step.node.baseName : module) adds them up")
    }
  }

  private mutating func layer(_ step: Step) throws {
    guard let input = step.tensor("input"), let name = step.tensor("weight") else { return }
    let axis = step.node.baseName == "linear" ? step.sizes(of: input).count - 1 : 1
    if let output = step.outputs.first, let own = labels(output, axis: axis) {
      for (label, number) in zip(own, constants.numbers(output, axis: axis)) where number != nil {
        dead.insert(Int(channels.classes[Int(label)]))
      }
    }
    guard let labels = labels(input, axis: axis) else { return }
    guard let path = paths[name] else {
      for label in labels { block(label, "its weight is computed") }
      return
    }
    if let groups = step.int("groups", standard: 1), groups > 1, isOneClass(step, labels, groups) { return }
    let weight = try tensors.data(path)
    let magnitudes = weight.sums(along: 1) { abs($0) }
    let numbers = constants.numbers(input, axis: axis)
    let module = step.node.modulePath
    for (index, label) in labels.enumerated() where magnitudes[index % weight.shape[1]] != 0 && numbers[index] != 0 {
      guard let number = numbers[index] else {
        block(label, "\(module) takes them in")
        continue
      }
      if ![.f32, .f64].contains(weight.type) {
        block(label, "they go on as a constant, and \(module) has no bias of 32 bits to take it")
      } else if step.isPadded {
        block(label, "they go on as a constant such as \(number), and \(module) adds zeros at the borders")
      }
    }
  }

  /// Whether all inputs of a group go together with its outputs, so that none of them counts in what stays.
  private func isOneClass(_ step: Step, _ labels: [Label], _ groups: Int) -> Bool {
    guard let output = step.outputs.first, let outputs = self.labels(output, axis: 1) else { return false }
    let (width, outputWidth) = (labels.count / groups, outputs.count / groups)
    return labels.indices.allSatisfy { index in
      channels.classes[Int(labels[index])] == channels.classes[Int(outputs[index / width * outputWidth])]
    }
  }

  /// What the constants that go have added to each output of a layer; nil where that is nothing.
  private func fold(_ step: Step, _ survivors: Survivors) throws -> Compactor.Choice.Fold? {
    guard let input = step.tensor("input"), let name = step.tensor("weight"), let path = paths[name],
      let output = step.outputs.first
    else { return nil }
    let axis = step.node.baseName == "linear" ? step.sizes(of: input).count - 1 : 1
    let numbers = constants.numbers(input, axis: axis)
    guard let labels = labels(input, axis: axis) else { return nil }
    let gone = labels.indices.filter { !survivors.stays(labels[$0]) && numbers[$0] != nil && numbers[$0] != 0 }
    guard !gone.isEmpty else { return nil }
    let weight = try tensors.data(path)
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let kernel = weight.shape[2...].reduce(1, *)
    let values = weight.values
    let perGroup = outputs / (step.int("groups", standard: 1) ?? 1)
    var sums =
      try step.tensor("bias").flatMap { paths[$0] }.map { try tensors.data($0).values }
      ?? [Double](repeating: 0, count: outputs)
    for row in 0..<outputs {
      for column in gone where column / inputs == row / perGroup {
        let place = (row * inputs + column % inputs) * kernel
        sums[row] += (numbers[column] ?? 0) * values[place..<place + kernel].reduce(0, +)
      }
    }
    let own = self.labels(output, axis: axis)
    let kept = own.map(survivors.kept) ?? Array(sums.indices)
    return Compactor.Choice.Fold(
      path: (path.hasSuffix(".weight") ? String(path.dropLast(7)) : path) + ".folded_bias",
      bias: kept.map { sums[$0] }, type: weight.type)
  }
}
