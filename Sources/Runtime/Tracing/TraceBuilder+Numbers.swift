import Graphs
import Torch

extension TraceBuilder {
  /// The name of a number that follows from the sizes, computed once before all steps.
  mutating func number(_ law: SizeLaw) -> String {
    if let name = numbers[law] { return name }
    var terms: [String] = []
    if law.product != 0 {
      let both = compute("mul", [.symbolicInt(.name(size(0))), .symbolicInt(.name(size(1)))], product(1))
      terms.append(
        scaled(both, by: law.product, SizeLaw(constant: 0, factors: law.factors.map { _ in 0 }, product: law.product)))
    }
    for (dimension, factor) in law.factors.enumerated() where factor != 0 {
      var alone = SizeLaw(constant: 0, factors: law.factors.map { _ in 0 })
      alone.factors[dimension] = factor
      terms.append(scaled(size(dimension), by: factor, alone))
    }
    var sum = terms[0]
    for term in terms.dropFirst() {
      sum = compute("add", [.symbolicInt(.name(sum)), .symbolicInt(.name(term))], law)
    }
    if law.constant != 0 { sum = compute("add", [.symbolicInt(.name(sum)), .int(law.constant)], law) }
    numbers[law] = sum
    return sum
  }

  /// The same as a real number.
  mutating func real(_ law: SizeLaw) -> String {
    if let name = reals[law] { return name }
    let whole = number(law)
    let name = allocator.name("sym_float")
    values[name] = Value(.float)
    arithmetic.append(
      Node(
        "torch.sym_float", [NamedArgument("a", .symbolicInt(.name(whole)))], outputs: [.symbolicFloat(.name(name))],
        name: name))
    reals[law] = name
    return name
  }

  private func product(_ factor: Int) -> SizeLaw { SizeLaw(constant: 0, factors: [0, 0], product: factor) }

  private mutating func scaled(_ name: String, by factor: Int, _ law: SizeLaw) -> String {
    factor == 1 ? name : compute("mul", [.symbolicInt(.name(name)), .int(factor)], law)
  }

  private mutating func compute(_ function: String, _ arguments: [Argument], _ law: SizeLaw) -> String {
    let name = allocator.name(function)
    values[name] = Value(.int(.symbolic(law.expression(symbols), hint: law.evaluated(samples.runs[0]))))
    arithmetic.append(
      Node(
        "_operator.\(function)", zip(["a", "b"], arguments).map { NamedArgument($0, $1) },
        outputs: [.symbolicInt(.name(name))], name: name))
    return name
  }

  /// The size of a dynamic dimension, read from the first input that has it.
  private mutating func size(_ dimension: Int) -> String {
    if let name = sizeNames[dimension] { return name }
    let name = allocator.name("sym_size_int")
    sizeNames[dimension] = name
    let wanted = dynamic[dimension]
    let position = inputNames.indices.first { index in
      (wanted.inputs?.contains(inputNames[index]) ?? true)
        && first.recorder.tensors[first.inputs[index]].shape.count > wanted.axis
    }
    let source = names[first.inputs[position ?? 0]] ?? ""
    values[name] = Value(.int(.symbolic(.symbol(symbols[dimension]), hint: samples.runs[0][dimension])))
    arithmetic.append(
      Node(
        "torch.ops.aten.sym_size.int",
        [NamedArgument("self", .tensor(source)), NamedArgument("dim", .int(wanted.axis))],
        outputs: [.symbolicInt(.name(name))], name: name))
    return name
  }
}

extension TraceBuilder {
  /// Tells what could not be heard: errors where the graph would be wrong, notes where it holds for the example.
  mutating func judgeFindings() {
    for path in first.exchanged {
      let (parent, name) = path.splitAtLastDot
      let kind = first.parameters.contains(path) ? "parameter" : "buffer"
      problems.append(
        TracingProblem(
          operation: "\(kind) '\(name)'", module: parent,
          message: "the module puts another tensor in its place, which no graph does; write to it, as copy does"))
    }
    for finding in first.recorder.findings {
      let role = finding.tensor.flatMap { id in inputs.first { $0.name == names[id] }?.role }
      let what = finding.tensor.flatMap { names[$0] }.map { "'\(role?.path ?? $0)'" } ?? "a tensor"
      switch finding.kind {
      case .read(dependsOnInput: true):
        refuse(
          finding.operation, finding.scope,
          "Swift reads entries of \(what), which follow from the inputs or change from run to run, and what it does then is not seen; compute with "
            + "operators (where, gather, masks) instead")
      case .read(dependsOnInput: false):
        note(
          finding.operation, finding.scope,
          "Swift reads entries of \(what); what follows from them is fixed in the graph")
      case .written:
        refuse(
          finding.operation, finding.scope, "Swift writes to the memory of \(what); use operators, as copy and fill")
      case .unheard:
        refuse(finding.operation, finding.scope, "it is no operator that a graph has; leave it out of the forward pass")
      case .dynamicShape:
        note(
          finding.operation, finding.scope,
          "entries of \(what) say how long its result is; sizes that Swift reads of it are taken as for the example")
      case .random(ownGenerator: true):
        note(
          finding.operation, finding.scope, "it draws from a generator of its own; the graph draws from the default one"
        )
      case .random(ownGenerator: false):
        note(
          finding.operation, finding.scope, "it draws random numbers, anew in each run of the graph",
          drawsRandomNumbers: true)
      }
    }
  }
}
