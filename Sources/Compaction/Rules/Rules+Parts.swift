import Graphs

extension RuleTable {
  /// Operators that put tensors together and take them apart along a dimension.
  mutating func addParts() {
    add("cat concat concatenate") { step in
      guard let names = step.tensors("tensors"), let first = names.first.map(step.dimensions(of:)), !first.isEmpty,
        let axis = step.axis(step.int("dim", standard: 0), rank: first.count),
        names.allSatisfy({ step.dimensions(of: $0).count == first.count })
      else { return step.isUnknown() }
      var result = first
      for name in names.dropFirst() {
        for (index, dimension) in step.dimensions(of: name).enumerated() where index != axis {
          result[index] = step.join(result[index], dimension)
        }
      }
      let parts = names.map { step.labelling.flat(step.dimensions(of: $0)[axis]) }
      let sizes = names.map { step.sizes(of: $0)[axis] }
      if parts.allSatisfy({ $0 == nil }) {
        result[axis] = step.fixed([step.sizes(of: step.outputs.first ?? "")[axis]])[0]
      } else if let fixed = try? sizes.map({ size in try size.fixed ?? { throw Dynamic() }() }) {
        result[axis] = step.dimension(
          zip(parts, fixed).flatMap { $0 ?? step.labelling.fixed($1, because: "it is put beside channels") })
      } else {
        for labels in parts {
          if let labels { step.labelling.freeze(labels, because: "a dynamic size stands beside it") }
        }
        result[axis] = step.fixed([step.sizes(of: step.outputs.first ?? "")[axis]])[0]
      }
      step.give(result)
    }
    add("stack") { step in
      guard let names = step.tensors("tensors"), var result = names.first.map(step.dimensions(of:)),
        let axis = step.axis(step.int("dim", standard: 0), rank: result.count + 1)
      else { return step.isUnknown() }
      for name in names.dropFirst() {
        for (index, dimension) in step.dimensions(of: name).enumerated() where result.indices.contains(index) {
          result[index] = step.join(result[index], dimension)
        }
      }
      result.insert(names.count > 1 ? [Factor(Extent(names.count))] : [], at: axis)
      step.give(result)
    }
    add("chunk split split_with_sizes tensor_split unsafe_chunk unsafe_split unsafe_split_with_sizes") { step in
      guard let subject = step.subject, case let x = step.dimensions(of: subject),
        let axis = step.axis(step.int("dim", standard: 0), rank: x.count)
      else { return step.isUnknown() }
      let labels = step.labelling.flat(x[axis])
      var start = 0
      var parts: [[Label]] = []
      for name in step.outputs {
        var result = x
        let size = step.sizes(of: name)[axis]
        if let labels, let size = size.fixed, start + size <= labels.count {
          parts.append(Array(labels[start..<start + size]))
          result[axis] = step.dimension(Array(labels[start..<start + size]))
          start += size
        } else {
          result[axis] = step.fixed([size])[0]
        }
        step.give(result, to: name)
      }
      guard labels != nil else { return }
      // Equal parts of a smaller dimension may begin elsewhere: their sizes are named.
      step.rewrite { edit, survivors in
        let sizes = parts.map { survivors.count($0) }
        guard sizes != parts.map(\.count) else { return }
        edit.node.target = "torch.ops.aten.split_with_sizes.default"
        edit.node.inputs = [
          NamedArgument("self", .tensor(subject)), NamedArgument("split_sizes", .ints(sizes)),
          NamedArgument("dim", .int(axis)),
        ]
      }
    }
    add("slice narrow slice_copy") { $0.slice() }
    add("select select_copy") { step in
      guard let x = step.dimensions("self"), let axis = step.axis(step.int("dim", standard: 0), rank: x.count) else {
        return step.isUnknown()
      }
      var result = x
      result.remove(at: axis)
      step.give(result)
      guard x[axis].count == 1, x[axis][0].isLabelled, let number = step.int("index"),
        let labels = step.labelling.flat(x[axis]), let index = step.axis(number, rank: labels.count)
      else { return step.freeze(x[axis], because: "one of them is taken") }
      step.labelling.freeze([labels[index]], because: "it is taken alone")
      step.rewrite { edit, survivors in
        let kept = survivors.count(labels[..<index])
        if kept != index || number < 0 { edit.set("index", .int(kept)) }
      }
    }
    add("unbind") { step in
      guard let x = step.dimensions("self"), let axis = step.axis(step.int("dim", standard: 0), rank: x.count) else {
        return step.isUnknown()
      }
      step.freeze(x[axis], because: "each is taken alone")
      var result = x
      result.remove(at: axis)
      for name in step.outputs { step.give(result, to: name) }
    }
    add("glu") { step in
      guard let x = step.dimensions("self"), let axis = step.axis(step.int("dim", standard: -1), rank: x.count),
        let output = step.outputs.first
      else { return step.isUnknown() }
      var result = x
      if let labels = step.labelling.flat(x[axis]) {
        let half = labels.count / 2
        for index in 0..<half { step.labelling.forest.join(labels[index], labels[index + half]) }
        result[axis] = step.dimension(Array(labels[..<half]))
      } else {
        result[axis] = step.fixed([step.sizes(of: output)[axis]])[0]
      }
      step.give(result)
    }
  }
}

/// A size that is computed.
private struct Dynamic: Error {}

extension Step {
  fileprivate func slice() {
    guard let subject, let output = outputs.first, case let x = dimensions(of: subject),
      let axis = axis(int("dim", standard: 0), rank: x.count)
    else { return isUnknown() }
    let (before, after) = (sizes(of: subject)[axis], sizes(of: output)[axis])
    var result = x
    defer { give(result) }
    if before == after { return }
    guard let start = int("start", standard: 0), int("step", standard: 1) == 1, let size = before.fixed,
      let count = after.fixed, let labels = labelling.flat(x[axis])
    else {
      freeze(x[axis], because: "every so many of them, or a computed number, are taken")
      result[axis] = fixed([after])[0]
      return
    }
    let first = min(max(start < 0 ? start + size : start, 0), size)
    guard first + count <= size else {
      freeze(x[axis], because: "its part is not known")
      result[axis] = fixed([after])[0]
      return
    }
    let part = Array(labels[first..<first + count])
    result[axis] = dimension(part)
    let isNarrow = node.baseName == "narrow"
    rewrite { edit, survivors in
      let (start, length) = (survivors.count(labels[..<first]), survivors.count(part))
      if survivors.count(labels) == labels.count { return }
      edit.set("start", .int(start))
      if isNarrow { edit.set("length", .int(length)) } else { edit.set("end", .int(start + length)) }
    }
  }
}
