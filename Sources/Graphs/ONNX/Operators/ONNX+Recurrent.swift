import Checkpoints

extension ONNXOperatorTable {
  /// Recurrent layers of one layer and one or two directions.
  mutating func addRecurrent() {
    let limits = "peepholes, clipping, other activations, lengths of each sequence, a single direction backwards"
    add("LSTM", "lstm flip", limits: limits) { try $0.recurrent(gates: 4, target: "lstm.input", order: [0, 2, 3, 1]) }
    add("GRU", "gru flip", limits: limits + ", linear_before_reset 0") {
      try $0.recurrent(gates: 3, target: "gru.input", order: [1, 0, 2])
    }
    add("RNN", "rnn_tanh rnn_relu flip", limits: limits) { try $0.recurrent(gates: 1, target: "", order: [0]) }
  }
}

extension ONNXStep {
  /// - Parameter order: for each of PyTorch's gates the place that it has in ONNX.
  fileprivate func recurrent(gates: Int, target: String, order: [Int]) throws {
    let (x, w, r) = (try input(0), try input(1), try input(2))
    let direction = string("direction", "forward")
    let directions = direction == "bidirectional" ? 2 : 1
    try require(!has("clip"), "it clips its gates")
    try require(!bool("input_forget"), "its gates are coupled")
    try require(!isGiven(7), "it has peepholes")
    guard let hidden = int("hidden_size") ?? r.sizes[2].fixed else { throw refusal("its hidden size is unknown") }
    let isBatchFirst = bool("layout")
    // Lengths that are all the whole.
    if isGiven(4) {
      let lengths = try ints(at: 4, "sequence_lens")
      let whole = x.sizes[isBatchFirst ? 1 : 0].fixed
      try require(lengths.allSatisfy { $0 == whole }, "its sequences are of several lengths")
    }
    var target = target
    let activations = (strings("activations") ?? []).map { $0.lowercased() }
    switch operation {
    case "LSTM":
      try require(
        activations.isEmpty || activations == (0..<directions).flatMap { _ in ["sigmoid", "tanh", "tanh"] },
        "its activations are not the usual ones")
    case "GRU":
      try require(
        activations.isEmpty || activations == (0..<directions).flatMap { _ in ["sigmoid", "tanh"] },
        "its activations are not the usual ones")
    default:
      let kind = activations.first ?? "tanh"
      try require(
        (kind == "tanh" || kind == "relu") && activations.allSatisfy { $0 == kind },
        "its activations are not the usual ones")
      target = "rnn_\(kind).input"
    }
    try require(!has("activation_alpha") && !has("activation_beta"), "its activations have parameters")
    let isUnrolled = operation == "GRU" && !bool("linear_before_reset")
    var value = isBatchFirst ? try permute(x, [1, 0, 2]) : x
    if direction == "reverse" {
      value = op("flip", ["self": .tensor(try name(value)), "dims": .ints([0])], x.type, value.sizes)
    }
    let (length, batch) = (value.sizes[0], value.sizes[1])
    var parameters: [ONNXValue] = []
    let bias = try optional(3)
    for index in 0..<directions {
      for matrix in [w, r] { parameters.append(try ordered(select(matrix, 0, index), order, hidden)) }
      guard let bias else { continue }
      let both = try select(bias, 0, index)
      for part in 0..<2 {
        parameters.append(
          try ordered(slice(both, 0, part * gates * hidden, (part + 1) * gates * hidden), order, hidden))
      }
    }
    func state(_ index: Int) throws -> ONNXValue {
      if isGiven(index) { return isBatchFirst ? try permute(input(index), [1, 0, 2]) : try input(index) }
      let sizes = [SymbolicSize.fixed(directions), batch, .fixed(hidden)]
      return op("zeros", ["size": try lowering.argument(sizes), "dtype": .dtype(x.type)], x.type, sizes)
    }
    let first = try state(5)
    let states = gates == 4 ? [first, try state(6)] : [first]
    let stateSizes = first.sizes
    if isUnrolled {
      try unrolled(value, parameters, first, hidden, directions, isReversed: direction == "reverse", isBatchFirst)
      return
    }
    let output = (x.type, [length, batch, SymbolicSize.fixed(directions * hidden)])
    var results = [output] + states.map { _ in (x.type, stateSizes) }
    results[0] = output
    let given = ops(
      target,
      [
        "input": .tensor(try name(value)),
        "hx": gates == 4 ? .tensors(try states.map { try name($0) }) : .tensor(try name(first)),
        "params": .tensors(try parameters.map { try name($0) }), "has_biases": .bool(bias != nil),
        "num_layers": .int(1), "dropout": .float(0), "train": .bool(false), "bidirectional": .bool(directions == 2),
        "batch_first": .bool(false),
      ], results)
    try giveSequence(given[0], directions, hidden, isReversed: direction == "reverse", isBatchFirst)
    for (index, last) in given.dropFirst().enumerated() where isWanted(index + 1) {
      give(isBatchFirst ? try permute(last, [1, 0, 2]) : last, at: index + 1)
    }
  }

  /// Gates in PyTorch's order.
  private func ordered(_ value: ONNXValue, _ order: [Int], _ hidden: Int) throws -> ONNXValue {
    if order == Array(order.indices) { return value }
    return try cat(order.map { try slice(value, 0, $0 * hidden, ($0 + 1) * hidden) }, 0)
  }

  /// `[length, batch, directions * hidden]` as ONNX has it: `[length, directions, batch, hidden]`.
  private func giveSequence(
    _ y: ONNXValue, _ directions: Int, _ hidden: Int, isReversed: Bool, _ isBatchFirst: Bool
  ) throws {
    guard isWanted(0) else { return }
    var value = y
    if isReversed { value = op("flip", ["self": .tensor(try name(y)), "dims": .ints([0])], y.type, y.sizes) }
    if directions == 1 {
      value = try unsqueeze(value, 1)
    } else {
      value = try permute(
        reshape(value, [y.sizes[0], y.sizes[1], .fixed(directions), .fixed(hidden)]), [0, 2, 1, 3])
    }
    give(isBatchFirst ? try permute(value, [2, 0, 1, 3]) : value)
  }

  /// A GRU whose reset gate acts before the recurrent product: step by step, since LibTorch's acts after it.
  private func unrolled(
    _ x: ONNXValue, _ parameters: [ONNXValue], _ state: ONNXValue, _ hidden: Int, _ directions: Int, isReversed: Bool,
    _ isBatchFirst: Bool
  ) throws {
    guard let length = x.sizes[0].fixed, length <= 1024 else {
      throw refusal("its reset gate acts before the product, over a length that is known only when it runs")
    }
    let each = parameters.count / directions
    var (outputs, lasts): ([[ONNXValue]], [ONNXValue]) = ([], [])
    for direction in 0..<directions {
      let own = Array(parameters[direction * each..<(direction + 1) * each])
      var h = try select(state, 0, direction)
      var steps: [ONNXValue] = []
      func part(_ value: ONNXValue, _ gate: Int) throws -> ONNXValue {
        try slice(value, 0, gate * hidden, (gate + 1) * hidden)
      }
      func linear(_ value: ONNXValue, _ weight: ONNXValue, _ bias: ONNXValue?) throws -> ONNXValue {
        op(
          "linear",
          [
            "input": .tensor(try name(value)), "weight": .tensor(try name(weight)),
            "bias": bias == nil ? .none : .tensor(try name(bias ?? weight)),
          ], value.type, Array(value.sizes.dropLast()) + [weight.sizes[0]])
      }
      for index in 0..<length {
        let time = direction == 1 ? length - 1 - index : index
        let now = try select(x, 0, time)
        func gate(_ number: Int, _ h: ONNXValue) throws -> ONNXValue {
          try binary(
            "add.Tensor", linear(now, part(own[0], number), each > 2 ? part(own[2], number) : nil),
            linear(h, part(own[1], number), each > 2 ? part(own[3], number) : nil))
        }
        // Gates are in PyTorch's order: reset, update, new.
        let reset = try unary("sigmoid", gate(0, h))
        let update = try unary("sigmoid", gate(1, h))
        let fresh = try unary("tanh", gate(2, binary("mul.Tensor", reset, h)))
        let keeps = try binary("mul.Tensor", update, h)
        h = try binary(
          "add.Tensor", binary("mul.Tensor", scalar("add.Scalar", unary("neg", update), 1), fresh), keeps)
        steps.append(h)
      }
      lasts.append(h)
      outputs.append(direction == 1 ? steps.reversed() : steps)
    }
    if isWanted(0) {
      let times = try (0..<length).map { time in
        try unsqueeze(cat(outputs.map { try unsqueeze($0[time], 0) }, 0), 0)
      }
      var all = try cat(isReversed ? times.reversed() : times, 0)
      if isBatchFirst { all = try permute(all, [2, 0, 1, 3]) }
      give(all)
    }
    if isWanted(1) {
      let last = try cat(lasts.map { try unsqueeze($0, 0) }, 0)
      give(isBatchFirst ? try permute(last, [1, 0, 2]) : last, at: 1)
    }
  }
}
