import Graphs

extension RuleTable {
  /// Operators that put entries into another shape or order, or make new ones.
  mutating func addShapes() {
    for (names, argument) in [
      ("view", "size"), ("reshape", "shape"), ("_unsafe_view", "size"), ("unflatten", "sizes"), ("flatten", ""),
      ("squeeze", ""), ("squeeze_", ""), ("unsqueeze", ""), ("unsqueeze_", ""), ("view_as", ""),
    ] {
      add(names) { $0.view(argument) }
    }
    add("expand expand_copy expand_as") { step in
      guard let subject = step.subject, let output = step.outputs.first else { return step.isUnknown() }
      let (x, from, to) = (step.dimensions(of: subject), step.sizes(of: subject), step.sizes(of: output))
      let more = to.count - from.count
      func isOld(_ axis: Int) -> Bool { axis >= more && from[axis - more] == to[axis] }
      if let other = step.tensor("other") {
        return step.give(
          step.broadcast([(x, from), (step.dimensions(of: other), step.sizes(of: other))], rank: to.count))
      }
      // What is repeated can be repeated less often.
      step.give(
        to.indices.map { axis in
          if isOld(axis) { return x[axis - more] }
          return to[axis].isOne ? [] : [Factor(to[axis], to[axis].fixed == nil ? .opaque : .lazy)]
        })
      step.resize("size", of: output, from: 0, shrunk: { axis, size in isOld(axis) ? -1 : size.fixed ?? -1 })
    }
    add("zeros ones full empty new_zeros new_ones new_full new_empty rand randn") { step in
      guard let output = step.outputs.first else { return step.isUnknown() }
      step.give(step.sizes(of: output).map { $0.isOne ? [] : [Factor($0, $0.fixed == nil ? .opaque : .lazy)] })
      step.resize("size", of: output, from: 0, shrunk: { _, size in size.fixed ?? -1 })
    }
    add("repeat tile") { step in
      guard let subject = step.subject, let times = step.ints("repeats") ?? step.ints("dims"),
        case let x = step.dimensions(of: subject), times.count >= x.count
      else { return step.isUnknown("it repeats a computed number of times") }
      let more = times.count - x.count
      step.give(
        times.indices.map { axis in
          let old = axis >= more ? x[axis - more] : []
          return times[axis] == 1 ? old : [Factor(Extent(times[axis]))] + old
        })
    }
    add("repeat_interleave") { step in
      guard let subject = step.subject, let times = step.int("repeats"), step.inputs.count == 1,
        case var x = step.dimensions(of: subject), let axis = step.axis(step.int("dim"), rank: x.count),
        !step.isGiven("output_size")
      else { return step.isUnknown("it repeats a computed number of times") }
      if times > 1 { x[axis] += [Factor(Extent(times))] }
      step.give(x)
    }
    add("permute") { step in
      guard let x = step.dimensions("self"), let order = step.ints("dims"), order.count == x.count else {
        return step.isUnknown()
      }
      step.give(order.compactMap { step.axis($0, rank: x.count) }.map { x[$0] })
    }
    add("transpose transpose_ swapaxes swapdims") { step in
      guard var x = step.dimensions("self"),
        let a = step.axis(step.int("dim0") ?? step.int("axis0"), rank: x.count),
        let b = step.axis(step.int("dim1") ?? step.int("axis1"), rank: x.count)
      else { return step.isUnknown() }
      x.swapAt(a, b)
      step.give(x)
    }
    add("movedim moveaxis") { step in
      guard let x = step.dimensions("self"), let from = step.ints("source"), let to = step.ints("destination"),
        case let from = from.compactMap({ step.axis($0, rank: x.count) }),
        case let to = to.compactMap({ step.axis($0, rank: x.count) }), from.count == to.count
      else { return step.isUnknown() }
      var result = [Dimension?](repeating: nil, count: x.count)
      for (from, to) in zip(from, to) { result[to] = x[from] }
      var rest = x.indices.filter { !from.contains($0) }.makeIterator()
      step.give(result.map { dimension in dimension ?? rest.next().map { x[$0] } ?? [] })
    }
    add("t numpy_T mT adjoint") { step in
      guard var x = step.dimensions("self"), x.count >= 2 else { return step.isUnknown() }
      if step.node.baseName == "numpy_T" { x.reverse() } else { x.swapAt(x.count - 1, x.count - 2) }
      step.give(x)
    }
    add("roll flip") { step in
      guard let x = step.dimensions("self") else { return step.isUnknown() }
      let axes = step.ints("dims") ?? Array(x.indices)
      for axis in axes.compactMap({ step.axis($0, rank: x.count) }) {
        step.freeze(x[axis], because: "their order is changed")
      }
      step.give(x)
    }
    add("pad constant_pad_nd") { step in
      guard let x = step.dimensions("self"), let pad = step.ints("pad"), let output = step.outputs.first,
        pad.allSatisfy({ $0 >= 0 }), !step.isGiven("mode") || step.node["mode"] == .string("constant")
      else { return step.isUnknown("it is padded by more than constants") }
      var result = x
      for index in 0..<pad.count / 2 where pad[2 * index] + pad[2 * index + 1] > 0 {
        let axis = x.count - 1 - index
        if let labels = step.labelling.flat(x[axis]) {
          // The padding itself stays; so do the channels that it meets.
          let text = "it is padding"
          result[axis] = step.dimension(
            step.labelling.fixed(pad[2 * index], because: text) + labels
              + step.labelling.fixed(pad[2 * index + 1], because: text))
        } else {
          result[axis] = step.fixed([step.sizes(of: output)[axis]])[0]
        }
      }
      step.give(result)
    }
  }
}

extension Step {
  fileprivate func view(_ argument: String) {
    guard let subject, let output = outputs.first else { return isUnknown() }
    let x = dimensions(of: subject)
    let result = labelling.regrouped(x, into: sizes(of: output))
    give(result)
    guard !argument.isEmpty else { return }
    let first = argument == "sizes" ? axis(int("dim"), rank: x.count) ?? 0 : 0
    // Computed sizes that shrink are left to the view to infer; it can infer one.
    let places = sizeArguments(argument).indices.filter { place in
      guard result.indices.contains(first + place) else { return false }
      let isLabelled = result[first + place].contains { !$0.isOpaque }
      switch sizeArguments(argument)[place] {
      case .constant(-1): return !isLabelled || sizes(of: output)[first + place].fixed == nil
      case .constant: return false
      case .name: return isLabelled
      }
    }
    if places.count > 1 {
      for dimension in result { freeze(dimension, because: "it has several computed sizes") }
    }
    resize(argument, of: output, from: first, shrunk: { _, size in size.fixed ?? -1 })
  }

  fileprivate func sizeArguments(_ argument: String) -> [Argument.Symbolic<Int>] {
    switch node[argument] {
    case .ints(let values)?: values.map { .constant($0) }
    case .symbolicInts(let list)?: list
    default: []
    }
  }

  /// Rewrites the sizes that have become smaller in a list of them.
  ///
  /// - Parameter shrunk: the number for a dimension that shrinks, by its position and new size.
  fileprivate func resize(
    _ argument: String, of output: String, from first: Int, shrunk: @escaping (Int, Extent) -> Int
  ) {
    let arguments = sizeArguments(argument)
    let result = dimensions(of: output)
    rewrite { edit, survivors in
      var changed = arguments
      for place in arguments.indices where result.indices.contains(first + place) {
        let dimension = result[first + place]
        if survivors.isWhole(dimension) || arguments[place] == .constant(-1) { continue }
        changed[place] = .constant(shrunk(place, survivors.extent(dimension)))
      }
      guard changed != arguments else { return }
      if case .ints? = edit.node[argument] {
        edit.set(argument, .ints(changed.map { if case .constant(let value) = $0 { value } else { -1 } }))
      } else {
        edit.set(argument, .symbolicInts(changed))
      }
    }
  }
}
