import Checkpoints

/// Which values of a graph share their memory: steps in place change all of them.
struct ONNXViews {
  /// A value that is a part, or another shape, of another.
  struct View {
    var base: String
    var node: Node
    /// How often the base had been changed when the view was taken.
    var version: Int
  }

  private(set) var byName: [String: View] = [:]
  /// How often each value has been changed in place.
  private(set) var versions: [String: Int] = [:]

  mutating func add(_ name: String, of base: String, by node: Node) {
    byName[name] = View(base: base, node: node, version: versions[base] ?? 0)
  }

  mutating func change(_ name: String) { versions[name, default: 0] += 1 }

  mutating func update(_ name: String) {
    if let view = byName[name] { byName[name]?.version = versions[view.base] ?? 0 }
  }

  /// Operators whose results may share their input's memory.
  static let operators: Set<String> = [
    "view", "reshape", "_unsafe_view", "flatten", "unflatten", "unsqueeze", "squeeze", "transpose", "permute", "t",
    "slice", "select", "narrow", "alias", "contiguous", "detach", "expand", "expand_as", "view_as", "chunk", "split",
    "split_with_sizes", "movedim", "swapaxes", "unbind",
  ]
}

extension ONNXBuilder {
  /// Notes which value the results of a step are parts of.
  mutating func noteViews(_ node: Node) {
    guard ONNXViews.operators.contains(node.baseName), let base = (node["self"] ?? node["input"])?.names.first else {
      return
    }
    for name in node.outputNames { views.add(name, of: base, by: node) }
  }

  /// Writes a view again whose base has been changed since.
  mutating func refresh(_ name: String) throws {
    guard let view = views.byName[name] else { return }
    try refresh(view.base)
    guard view.version != views.versions[view.base] ?? 0, let rule = ONNXOperators.rule(view.node) else { return }
    // First, so that the step finds the base as it is and does not come back here.
    for output in view.node.outputNames { views.update(output) }
    let results = try rule(&self, view.node)
    for (output, result) in zip(view.node.outputNames, results) {
      names[output] = result
      views.change(output)
    }
  }

  /// After a step in place: its argument has the new content, and so has what the argument is a part of.
  ///
  /// - Parameters:
  ///   - name: The value that was changed.
  ///   - result: ONNX's name of its new content.
  mutating func changed(_ name: String, to result: String) throws {
    guard let view = views.byName[name] else {
      names[name] = result
      return views.change(name)
    }
    if let fill = fills[result], let (root, mask, shape) = try region(of: name) {
      let before = try value(root)
      try changed(root, to: emit("Where", [tensor(mask, shape: shape, .bool), fill, before]))
      return
    }
    switch view.node.baseName {
    case "alias", "detach", "contiguous": try changed(view.base, to: result)
    case "view", "reshape", "_unsafe_view", "flatten", "unflatten", "unsqueeze", "squeeze":
      let before = try value(view.base)
      try changed(view.base, to: emit("Reshape", [result, emit("Shape", [before])]))
    default: throw Problem("a part of '\(view.base)' (\(view.node.baseName)) is changed in place")
    }
    names[name] = result
    views.change(name)
    views.update(name)
  }

  /// The entries that a slice of a slice takes of the whole, where all sizes are known: 1 for those, 0 for others.
  private func region(of name: String) throws -> (root: String, mask: [Double], shape: [Int])? {
    var steps: [Node] = []
    var root = name
    while let view = views.byName[root], ["slice", "select"].contains(view.node.baseName) {
      steps.insert(view.node, at: 0)
      root = view.base
    }
    guard !steps.isEmpty, let shape = type(root)?.shape else { return nil }
    var (sizes, places) = (shape, Array(0..<shape.reduce(1, *)))
    for node in steps {
      let axis = dimension(try number(node, "dim", or: 0), rank: sizes.count)
      guard sizes.indices.contains(axis) else { return nil }
      let size = sizes[axis]
      let chosen: [Int]
      if node.baseName == "select" {
        chosen = [dimension(try number(node, "index", or: 0), rank: size)]
        guard (0..<size).contains(chosen[0]) else { return nil }
      } else {
        func bound(_ value: Int) -> Int { min(size, max(0, value < 0 ? value + size : value)) }
        let (start, end) = (bound(try number(node, "start", or: 0)), bound(try number(node, "end", or: .max)))
        chosen = Array(stride(from: start, to: max(start, end), by: max(1, try number(node, "step", or: 1))))
      }
      let (outer, inner) = (sizes[..<axis].reduce(1, *), sizes[(axis + 1)...].reduce(1, *))
      let before = places
      places = (0..<outer).flatMap { outer in
        chosen.flatMap { place in (0..<inner).map { before[(outer * size + place) * inner + $0] } }
      }
      if node.baseName == "select" { sizes.remove(at: axis) } else { sizes[axis] = chosen.count }
    }
    var mask = [Double](repeating: 0, count: shape.reduce(1, *))
    for place in places { mask[place] = 1 }
    return (root, mask, shape)
  }
}
