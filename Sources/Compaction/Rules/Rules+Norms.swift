import Graphs

extension RuleTable {
  /// Normalisation: of channels each by itself, of groups, of whole vectors.
  mutating func addNorms() {
    add(
      """
      batch_norm _native_batch_norm_legit_no_training native_batch_norm _native_batch_norm_legit instance_norm prelu
      _batch_norm_impl_index
      """
    ) { step in
      guard let subject = step.subject, case let x = step.dimensions(of: subject), x.count >= 2 else {
        return step.isUnknown()
      }
      for name in ["weight", "bias", "running_mean", "running_var"] {
        guard let parameter = step.dimensions(name), parameter.count == 1, !parameter[0].isEmpty else { continue }
        step.labelling.join(step.labelling.flat(x[1]), parameter[0])
      }
      step.give(x)
    }
    add("group_norm") { step in
      guard let x = step.dimensions("input"), let groups = step.int("num_groups"), groups > 0, x.count >= 2 else {
        return step.isUnknown()
      }
      let labels = step.labelling.flat(x[1])
      if let labels {
        let width = labels.count / groups
        let heads = (0..<groups).map { labels[$0 * width] }
        for index in labels.indices { step.labelling.forest.join(labels[index], heads[index / width]) }
        step.rewrite { edit, survivors in edit.set("num_groups", .int(survivors.count(heads))) }
      }
      for name in ["weight", "bias"] {
        if let parameter = step.dimensions(name) { step.labelling.join(labels, parameter[0]) }
      }
      for dimension in x[2...] { step.freeze(dimension, because: "it is normalised over") }
      step.give(x)
    }
    add("layer_norm rms_norm") { step in
      guard let x = step.dimensions("input"), let shape = step.ints("normalized_shape"), shape.count <= x.count else {
        return step.isUnknown()
      }
      let last = x.suffix(shape.count)
      let parameters = ["weight", "bias"].compactMap(step.tensor)
      for name in parameters {
        for (a, b) in zip(last, step.dimensions(of: name)) { _ = step.join(a, b) }
      }
      if shape.count == 1, step.analysis.options.padsNorms {
        step.padded(last[last.startIndex], parameters)
      } else {
        for dimension in last { step.freeze(dimension, because: "it normalises over them") }
      }
      step.give(x)
    }
  }
}

extension Step {
  /// A norm over a dimension that shrinks, exactly: zeros up to the old length, the norm of that length, and the rest cut
  /// off. The norm's own parameters keep their length.
  fileprivate func padded(_ dimension: Dimension, _ parameters: [String]) {
    guard let labels = labelling.flat(dimension), let input = tensor("input"), let output = outputs.first else {
      return
    }
    for name in parameters { analysis.padded[name] = labels.count }
    let (length, last) = (labels.count, sizes(of: output).count - 1)
    rewrite { edit, survivors in
      let kept = survivors.count(labels)
      guard kept < length else { return }
      let (widened, full) = ("\(output)_widened", "\(output)_full")
      edit.before.append(
        Node(
          "torch.ops.aten.pad.default",
          [NamedArgument("self", .tensor(input)), NamedArgument("pad", .ints([0, length - kept]))],
          outputs: [.tensor(widened)], metadata: edit.node.metadata, name: widened))
      edit.set("input", .tensor(widened))
      edit.node.outputs[0] = .tensor(full)
      if edit.node.name != nil { edit.node.name = full }
      edit.after.append(
        Node(
          "torch.ops.aten.slice.Tensor",
          [
            NamedArgument("self", .tensor(full)), NamedArgument("dim", .int(last)), NamedArgument("start", .int(0)),
            NamedArgument("end", .int(kept)),
          ], outputs: [.tensor(output)], metadata: edit.node.metadata, name: output))
      edit.values.append((widened, input, [last: Extent(length)]))
      edit.values.append((full, output, [last: Extent(length)]))
    }
  }
}
