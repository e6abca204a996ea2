import Checkpoints
import ONNXFormat

extension ONNXOperatorTable {
  /// Graphs within the graph, where it is known beforehand what is run.
  mutating func addControl() {
    add("If", "", limits: "conditions that only data say") { step in
      let condition = try step.ints(at: 0, "condition").first != 0
      guard let body = step.attribute(condition ? "then_branch" : "else_branch")?.g else {
        throw step.refusal("its branch is left out")
      }
      for (index, value) in try step.lowering.inline(body).enumerated() { step.give(value, at: index) }
    }
    add("Loop", "", limits: "numbers of turns that only data say") { step in
      guard let body = step.attribute("body")?.g else { throw step.refusal("its body is left out") }
      let most = step.isGiven(0) ? try step.ints(at: 0, "trip count").first : nil
      var goesOn = step.isGiven(1) ? try step.ints(at: 1, "condition").first != 0 : true
      var states = try (2..<max(step.inputCount, 2)).compactMap { try step.optional($0) }
      let scanned = body.output.count - 1 - states.count
      var collected = [[ONNXValue]](repeating: [], count: max(scanned, 0))
      var turn = 0
      while goesOn, turn < most ?? .max {
        try step.require(turn < 4096, "it makes more than 4096 turns")
        let results = try step.lowering.inline(
          body,
          inputs: [.init(known: KnownTensor(.i64, [], [.int(turn)])), .init(known: KnownTensor(.bool, [], [.int(1)]))]
            + states)
        turn += 1
        states = Array(results[1..<(1 + states.count)])
        for index in collected.indices { collected[index].append(results[1 + states.count + index]) }
        // Without a condition the number of turns decides; a condition passed on stays true.
        if turn < most ?? .max {
          guard let known = results[0].known?.ints?.first else {
            throw step.refusal("whether it goes on is known only when it runs")
          }
          goesOn = known != 0
        }
      }
      for (index, value) in states.enumerated() { step.give(value, at: index) }
      for (index, parts) in collected.enumerated() where step.isWanted(states.count + index) {
        guard !parts.isEmpty else { throw step.refusal("it makes no turn, so that nothing says what it collects") }
        step.give(try step.stacked(parts, axis: 0), at: states.count + index)
      }
    }
    add("Scan", "", limits: "lengths known only when it runs, version 8") { step in
      guard let body = step.attribute("body")?.g else { throw step.refusal("its body is left out") }
      try step.require(step.opset >= 9, "version 8 runs it over a batch")
      let inputs = try (0..<step.inputCount).map(step.input)
      let scanned = step.int("num_scan_inputs", 1)
      var states = Array(inputs.dropLast(scanned))
      let sequences = Array(inputs.suffix(scanned))
      let axes = try zip(step.ints("scan_input_axes") ?? [Int](repeating: 0, count: scanned), sequences).map {
        try step.axis($0, rank: $1.rank)
      }
      let backwards = step.ints("scan_input_directions") ?? [Int](repeating: 0, count: scanned)
      guard let first = sequences.first, let length = first.sizes[axes[0]].fixed else {
        throw step.refusal("its length is known only when it runs")
      }
      try step.require(length <= 4096, "it makes more than 4096 turns")
      let outputs = body.output.count - states.count
      var collected = [[ONNXValue]](repeating: [], count: outputs)
      for turn in 0..<length {
        let parts = try sequences.indices.map { index in
          try step.select(sequences[index], axes[index], backwards[index] == 1 ? length - 1 - turn : turn)
        }
        let results = try step.lowering.inline(body, inputs: states + parts)
        states = Array(results.prefix(states.count))
        for index in 0..<outputs { collected[index].append(results[states.count + index]) }
      }
      for (index, value) in states.enumerated() { step.give(value, at: index) }
      let outputAxes = step.ints("scan_output_axes") ?? [Int](repeating: 0, count: outputs)
      let turned = step.ints("scan_output_directions") ?? [Int](repeating: 0, count: outputs)
      for index in 0..<outputs where step.isWanted(states.count + index) {
        let parts = turned[index] == 1 ? collected[index].reversed() : collected[index]
        guard let rank = parts.first?.rank else { throw step.refusal("it makes no turn") }
        step.give(
          try step.stacked(parts, axis: step.axis(outputAxes[index], rank: rank + 1)), at: states.count + index)
      }
    }
  }
}

extension ONNXStep {
  func stacked(_ parts: [ONNXValue], axis: Int) throws -> ONNXValue {
    var sizes = parts[0].sizes
    sizes.insert(.fixed(parts.count), at: axis)
    return op(
      "stack", ["tensors": .tensors(try parts.map { try name($0) }), "dim": .int(axis)], parts[0].type, sizes)
  }
}
