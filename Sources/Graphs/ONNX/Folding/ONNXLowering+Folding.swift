import Checkpoints
import ONNXFormat

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension ONNXLowering {
  /// Computes a node whose inputs are small and known, as shapes are.
  ///
  /// - Returns: whether it was computed; otherwise it becomes steps of the graph.
  func fold(_ step: ONNXStep) throws -> Bool {
    guard step.inputCount > 0, let rule = Self.folds[step.operation] else { return false }
    var inputs: [KnownTensor?] = []
    for index in 0..<step.inputCount {
      guard step.isGiven(index) else {
        inputs.append(nil)
        continue
      }
      guard let value = find(step.node.input[index]), let known = value.known, value.members == nil,
        !value.isWeight || known.count <= 4, Self.foldedTypes.contains(value.type)
      else { return false }
      inputs.append(known)
    }
    guard let first = inputs[0], let results = try rule(step, first, inputs), !results.isEmpty,
      results.allSatisfy({ $0.count <= Self.knownLimit })
    else { return false }
    for (index, result) in results.enumerated() { step.give(ONNXValue(known: result), at: index) }
    step.finish(since: graph.nodes.count)
    return true
  }

  private static let foldedTypes: Set<StoredType> = [.i64, .i32, .f32, .f64, .f16, .bf16, .bool]

  private typealias Fold = (ONNXStep, KnownTensor, [KnownTensor?]) throws -> [KnownTensor]?

  nonisolated(unsafe) private static let folds: [String: Fold] = {
    var folds: [String: Fold] = [:]
    for name in ["Add", "Sub", "Mul", "Div", "Mod", "Pow", "Max", "Min", "Sum"] {
      folds[name] = { step, first, inputs in
        var result = first
        guard !step.bool("fmod") else { return nil }
        for other in inputs.dropFirst() {
          guard let other, other.type == result.type,
            let next = KnownTensor.zip(result, other, type: result.type, { .arithmetic(name, $0, $1) })
          else { return nil }
          result = next
        }
        return [result]
      }
    }
    for name in ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"] {
      folds[name] = { _, first, inputs in
        guard inputs.count == 2, let other = inputs[1] else { return nil }
        return KnownTensor.zip(first, other, type: .bool) { a, b in
          KnownTensor.Entry.compared(name, a, b).map { .int($0 ? 1 : 0) }
        }.map { [$0] }
      }
    }
    for (name, body) in [
      ("And", { $0 & $1 }), ("Or", { $0 | $1 }), ("Xor", { $0 ^ $1 }),
    ] as [(String, (Int, Int) -> Int)] {
      folds[name] = { _, first, inputs in
        guard inputs.count == 2, let other = inputs[1] else { return nil }
        return KnownTensor.zip(first, other, type: .bool) { a, b in
          guard case .int(let x) = a, case .int(let y) = b else { return nil }
          return .int(body(x, y))
        }.map { [$0] }
      }
    }
    folds["Not"] = { _, first, _ in
      first.map { if case .int(let value) = $0 { .int(1 - value) } else { nil } }.map { [$0] }
    }
    for (name, ints, reals) in [
      ("Neg", { -$0 }, { -$0 }), ("Relu", { max($0, 0) }, { $0 < 0 ? 0 : $0 }), ("Abs", { abs($0) }, { abs($0) }),
      ("Floor", { $0 }, { $0.rounded(.down) }),
      ("Ceil", { $0 }, { $0.rounded(.up) }), ("Round", { $0 }, { $0.rounded(.toNearestOrEven) }),
      ("Sqrt", { $0 }, { $0.squareRoot() }), ("Reciprocal", { $0 }, { 1 / $0 }), ("Exp", { $0 }, { exp($0) }),
      ("Log", { $0 }, { log($0) }),
    ] as [(String, (Int) -> Int, (Double) -> Double)] {
      folds[name] = { _, first, _ in
        first.map { entry in
          switch entry {
          case .int(let value): return .int(ints(value))
          case .real(let value): return .real(reals(value))
          // A whole number of a size stays one where it is only rounded.
          case .size(let size):
            if name == "Neg" { return KnownTensor.Entry(.fixed(0) - .symbolic(size, hint: nil)) }
            return ["Floor", "Ceil", "Round", "Abs"].contains(name) ? entry : nil
          }
        }.map { [$0] }
      }
    }
    folds["Cast"] = { step, first, _ in
      guard let type = try step.type("to"), foldedTypes.contains(type) else { return nil }
      return first.map(type: type) { $0.converted(from: first.type, to: type) }.map { [$0] }
    }
    folds["CastLike"] = { _, first, inputs in
      guard inputs.count == 2, let type = inputs[1]?.type else { return nil }
      return first.map(type: type) { $0.converted(from: first.type, to: type) }.map { [$0] }
    }
    folds["Where"] = { _, condition, inputs in
      guard inputs.count == 3, let a = inputs[1], let b = inputs[2],
        let shape = KnownTensor.broadcastShape([condition.shape, a.shape, b.shape]),
        let choice = condition.expanded(to: shape).ints
      else { return nil }
      let (x, y) = (a.expanded(to: shape), b.expanded(to: shape))
      let entries = choice.indices.map { choice[$0] != 0 ? x.entries[$0] : y.entries[$0] }
      return [KnownTensor(a.type, shape, entries, shaped: condition.shaped.union(a.shaped).union(b.shaped))]
    }
    addShapeFolds(&folds)
    return folds
  }()

  private static func addShapeFolds(_ folds: inout [String: Fold]) {
    folds["Gather"] = { step, data, inputs in
      guard inputs.count == 2, let index = inputs[1], let numbers = index.ints else { return nil }
      let axis = try step.axis(step.int("axis", 0), rank: data.shape.count)
      guard data.shape.count >= 1, numbers.allSatisfy({ (-data.shape[axis]..<data.shape[axis]).contains($0) }) else {
        return nil
      }
      let places = numbers.map { $0 < 0 ? $0 + data.shape[axis] : $0 }
      let strides = data.strides
      let entries = KnownTensor.places(Array(data.shape[..<axis]), Array(strides[..<axis])).flatMap { outer in
        places.flatMap { place in
          KnownTensor.places(
            Array(data.shape[(axis + 1)...]), Array(strides[(axis + 1)...]), from: outer + place * strides[axis]
          ).map { data.entries[$0] }
        }
      }
      let shape = Array(data.shape[..<axis]) + index.shape + Array(data.shape[(axis + 1)...])
      return [KnownTensor(data.type, shape, entries, shaped: data.shaped)]
    }
    folds["Unsqueeze"] = { step, data, _ in
      guard let axes = try step.ints("axes", orInput: 1, since: 13) else { return nil }
      var shape = data.shape
      for axis in try axes.map({ try step.axis($0, rank: data.shape.count + axes.count) }).sorted() {
        shape.insert(1, at: axis)
      }
      return [data.reshaped(shape)]
    }
    folds["Squeeze"] = { step, data, _ in
      let axes = try step.ints("axes", orInput: 1, since: 13)
      let gone =
        try axes?.map { try step.axis($0, rank: data.shape.count) } ?? data.shape.indices.filter { data.shape[$0] == 1 }
      return [data.reshaped(data.shape.enumerated().filter { !gone.contains($0.offset) }.map(\.element))]
    }
    folds["Reshape"] = { step, data, inputs in
      guard inputs.count == 2, let wanted = inputs[1]?.ints else { return nil }
      var shape = wanted.enumerated().map {
        $1 == 0 && !step.bool("allowzero") && $0 < data.shape.count ? data.shape[$0] : $1
      }
      if let open = shape.firstIndex(of: -1) {
        let rest = shape.enumerated().filter { $0.offset != open }.reduce(1) { $0 * $1.element }
        guard rest > 0 else { return nil }
        shape[open] = data.count / rest
      }
      return shape.reduce(1, *) == data.count ? [data.reshaped(shape)] : nil
    }
    folds["Flatten"] = { step, data, _ in
      let number = step.int("axis", 1)
      let axis = number < 0 ? number + data.shape.count : number
      return [data.reshaped([data.shape[..<axis].reduce(1, *), data.shape[axis...].reduce(1, *)])]
    }
    folds["Transpose"] = { step, data, _ in
      let order = step.ints("perm") ?? Array(data.shape.indices.reversed())
      let strides = data.strides
      let shape = order.map { data.shape[$0] }
      return [
        KnownTensor(
          data.type, shape, KnownTensor.places(shape, order.map { strides[$0] }).map { data.entries[$0] },
          shaped: data.shaped)
      ]
    }
    folds["Concat"] = { step, first, inputs in
      let parts = inputs.compactMap { $0 }
      let axis = try step.axis(step.int("axis", 0), rank: first.shape.count)
      guard parts.count == inputs.count,
        parts.allSatisfy({ $0.shape.count == first.shape.count && $0.type == first.type })
      else { return nil }
      let outer = first.shape[..<axis].reduce(1, *)
      var entries: [KnownTensor.Entry] = []
      for block in 0..<outer {
        for part in parts {
          let run = part.count / max(outer, 1)
          entries += part.entries[block * run..<(block + 1) * run]
        }
      }
      var shape = first.shape
      shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
      return [KnownTensor(first.type, shape, entries, shaped: parts.reduce(into: []) { $0.formUnion($1.shaped) })]
    }
    folds["Slice"] = { step, data, inputs in
      var (starts, ends, axes, steps): ([Int]?, [Int]?, [Int]?, [Int]?)
      if step.opset < 10 {
        (starts, ends, axes) = (step.ints("starts"), step.ints("ends"), step.ints("axes"))
      } else {
        func given(_ index: Int) -> [Int]? { index < inputs.count ? inputs[index]?.ints : nil }
        (starts, ends, axes, steps) = (given(1), given(2), given(3), given(4))
      }
      guard let starts, let ends else { return nil }
      var (shape, strides, offset) = (data.shape, data.strides, 0)
      for index in starts.indices {
        let axis = try step.axis(axes?[index] ?? index, rank: shape.count)
        let (size, by) = (data.shape[axis], steps?[index] ?? 1)
        guard by != 0 else { return nil }
        let low = by > 0 ? 0 : -1
        let high = by > 0 ? size : size - 1
        let first = min(max(starts[index] < 0 ? starts[index] + size : starts[index], low), high)
        let last = min(max(ends[index] < -size ? low : ends[index] < 0 ? ends[index] + size : ends[index], low), high)
        shape[axis] = max(0, by > 0 ? (last - first + by - 1) / by : (first - last - by - 1) / -by)
        offset += first * strides[axis]
        strides[axis] *= by
      }
      return [
        KnownTensor(
          data.type, shape, KnownTensor.places(shape, strides, from: offset).map { data.entries[$0] },
          shaped: data.shaped)
      ]
    }
    folds["Split"] = { step, data, inputs in
      let axis = try step.axis(step.int("axis", 0), rank: data.shape.count)
      let given = step.opset < 13 ? step.ints("split") : inputs.count > 1 ? inputs[1]?.ints : nil
      let count = step.int("num_outputs", step.node.output.count)
      let part = (data.shape[axis] + count - 1) / count
      let sizes = given ?? (0..<count).map { max(0, min(part, data.shape[axis] - $0 * part)) }
      var start = 0
      let strides = data.strides
      return sizes.map { size in
        var shape = data.shape
        shape[axis] = size
        defer { start += size }
        return KnownTensor(
          data.type, shape,
          KnownTensor.places(shape, strides, from: start * strides[axis]).map { data.entries[$0] }, shaped: data.shaped)
      }
    }
    folds["Expand"] = { _, data, inputs in
      guard inputs.count == 2, let wanted = inputs[1]?.ints,
        let shape = KnownTensor.broadcastShape([data.shape, wanted]), shape.reduce(1, *) <= knownLimit
      else { return nil }
      return [data.expanded(to: shape)]
    }
    folds["ConstantOfShape"] = { step, shape, _ in
      guard let sizes = shape.ints, sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(1, *) <= 1024 else { return nil }
      var value = KnownTensor(.f32, [1], [.real(0)])
      if let tensor = step.attribute("value")?.t {
        guard let type = StoredType(onnx: Int(tensor.dataType)), foldedTypes.contains(type),
          let known = KnownTensor(type, [1], bytes: try step.lowering.content(tensor))
        else { return nil }
        value = known
      }
      return [
        KnownTensor(value.type, sizes, [KnownTensor.Entry](repeating: value.entries[0], count: sizes.reduce(1, *)))
      ]
    }
    folds["Range"] = { _, start, inputs in
      guard inputs.count == 3, let a = start.ints?.first, let b = inputs[1]?.ints?.first,
        let by = inputs[2]?.ints?.first,
        by != 0
      else { return nil }
      let numbers = Array(stride(from: a, to: b, by: by).prefix(knownLimit + 1))
      return [KnownTensor(numbers, type: start.type)]
    }
    folds["NonZero"] = { _, data, _ in
      guard let ints = data.ints else { return nil }
      let strides = data.strides
      let found = ints.indices.filter { ints[$0] != 0 }
      let entries = data.shape.indices.flatMap { axis in
        found.map { KnownTensor.Entry.int($0 / strides[axis] % data.shape[axis]) }
      }
      return [KnownTensor(.i64, [data.shape.count, found.count], entries)]
    }
    for (name, operation, neutral) in [
      ("ReduceProd", "Mul", 1), ("ReduceSum", "Add", 0), ("ReduceMax", "Max", nil), ("ReduceMin", "Min", nil),
    ]
      as [(String, String, Int?)]
    {
      folds[name] = { step, data, _ in
        guard data.shape.count <= 1, !step.bool("noop_with_empty_axes") else { return nil }
        var result = data.entries.first ?? neutral.map { KnownTensor.Entry.int($0) }
        for entry in data.entries.dropFirst() { result = result.flatMap { .arithmetic(operation, $0, entry) } }
        let shape = step.bool("keepdims", true) ? data.shape.map { _ in 1 } : []
        return result.map { [KnownTensor(data.type, shape, [$0], shaped: data.shaped)] }
      }
    }
  }
}
