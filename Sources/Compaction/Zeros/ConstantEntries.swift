import Graphs

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Channels of values that are one number, whatever the input: what a layer whose weights are 0 for them puts out.
///
/// Followed through convolutions, linear layers, batch norm, activations, sums and products, and what moves entries about.
/// Anything else counts as unknown.
struct ConstantEntries {
  private let analysis: GraphLabels
  private let tensors: ModelTensors
  private let paths: [String: String]
  /// For each value and factor of its dimensions a number for each index, or nil.
  private var known: [String: [ObjectIdentifier: [Double?]]] = [:]

  init(_ analysis: GraphLabels, _ tensors: ModelTensors) throws {
    (self.analysis, self.tensors) = (analysis, tensors)
    paths = Dictionary(
      analysis.graph.inputs.compactMap { input in input.role.path.map { (input.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    for node in analysis.graph.nodes { try follow(Step(node, analysis)) }
  }

  /// For each index of a dimension of a value the number that all its entries are; nil where they are not known to be one.
  func numbers(_ name: String, axis: Int) -> [Double?] {
    let dimension = analysis.dimensions[name]?[axis] ?? []
    guard let total = dimension.extent.fixed else { return [] }
    var result = [Double?](repeating: nil, count: total)
    guard let own = known[name] else { return result }
    var inner = total
    for factor in dimension {
      let count = factor.extent.number
      inner /= max(count, 1)
      guard let numbers = own[ObjectIdentifier(factor)] else { continue }
      for index in 0..<total { result[index] = result[index] ?? numbers[index / max(inner, 1) % count] }
    }
    return result
  }

  private mutating func set(_ name: String, axis: Int, _ numbers: [Double?]) {
    guard numbers.contains(where: { $0 != nil }), let dimension = analysis.dimensions[name]?[axis],
      dimension.count == 1,
      dimension[0].extent.fixed == numbers.count
    else { return }
    let factor = ObjectIdentifier(dimension[0])
    let before = known[name]?[factor]
    known[name, default: [:]][factor] = before.map { zip($0, numbers).map { $0 ?? $1 } } ?? numbers
  }

  /// The entries of a weight; nil for anything that is none.
  private func weight(_ name: String?) throws -> TensorData? {
    guard let name, let path = paths[name] else { return nil }
    return try tensors.data(path)
  }

  private mutating func follow(_ step: Step) throws {
    guard let output = step.outputs.first else { return }
    switch step.node.baseName {
    case "linear": try contraction(step, output, axis: step.sizes(of: output).count - 1)
    case "conv1d", "conv2d", "conv3d": try contraction(step, output, axis: 1)
    case "batch_norm", "_native_batch_norm_legit_no_training": try batchNorm(step, output)
    case "add", "add_", "sub", "sub_", "mul", "mul_": combine(step, output)
    case "cat": concatenate(step, output)
    case "scaled_dot_product_attention": attention(step, output)
    case "matmul", "bmm", "mm": product(step, output)
    case "chunk", "split", "split_with_sizes", "slice", "index_select", "index": part(step)
    case "max_pool1d", "max_pool2d", "max_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
      "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "expand", "mean",
      "amax",
      "upsample_nearest2d", "upsample_bilinear2d":
      pass(step, output) { $0 }
    default:
      if let function = Self.function(step) { pass(step, output, function) }
    }
  }

  /// The same factors with a function of their numbers.
  private mutating func pass(_ step: Step, _ output: String, _ function: (Double) -> Double) {
    guard let subject = step.subject, let own = known[subject] else { return }
    let factors = Set((analysis.dimensions[output] ?? []).flatMap { $0 }.map(ObjectIdentifier.init))
    for (factor, numbers) in own where factors.contains(factor) {
      known[output, default: [:]][factor] = numbers.map { $0.map(function) }
    }
    for factor in (analysis.dimensions[output] ?? []).flatMap({ $0 })
    where known[output]?[ObjectIdentifier(factor)] == nil {
      let numbers = Self.halved(factor, own) ?? Self.whole(factor, own)
      if let numbers, numbers.count == factor.extent.fixed {
        known[output, default: [:]][ObjectIdentifier(factor)] = numbers.map { $0.map(function) }
      }
    }
  }

  /// The numbers of the outer half of a dimension that a view took apart: those that are one over the inner half.
  private static func halved(_ factor: Factor, _ known: [ObjectIdentifier: [Double?]]) -> [Double?]? {
    guard case .half(let pair, .outer) = factor.state, let all = known[ObjectIdentifier(pair.parent)],
      let rows = pair.outer.extent.fixed, let columns = pair.inner.extent.fixed
    else { return nil }
    return (0..<rows).map { row in
      let own = all[row * columns..<(row + 1) * columns]
      return own.allSatisfy { $0 == own.first ?? nil } ? own.first ?? nil : nil
    }
  }

  /// The numbers of a dimension whose halves a view has put together again.
  private static func whole(_ factor: Factor, _ known: [ObjectIdentifier: [Double?]]) -> [Double?]? {
    for pair in factor.pairs.values {
      let (outer, inner) = (known[ObjectIdentifier(pair.outer)], known[ObjectIdentifier(pair.inner)])
      guard outer != nil || inner != nil, let rows = pair.outer.extent.fixed, let columns = pair.inner.extent.fixed
      else { continue }
      return (0..<rows * columns).map { outer?[$0 / columns] ?? inner?[$0 % columns] }
    }
    return nil
  }

  /// What is mixed with weights that add up to 1 stays the constant that it is.
  private mutating func attention(_ step: Step, _ output: String) {
    guard let value = step.tensor("value") else { return }
    let rank = step.sizes(of: output).count
    for axis in 0..<rank where axis != rank - 2 && step.sizes(of: value)[axis] == step.sizes(of: output)[axis] {
      set(output, axis: axis, numbers(value, axis: axis))
    }
  }

  /// A product with zeros is 0.
  private mutating func product(_ step: Step, _ output: String) {
    guard step.inputs.count == 2 else { return }
    let rank = step.sizes(of: output).count
    for (name, own) in [(step.inputs[0], rank - 2), (step.inputs[1], rank - 1)] where step.sizes(of: name).count == rank
    {
      for axis in Array(0..<rank - 2) + [own] where step.sizes(of: name)[axis] == step.sizes(of: output)[axis] {
        set(output, axis: axis, numbers(name, axis: axis).map { $0 == 0 ? 0 : nil })
      }
    }
  }

  /// Outputs of which every weight is 0, or meets a constant, are constant.
  private mutating func contraction(_ step: Step, _ output: String, axis: Int) throws {
    guard let weight = try weight(step.tensor("weight")), let input = step.tensor("input"), weight.shape.count >= 2
    else {
      return
    }
    let bias = try self.weight(step.tensor("bias"))?.values
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let given = numbers(input, axis: axis)
    let groups = step.int("groups", standard: 1) ?? 1
    let isPadded = step.isPadded
    let kernel = weight.shape[2...].reduce(1, *)
    let values = weight.values
    set(
      output, axis: axis,
      (0..<outputs).map { row -> Double? in
        var sum = bias?[row] ?? 0
        let first = row / max(outputs / groups, 1) * inputs
        for column in 0..<inputs {
          let place = (row * inputs + column) * kernel
          let own = values[place..<place + kernel]
          if own.allSatisfy({ $0 == 0 }) { continue }
          guard given.indices.contains(first + column), let number = given[first + column], number == 0 || !isPadded
          else { return nil }
          sum += number * own.reduce(0, +)
        }
        return sum
      })
  }

  private mutating func batchNorm(_ step: Step, _ output: String) throws {
    guard let subject = step.subject, step.sizes(of: subject).count >= 2, !step.bool("training"),
      let mean = try weight(step.tensor("running_mean"))?.values,
      let variance = try weight(step.tensor("running_var"))?.values
    else { return }
    let scale = try weight(step.tensor("weight"))?.values
    let shift = try weight(step.tensor("bias"))?.values
    let epsilon = step.float("eps") ?? 1e-5
    set(
      output, axis: 1,
      numbers(subject, axis: 1).enumerated().map { index, number in
        let factor = (scale?[index] ?? 1) / (variance[index] + epsilon).squareRoot()
        if factor == 0 { return shift?[index] ?? 0 }
        return number.map { ($0 - mean[index]) * factor + (shift?[index] ?? 0) }
      })
  }

  private mutating func combine(_ step: Step, _ output: String) {
    guard step.inputs.count == 2, !step.isGiven("alpha") || step.float("alpha") == 1 else {
      // A number, which the function of a single tensor takes.
      if let function = Self.function(step) { pass(step, output, function) }
      return
    }
    let rank = step.sizes(of: output).count
    for axis in 0..<rank where analysis.dimensions[output]?[axis].count == 1 {
      let parts = step.inputs.map { name -> [Double?] in
        let own = axis - rank + step.sizes(of: name).count
        return own >= 0 && !step.sizes(of: name)[own].isOne ? numbers(name, axis: own) : []
      }
      let count = parts.map(\.count).max() ?? 0
      let (a, b) = (
        parts[0].isEmpty ? [Double?](repeating: nil, count: count) : parts[0],
        parts[1].isEmpty ? [Double?](repeating: nil, count: count) : parts[1]
      )
      guard a.count == b.count else { continue }
      set(
        output, axis: axis,
        zip(a, b).map { x, y in
          switch step.node.baseName.first {
          case "m": x == 0 || y == 0 ? 0 : x.flatMap { x in y.map { x * $0 } }
          case "s": x.flatMap { x in y.map { x - $0 } }
          default: x.flatMap { x in y.map { x + $0 } }
          }
        })
    }
  }

  private mutating func concatenate(_ step: Step, _ output: String) {
    guard let names = step.tensors("tensors"), let first = names.first,
      let axis = step.axis(step.int("dim", standard: 0), rank: step.sizes(of: first).count),
      names.allSatisfy({ step.sizes(of: $0)[axis].fixed != nil })
    else { return }
    set(output, axis: axis, names.flatMap { numbers($0, axis: axis) })
  }

  private mutating func part(_ step: Step) {
    guard let subject = step.subject, let own = known[subject] else { return }
    // Dimensions that pass.
    for name in step.outputs {
      for factor in (analysis.dimensions[name] ?? []).flatMap({ $0 }) {
        if let numbers = own[ObjectIdentifier(factor)] { known[name, default: [:]][ObjectIdentifier(factor)] = numbers }
      }
    }
    guard step.node.baseName != "index",
      let axis = step.axis(step.int("dim", standard: 0), rank: step.sizes(of: subject).count)
    else { return }
    let numbers = numbers(subject, axis: axis)
    if let index = step.tensor("index"), let places = analysis.constant(index) {
      if places.allSatisfy(numbers.indices.contains), let output = step.outputs.first {
        set(output, axis: axis, places.map { numbers[$0] })
      }
      return
    }
    guard step.int("step", standard: 1) == 1, var start = step.int("start", standard: 0) else { return }
    if start < 0 { start += numbers.count }
    for name in step.outputs {
      guard let size = step.sizes(of: name)[axis].fixed, start >= 0, start + size <= numbers.count else { return }
      set(name, axis: axis, Array(numbers[start..<start + size]))
      start += size
    }
  }

  /// The function of one tensor that a step is, entry by entry; nil for others.
  static func function(_ step: Step) -> ((Double) -> Double)? {
    let other = step.float("other")
    guard step.inputs.count == 1 else { return nil }
    switch step.node.baseName {
    case "relu", "relu_": return { max($0, 0) }
    case "relu6": return { min(max($0, 0), 6) }
    case "hardtanh", "hardtanh_":
      let (low, high) = (step.float("min_val") ?? -1, step.float("max_val") ?? 1)
      return { min(max($0, low), high) }
    case "leaky_relu", "leaky_relu_":
      let slope = step.float("negative_slope") ?? 0.01
      return { $0 < 0 ? $0 * slope : $0 }
    case "sigmoid", "sigmoid_": return { 1 / (1 + exp(-$0)) }
    case "tanh", "tanh_": return { tanh($0) }
    case "silu", "silu_": return { $0 / (1 + exp(-$0)) }
    case "hardswish", "hardswish_": return { $0 * min(max($0 + 3, 0), 6) / 6 }
    case "hardsigmoid", "hardsigmoid_": return { min(max($0 + 3, 0), 6) / 6 }
    case "gelu" where !step.isGiven("approximate") || step.node["approximate"] == .string("none"):
      return { $0 / 2 * (1 + erf($0 / 2.0.squareRoot())) }
    case "dropout", "dropout_", "feature_dropout", "contiguous", "clone", "detach", "alias": return { $0 }
    case "add", "add_": return other.map { other in { $0 + other } }
    case "sub", "sub_": return other.map { other in { $0 - other } }
    case "mul", "mul_": return other.map { other in { $0 * other } }
    case "div", "div_": return other.map { other in { $0 / other } }
    default: return nil
    }
  }
}

extension Step {
  /// Whether a convolution adds zeros at the borders.
  var isPadded: Bool {
    guard node.baseName.hasPrefix("conv") else { return false }
    guard isGiven("padding") else { return false }
    return ints("padding").map { $0.contains { $0 != 0 } } ?? (node["padding"] != .string("valid"))
  }
}
