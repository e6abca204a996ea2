import Checkpoints
import Graphs
import OrderedCollections

extension RuleTable {
  /// Reductions and what looks at a whole dimension at once.
  mutating func addReductions() {
    add("softmax _softmax log_softmax _log_softmax softmin") { $0.along("it normalises over them") }
    add("cumsum cumprod cummax cummin logcumsumexp sort argsort") { $0.along("it runs along them") }
    add("amax amin max min argmax argmin var std var_mean std_mean prod median logsumexp all any topk mode kthvalue") {
      step in
      if let other = step.tensor("other") {  // the larger of two
        guard let subject = step.subject, let output = step.outputs.first else { return step.isUnknown() }
        let values = [subject, other].map { (step.dimensions(of: $0), step.sizes(of: $0)) }
        return step.give(step.broadcast(values, rank: step.sizes(of: output).count))
      }
      step.reduction { step.freeze($0, because: "a removed entry would count as 0 in it") }
    }
    // What is removed adds nothing to a sum, or to the norm of an order above 0.
    add("sum") { step in
      step.reduction { if !step.isFloat { step.freeze($0, because: "it sums whole numbers or truth values") } }
    }
    add("linalg_vector_norm norm frobenius_norm") { step in
      let order = step.float("ord") ?? step.float("p") ?? 2
      step.reduction { if order <= 0 { step.freeze($0, because: "it counts or takes the smallest entry") } }
    }
    // A mean divides by the number of entries, which must stay the old one.
    add("mean") { step in
      guard let output = step.outputs.first else { return step.isUnknown() }
      var reduced: [(labels: [Label], count: Int)] = []
      step.reduction { dimension in
        if let labels = step.labelling.flat(dimension) { reduced.append((labels, labels.count)) }
      }
      guard !reduced.isEmpty else { return }
      step.rewrite { edit, survivors in
        let scale = reduced.reduce(1.0) { $0 * Double(survivors.count($1.labels)) / Double($1.count) }
        guard scale != 1 else { return }
        let raw = "\(output)_of_kept"
        edit.node.outputs[0] = .tensor(raw)
        if edit.node.name != nil { edit.node.name = raw }
        edit.after.append(
          Node(
            "torch.ops.aten.mul.Scalar", [NamedArgument("self", .tensor(raw)), NamedArgument("other", .float(scale))],
            outputs: [.tensor(output)], metadata: edit.node.metadata, name: output))
        edit.values.append((raw, output, [:]))
      }
    }
  }
}

extension Step {
  fileprivate var isFloat: Bool { subject.flatMap { analysis.graph.values[$0]?.tensor?.dtype?.isFloat } ?? false }

  /// One dimension stays whole, the others pass.
  fileprivate func along(_ text: String) {
    guard let subject, case let x = dimensions(of: subject), let axis = axis(int("dim", standard: -1), rank: x.count)
    else { return isUnknown() }
    freeze(x[axis], because: text)
    for name in outputs { give(x, to: name) }
  }

  /// Drops the dimensions that are reduced, after `each` has seen them.
  fileprivate func reduction(_ each: (Dimension) -> Void) {
    guard let subject, inputs.count == 1 else { return isUnknown() }
    let x = dimensions(of: subject)
    var axes = Set(x.indices)
    if isGiven("dim"), let numbers = ints("dim"), !numbers.isEmpty {
      axes = Set(numbers.compactMap { axis($0, rank: x.count) })
    }
    for axis in axes.sorted() { each(x[axis]) }
    for name in outputs {
      let isKept = sizes(of: name).count == x.count
      give(x.indices.compactMap { axes.contains($0) ? (isKept ? resized(name, $0) : nil) : x[$0] }, to: name)
    }
  }

  /// What is left of a reduced dimension: nothing, or of `topk` as many entries as it says.
  private func resized(_ name: String, _ axis: Int) -> Dimension { fixed([sizes(of: name)[axis]])[0] }
}
