import OrderedCollections

extension Graph {
  /// What contradicts itself, a sentence each: a value that is used before it is given, given twice or never, or of which
  /// nothing is known; two weights of one name. Empty for a sound graph.
  public var problems: [String] {
    var problems: [String] = []
    check(path: "", into: &problems)
    var paths = Set<String>()
    for path in inputs.compactMap(\.role.path) where !paths.insert(path).inserted {
      problems.append("'\(path)' comes in twice")
    }
    return problems
  }

  /// Checks that the graph does not contradict itself.
  ///
  /// - Throws: ``GraphError/invalid(_:)`` with all that was found.
  public func verify() throws(GraphError) {
    let problems = problems
    if !problems.isEmpty { throw .invalid(problems) }
  }

  private func check(path: String, into problems: inout [String]) {
    var defined = Set<String>()
    func define(_ name: String, _ place: String) {
      if !defined.insert(name).inserted { problems.append("\(path)\(place) gives '\(name)' a second time") }
      if values[name] == nil { problems.append("\(path)nothing is known of the value '\(name)' of \(place)") }
    }
    for input in inputs {
      if case .object(let name, _) = input.argument {
        defined.insert(name)
      } else {
        input.argument.names.forEach { define($0, "the inputs") }
      }
    }
    for node in nodes {
      for name in node.inputNames where !defined.contains(name) {
        problems.append("\(path)\(node.target) takes '\(name)', which nothing before it gives")
      }
      for input in node.inputs {
        if case .graph(let name, let graph) = input.argument { graph.check(path: "\(path)\(name): ", into: &problems) }
      }
      node.outputNames.forEach { define($0, node.target) }
    }
    for name in outputs.flatMap(\.argument.names) where !defined.contains(name) {
      problems.append("\(path)the outputs take '\(name)', which nothing gives")
    }
  }
}
