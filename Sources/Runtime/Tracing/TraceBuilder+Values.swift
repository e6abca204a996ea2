import Checkpoints
import Graphs
import NN
import Torch

extension TraceBuilder {
  /// Parameters, buffers, constants and the caller's inputs.
  mutating func addInputs() {
    // The caller's names are theirs, whatever else there is.
    let userNames = inputNames.map { allocator.name($0) }
    var state: [Graph.Input] = []
    for (path, id) in first.state {
      let isParameter = first.parameters.contains(path)
      let role: Graph.InputRole = isParameter ? .parameter(path) : .buffer(path, persistent: true)
      let name = allocator.name((isParameter ? "p_" : "b_") + path)
      // A shared tensor is taken under its first name.
      if names[id] == nil { names[id] = name }
      values[name] = Value(.tensor(tensorType(id, operation: path, scope: [])))
      state.append(Graph.Input(.tensor(name), role: role))
    }
    inputs += state.filter { if case .parameter = $0.role { true } else { false } }
    inputs += state.filter { if case .buffer = $0.role { true } else { false } }
    for index in first.recorder.captured.indices { addConstant(index) }
    for (name, id) in zip(userNames, first.inputs) {
      names[id] = name
      values[name] = Value(.tensor(tensorType(id, operation: name, scope: [])))
      inputs.append(Graph.Input(.tensor(name)))
    }
  }

  /// A tensor that came from nowhere, with its entries.
  private mutating func addConstant(_ index: Int) {
    let capture = first.recorder.captured[index]
    let others = runs.dropFirst().map {
      $0.recorder.captured.indices.contains(index) ? $0.recorder.captured[index] : nil
    }
    let isSame = others.allSatisfy { other in
      guard let other else { return false }
      return other.id == capture.id
        && (other.origin.isSame(as: capture.origin) || hasEqualEntries(other.content, capture.content))
    }
    if !isSame {
      refuse(
        capture.operation, capture.scope,
        "it takes a tensor that Swift makes anew for other sizes, \(shapes(capture, others)); make it with operators, as "
          + "Tensor.arange, Tensor.zeros or Tensor.full of sizes do")
    }
    let isOutside = first.recorder.protections[capture.id] == nil
    if isOutside, first.recorder.writtenCaptures.contains(capture.id) {
      refuse(
        capture.operation, capture.scope,
        "it writes to a tensor of shape \(capture.content.shape) that is no parameter or buffer of the module; register it "
          + "as a buffer")
    } else if isOutside {
      note(
        capture.operation, capture.scope,
        "it takes a tensor of shape \(capture.content.shape) that is no parameter or buffer of the module; the graph keeps "
          + "its entries as they are")
    }
    let path = "lifted_tensor_\(constants.count)"
    let name = allocator.name("c_" + path)
    names[capture.id] = name
    constants[path] = capture.content
    values[name] = Value(.tensor(tensorType(capture.id, operation: capture.operation, scope: capture.scope)))
    inputs.append(Graph.Input(.tensor(name), role: .constant(path)))
  }

  private func shapes(_ capture: CapturedTensor, _ others: [CapturedTensor?]) -> String {
    let all = ([capture] + others).compactMap { $0 }.map { "\($0.content.shape)" }
    return Set(all).count == 1 ? "of shape \(all[0]) with other entries" : "of shapes \(all.joined(separator: " and "))"
  }

  private func hasEqualEntries(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.shape == b.shape, a.dtype == b.dtype else { return false }
    return a.to(.cpu).contiguous().withUnsafeBytes { x in
      b.to(.cpu).contiguous().withUnsafeBytes { y in x.elementsEqual(y) }
    }
  }

  /// What the caller gets.
  mutating func addOutputs() -> [Graph.Output] {
    first.outputs.enumerated().compactMap { index, id in
      guard let id, let name = names[id] else {
        refuse("output \(index)", [], "no operator gave it, so that it does not follow from the inputs; leave it out")
        return nil
      }
      return Graph.Output(.tensor(name))
    }
  }

  /// The type of a tensor, sizes that follow the dynamic dimensions as expressions.
  mutating func tensorType(_ id: Int, operation: String, scope: [ObjectIdentifier]) -> TensorType {
    let all = runs.map { $0.recorder.tensors[id] }
    let known = all[0]
    guard all.allSatisfy({ $0.shape.count == known.shape.count && $0.dtype == known.dtype }) else {
      refuse(
        operation, scope, "its result has another rank or dtype for other sizes; trace it without dynamic dimensions")
      return TensorType(dtype: nil, sizes: [])
    }
    let sizes = known.shape.indices.map { axis in
      size(all.map { $0.shape[axis] }) { values, builder in
        builder.refuse(
          operation, scope,
          "dimension \(axis) of its result is \(values) for \(builder.samplesText), which is no sum of multiples of "
            + "\(builder.dynamic.map(\.name).joined(separator: " and "))")
      }
    }
    let kind = known.device.kind
    let type = TensorType(
      dtype: StoredType.allCases.first { $0.engineNumber == known.dtype }, sizes: sizes,
      requiresGrad: known.requiresGrad && first.state.values.contains(id),
      device: DeviceName(kind.rawValue, index: kind == .cuda ? known.device.index : nil))
    guard let strides = strides(all, sizes), strides != type.strides else { return type }
    return TensorType(
      dtype: type.dtype, sizes: sizes, strides: strides, requiresGrad: type.requiresGrad, device: type.device)
  }

  /// The sizes of all runs in words.
  var samplesText: String { samples.runs.map(text).joined(separator: "; ") }

  private mutating func size(
    _ values: [Int], or refuse: ([Int], inout TraceBuilder) -> Void
  ) -> SymbolicSize {
    guard let law = samples.law(values) else {
      refuse(values, &self)
      return .fixed(values[0])
    }
    return law.isConstant ? .fixed(values[0]) : .symbolic(law.expression(symbols), hint: values[0])
  }

  /// Strides of the same order as in the runs; nil where none can be told, for contiguous ones.
  private func strides(_ all: [RecordedTensor], _ sizes: [SymbolicSize]) -> [SymbolicSize]? {
    let known = all[0]
    guard known.strides.count == sizes.count else { return nil }
    // Dense in some order of dimensions: products of the sizes within.
    let order = known.strides.indices.sorted {
      (known.strides[$0], known.shape[$0]) < (known.strides[$1], known.shape[$1])
    }
    var step = 1
    var within: [SymbolicSize] = []
    var dense = [SymbolicSize](repeating: .fixed(0), count: sizes.count)
    var isDense = true
    for axis in order where known.shape[axis] != 1 {
      isDense = isDense && known.strides[axis] == step
      dense[axis] = TensorType(dtype: nil, sizes: [.fixed(1)] + within).strides[0]
      within.insert(sizes[axis], at: 0)
      step *= known.shape[axis]
    }
    if isDense {
      let contiguous = TensorType(dtype: nil, sizes: sizes).strides
      for axis in known.shape.indices where known.shape[axis] == 1 { dense[axis] = contiguous[axis] }
      return dense
    }
    let laws = known.strides.indices.map { axis in samples.law(all.map { $0.strides[axis] }) }
    guard laws.allSatisfy({ $0 != nil }) else { return nil }
    return zip(laws, known.strides).map { law, value in
      guard let law, !law.isConstant else { return .fixed(value) }
      return .symbolic(law.expression(symbols), hint: value)
    }
  }
}
