import Checkpoints
import Graphs

/// Units that can go by the zeros that a model has already, so that it computes what it computed: nothing takes them in with
/// a weight, or they are constants that can be added to the biases of what does.
struct ZeroUnits {
  /// Units that go.
  private(set) var units: [Int] = []
  /// For each bias by its name in the graph what is added to it.
  private(set) var folds: [String: [Double]] = [:]
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
    let useCounts = analysis.graph.nodes.flatMap(\.inputNames).reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    var wanted: [(bias: String, numbers: [Double?], node: Int, labels: [Label])] = []
    for (index, node) in analysis.graph.nodes.enumerated() {
      if let fold = try look(Step(node, analysis), useCounts) {
        wanted.append((fold.bias, fold.numbers, index, fold.labels))
      }
    }
    units = channels.unitClasses.indices.filter { blocked[channels.unitClasses[$0]] == nil }
    let survivors = channels.survivors(without: units)
    for fold in wanted {
      try add(fold.bias, fold.numbers, Step(analysis.graph.nodes[fold.node], analysis), fold.labels, survivors)
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

  /// Marks what a step that adds channels up cannot do without; of a layer with a bias, what it could take over.
  private mutating func look(
    _ step: Step, _ useCounts: [String: Int]
  ) throws -> (bias: String, numbers: [Double?], labels: [Label])? {
    let module = step.node.modulePath
    switch step.node.baseName {
    case "linear", "conv1d", "conv2d", "conv3d":
      return try layer(step, useCounts)
    case "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution", "_convolution":
      if let input = step.tensor("input") { zeros(input, axis: 1, module) }
    case "layer_norm", "rms_norm":
      if let input = step.tensor("input") { zeros(input, axis: step.sizes(of: input).count - 1, module) }
    case "sum", "mean", "linalg_vector_norm", "norm":
      guard let subject = step.subject else { return nil }
      let rank = step.sizes(of: subject).count
      let axes = (step.ints("dim") ?? Array(0..<rank)).compactMap { step.axis($0, rank: rank) }
      for axis in axes.isEmpty ? Array(0..<rank) : axes { zeros(subject, axis: axis, module) }
    case "matmul", "mm", "bmm", "addmm", "baddbmm", "scaled_dot_product_attention", "einsum", "lstm", "gru", "rnn_tanh",
      "rnn_relu":
      // Whatever of them might be added up.
      for name in step.inputs {
        for axis in step.sizes(of: name).indices { zeros(name, axis: axis, module) }
      }
    default: break
    }
    return nil
  }

  /// Entries along a dimension that are not 0 keep their units.
  private mutating func zeros(_ name: String, axis: Int, _ module: String) {
    guard let labels = labels(name, axis: axis) else { return }
    let numbers = constants.numbers(name, axis: axis)
    for (index, label) in labels.enumerated() where numbers[index] != 0 {
      block(label, "\(module.isEmpty ? "a step" : module) adds them up")
    }
  }

  private mutating func layer(
    _ step: Step, _ useCounts: [String: Int]
  ) throws -> (bias: String, numbers: [Double?], labels: [Label])? {
    guard let input = step.tensor("input"), let name = step.tensor("weight") else { return nil }
    let axis = step.node.baseName == "linear" ? step.sizes(of: input).count - 1 : 1
    if let output = step.outputs.first, let own = labels(output, axis: axis) {
      for (label, number) in zip(own, constants.numbers(output, axis: axis)) where number != nil {
        dead.insert(Int(channels.classes[Int(label)]))
      }
    }
    guard let labels = labels(input, axis: axis) else { return nil }
    guard let path = paths[name] else {
      for label in labels { block(label, "its weight is computed") }
      return nil
    }
    let weight = try tensors.data(path)
    let groups = step.int("groups", standard: 1) ?? 1
    let magnitudes = weight.sums(along: 1) { abs($0) }
    let numbers = constants.numbers(input, axis: axis)
    let bias = step.tensor("bias").flatMap { paths[$0] == nil || useCounts[$0] != 1 ? nil : $0 }
    let module = step.node.modulePath
    let isWholeGroup = groups > 1 && weight.shape[1] * groups == labels.count && isOneClass(step, labels, groups)
    if isWholeGroup { return nil }
    for (index, label) in labels.enumerated() {
      if magnitudes[index % weight.shape[1]] == 0 || numbers[index] == 0 { continue }
      guard let number = numbers[index] else {
        block(label, "\(module) takes them in")
        continue
      }
      if step.isPadded {
        block(label, "they go on as the constant \(number), and \(module) adds zeros at the borders")
      } else if bias == nil {
        block(label, "they go on as the constant \(number), and \(module) has no bias of its own to take it")
      }
    }
    return bias.map { ($0, numbers, labels) }
  }

  /// Whether all inputs of a group go together with its outputs, so that none of them counts in what stays.
  private func isOneClass(_ step: Step, _ labels: [Label], _ groups: Int) -> Bool {
    guard let output = step.outputs.first, let outputs = self.labels(output, axis: 1) else { return false }
    let (width, outputWidth) = (labels.count / groups, outputs.count / groups)
    return labels.indices.allSatisfy { index in
      channels.classes[Int(labels[index])] == channels.classes[Int(outputs[index / width * outputWidth])]
    }
  }

  /// What the constants that go have added to each output.
  private mutating func add(
    _ bias: String, _ numbers: [Double?], _ step: Step, _ labels: [Label], _ survivors: Survivors
  ) throws {
    guard let name = step.tensor("weight"), let path = paths[name] else { return }
    let gone = labels.indices.filter { !survivors.stays(labels[$0]) && numbers[$0] != nil && numbers[$0] != 0 }
    guard !gone.isEmpty else { return }
    let weight = try tensors.data(path)
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let kernel = weight.shape[2...].reduce(1, *)
    let values = weight.values
    let perGroup = outputs / (step.int("groups", standard: 1) ?? 1)
    var sums = [Double](repeating: 0, count: outputs)
    for row in 0..<outputs {
      for column in gone where column / inputs == row / perGroup {
        let place = (row * inputs + column % inputs) * kernel
        sums[row] += (numbers[column] ?? 0) * values[place..<place + kernel].reduce(0, +)
      }
    }
    folds[bias] = sums
  }
}
