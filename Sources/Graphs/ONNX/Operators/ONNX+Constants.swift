import Checkpoints
import ONNXFormat

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension ONNXOperatorTable {
  /// Values out of nothing.
  mutating func addConstants() {
    add("Constant", "", limits: "texts and sparse tensors") { step in
      let name = step.node.output.first ?? ""
      if let tensor = step.attribute("value")?.t {
        let value = try step.lowering.weight(tensor, named: name)
        if value.isUnreadable { throw step.refusal("its numbers are of a type that tensors here do not have") }
        return step.give(value)
      }
      if let number = step.float("value_float") {
        return step.give(ONNXValue(known: KnownTensor(.f32, [], [.real(number)])))
      }
      if let numbers = step.floats("value_floats") {
        return step.give(ONNXValue(known: KnownTensor(.f32, [numbers.count], numbers.map { .real($0) })))
      }
      if let number = step.int("value_int") {
        return step.give(ONNXValue(known: KnownTensor(.i64, [], [.int(number)])))
      }
      if let numbers = step.ints("value_ints") { return step.give(ONNXValue(known: KnownTensor(numbers))) }
      throw step.refusal("it holds a text or a sparse tensor")
    }
    add("ConstantOfShape", "full", limits: "a shape that only data say") { step in
      let sizes = try step.sizes(at: 0, "shape")
      var (type, entry) = (StoredType.f32, KnownTensor.Entry.real(0))
      if let tensor = step.attribute("value")?.t {
        guard let stored = StoredType(onnx: Int(tensor.dataType)),
          let known = KnownTensor(stored, [1], bytes: try step.lowering.content(tensor))
        else { throw step.refusal("its number is of a type that is not computed with") }
        (type, entry) = (stored, known.entries[0])
      }
      let number: Argument = if case .int(let value) = entry { .int(value) } else { .float(entry.real ?? 0) }
      step.give(
        step.op(
          "full", ["size": try step.lowering.argument(sizes), "fill_value": number, "dtype": .dtype(type)], type, sizes)
      )
    }
    add("Range", "arange") { step in
      let (start, limit, delta) = (try step.known(0, "start"), try step.known(1, "limit"), try step.known(2, "delta"))
      let type = try step.input(0).type
      if !type.isFloat || [start, limit, delta].contains(where: { !$0.isConstant }),
        let a = start.entries.first?.wholeSize, let b = limit.entries.first?.wholeSize,
        let by = delta.entries.first?.wholeSize?.fixed, by != 0
      {
        let count = by > 0 ? (b - a).ceilDivided(by: .fixed(by)) : (a - b).ceilDivided(by: .fixed(-by))
        var size = count
        if case .fixed(let number) = count { size = .fixed(max(number, 0)) }
        return step.give(
          step.op(
            "arange.start_step",
            [
              "start": try step.lowering.argument(a), "end": try step.lowering.argument(b), "step": .int(by),
              "dtype": .dtype(type),
            ], type, [size]))
      }
      guard let a = start.reals?.first, let b = limit.reals?.first, let by = delta.reals?.first, by != 0 else {
        throw step.refusal("its bounds are known only when it runs")
      }
      let count = max(Int(((b - a) / by).rounded(.up)), 0)
      try step.require(count <= 1 << 20, "it is of \(count) real numbers")
      step.give(
        ONNXValue(
          known: KnownTensor(
            type, [count], (0..<count).map { .real(KnownTensor.rounded(a + Double($0) * by, type)) })))
    }
    add("EyeLike", "") { step in
      let x = try step.input(0)
      let type = try step.type("dtype") ?? x.type
      guard x.rank == 2, let shape = x.shape else { throw step.refusal("its sizes are known only when it runs") }
      let k = step.int("k", 0)
      step.give(
        ONNXValue(
          known: KnownTensor(
            type, shape,
            (0..<shape[0]).flatMap { row in
              (0..<shape[1]).map {
                $0 == row + k ? (type.isFloat ? .real(1) : .int(1)) : type.isFloat ? .real(0) : .int(0)
              }
            })))
    }
    for name in ["HannWindow", "HammingWindow", "BlackmanWindow"] {
      add(name, "", limits: "a size that only data say") { step in
        guard let size = try step.ints(at: 0, "size").first else { throw step.refusal("its size is empty") }
        let type = try step.type("output_datatype") ?? .f32
        let count = Double(step.bool("periodic", true) ? size : size - 1)
        let (a, b, c): (Double, Double, Double) =
          name == "HannWindow"
          ? (0.5, 0.5, 0) : name == "HammingWindow" ? (25.0 / 46, 1 - 25.0 / 46, 0) : (0.42, 0.5, 0.08)
        let entries = (0..<size).map { index -> KnownTensor.Entry in
          let angle = 2 * Double.pi * Double(index) / count
          return .real(KnownTensor.rounded(a - b * cos(angle) + c * cos(2 * angle), type))
        }
        step.give(ONNXValue(known: KnownTensor(type, [size], entries)))
      }
    }
    add("MelWeightMatrix", "", limits: "numbers that only data say") { step in
      let (bins, length, rate) = (
        try step.ints(at: 0, "num_mel_bins")[0], try step.ints(at: 1, "dft_length")[0],
        try step.ints(at: 2, "sample_rate")[0]
      )
      let (low, high) = (try step.real(at: 3, "lower_edge_hertz"), try step.real(at: 4, "upper_edge_hertz"))
      let count = length / 2 + 1
      func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
      let width = (mel(high) - mel(low)) / Double(bins + 2)
      let edges = (0..<bins + 2).map { index -> Int in
        let hertz = 700 * (pow(10, (Double(index) * width + mel(low)) / 2595) - 1)
        return Int((Double(length + 1) * hertz / Double(rate)).rounded(.down))
      }
      var entries = [KnownTensor.Entry](repeating: .real(0), count: count * bins)
      for bin in 0..<bins {
        let (a, b, c) = (edges[bin], edges[bin + 1], edges[bin + 2])
        if b == a {
          entries[b * bins + bin] = .real(1)
        } else {
          for row in a...b where row < count { entries[row * bins + bin] = .real(Double(row - a) / Double(b - a)) }
        }
        if c > b {
          for row in b..<c where row < count { entries[row * bins + bin] = .real(Double(c - row) / Double(c - b)) }
        }
      }
      let type = try step.type("output_datatype") ?? .f32
      step.give(ONNXValue(known: KnownTensor(type, [count, bins], entries)))
    }
    add("Dropout", "", limits: "training") { step in
      let x = try step.input(0)
      _ = step.float("ratio")  // nothing is dropped
      if step.opset >= 12, step.isGiven(2), try step.ints(at: 2, "training_mode").first != 0 {
        let ratio = step.isGiven(1) ? try step.real(at: 1, "ratio") : 0.5
        try step.require(ratio == 0, "it drops at random while training")
      }
      step.give(x)
      if step.isWanted(1) {
        step.give(
          step.op(
            "full",
            ["size": try step.lowering.argument(x.sizes), "fill_value": .bool(true), "dtype": .dtype(.bool)], .bool,
            x.sizes), at: 1)
      }
    }
    refuse(
      "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike",
      "it draws random numbers, of which the definition does not say which")
  }
}
