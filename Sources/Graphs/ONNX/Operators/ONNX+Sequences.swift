import Checkpoints
import ONNXFormat

extension ONNXOperatorTable {
  /// Sequences and optionals, which are lists while the graph is lowered; those of the model's inputs and outputs are not.
  mutating func addSequences() {
    let limits = "sequences of the model's inputs and outputs, places that only data say"
    add("SequenceEmpty", "", limits: limits) { step in
      step.give(ONNXValue(members: [], type: try step.type("dtype") ?? .f32))
    }
    add("SequenceConstruct", "", limits: limits) { step in
      let members = try (0..<step.inputCount).map(step.input)
      step.give(ONNXValue(members: members, type: members.first?.type ?? .f32))
    }
    add("SequenceInsert", "", limits: limits) { step in
      var (members, type) = try step.sequence(0)
      let count = members.count
      let place = step.isGiven(2) ? try step.ints(at: 2, "position").first ?? count : count
      let index = place < 0 ? place + count : place
      try step.require((0...count).contains(index), "its position is out of range")
      members.insert(try step.input(1), at: index)
      if let first = members.first { type = first.type }
      step.give(ONNXValue(members: members, type: type))
    }
    add("SequenceErase", "", limits: limits) { step in
      var (members, type) = try step.sequence(0)
      let place = step.isGiven(1) ? try step.ints(at: 1, "position").first ?? -1 : -1
      let index = place < 0 ? place + members.count : place
      try step.require(members.indices.contains(index), "its position is out of range")
      members.remove(at: index)
      step.give(ONNXValue(members: members, type: type))
    }
    add("SequenceAt", "", limits: limits) { step in
      let (members, _) = try step.sequence(0)
      let place = try step.ints(at: 1, "position").first ?? 0
      let index = place < 0 ? place + members.count : place
      try step.require(members.indices.contains(index), "its position is out of range")
      step.give(members[index])
    }
    add("SequenceLength", "", limits: limits) { step in
      step.give(ONNXValue(known: KnownTensor(.i64, [], [.int(try step.sequence(0).members.count)])))
    }
    add("ConcatFromSequence", "cat stack", limits: limits) { step in
      let (members, _) = try step.sequence(0)
      guard let first = members.first else { throw step.refusal("its sequence is empty") }
      let isNew = step.bool("new_axis")
      let axis = try step.axis(step.int("axis", 0), rank: first.rank + (isNew ? 1 : 0))
      step.give(isNew ? try step.stacked(members, axis: axis) : try step.cat(members, axis))
    }
    add("SplitToSequence", "split_with_sizes", limits: limits) { step in
      let x = try step.input(0)
      let axis = try step.axis(step.int("axis", 0), rank: x.rank)
      guard let size = x.sizes[axis].fixed else { throw step.refusal("its size is known only when it runs") }
      var parts: [Int]
      if step.isGiven(1) {
        let given = try step.ints(at: 1, "split")
        if try step.input(1).rank == 0 {
          parts = stride(from: 0, to: size, by: given[0]).map { min(given[0], size - $0) }
        } else {
          parts = given
        }
      } else {
        parts = [Int](repeating: 1, count: size)
      }
      var start = 0
      var members: [ONNXValue] = []
      for part in parts {
        var value = try step.slice(x, axis, start, start + part)
        if !step.isGiven(1), !step.bool("keepdims", true) { value = try step.select(value, axis, 0) }
        members.append(value)
        start += part
      }
      step.give(ONNXValue(members: members, type: x.type))
    }
    add("SequenceMap", "", limits: limits) { step in
      guard let body = step.attribute("body")?.g else { throw step.refusal("its body is left out") }
      let first = try step.sequence(0).members
      let others = try (1..<max(step.inputCount, 1)).map { try step.optional($0) }
      var results: [[ONNXValue]] = [[ONNXValue]](repeating: [], count: body.output.count)
      for (index, member) in first.enumerated() {
        let values =
          try [member]
          + others.map { other -> ONNXValue in
            guard let other else { throw step.refusal("one of its inputs is left out") }
            guard let members = other.members else { return other }
            try step.require(members.indices.contains(index), "its sequences are of several lengths")
            return members[index]
          }
        for (place, value) in try step.lowering.inline(body, inputs: values).enumerated() {
          results[place].append(value)
        }
      }
      for (place, values) in results.enumerated() {
        step.give(ONNXValue(members: values, type: values.first?.type ?? .f32), at: place)
      }
    }
    add("Optional", "", limits: limits) { step in
      guard let value = try step.optional(0) else {
        var nothing = ONNXValue(nil, .f32, [])
        nothing.isNothing = true
        return step.give(nothing)
      }
      step.give(value)
    }
    add("OptionalHasElement", "", limits: limits) { step in
      let has = try step.optional(0).map { !$0.isNothing } ?? false
      step.give(ONNXValue(known: KnownTensor(.bool, [], [.int(has ? 1 : 0)])))
    }
    add("OptionalGetElement", "", limits: limits) { step in
      guard let value = try step.optional(0), !value.isNothing else { throw step.refusal("its optional holds nothing") }
      step.give(value)
    }
  }
}

extension ONNXStep {
  fileprivate func sequence(_ index: Int) throws -> (members: [ONNXValue], type: StoredType) {
    guard let value = try optional(index), let members = value.members else {
      throw refusal("its input \(index) is no sequence that is known")
    }
    return (members, value.type)
  }
}
