import Graphs

extension RuleTable {
  /// Channels chosen by constants.
  mutating func addIndexing() {
    add("index_select") { step in
      guard let axis = step.int("dim"), let index = step.tensor("index") else { return step.isUnknown() }
      step.gather(axis, by: index)
    }
    add("index") { step in
      let list: [String?] =
        switch step.node["indices"] {
        case .optionalTensors(let names)?: names
        case .tensors(let names)?: names
        default: []
        }
      let given = list.enumerated().compactMap { axis, name in name.map { (axis, $0) } }
      guard given.count == 1, let (axis, name) = given.first else { return step.isUnknown("it has several indices") }
      step.gather(axis, by: name)
    }
  }
}

extension Step {
  /// Indices of one dimension; where they are a constant of their own, they follow what stays.
  fileprivate func gather(_ number: Int, by index: String) {
    guard let subject, let output = outputs.first, case let x = dimensions(of: subject),
      let axis = axis(number, rank: x.count)
    else { return isUnknown() }
    let rank = sizes(of: index).count
    if rank == 1, let numbers = analysis.constant(index), let labels = labelling.flat(x[axis]) {
      let places = numbers.map { $0 < 0 ? $0 + labels.count : $0 }
      guard places.allSatisfy(labels.indices.contains) else { return isUnknown("an index is out of range") }
      let gathered = places.map { labels[$0] }
      analysis.dimensions[index] = [dimension(gathered)]
      analysis.contents[index] = { survivors in
        var numbers = [Int](repeating: -1, count: labels.count)
        for (new, old) in survivors.kept(labels).enumerated() { numbers[old] = new }
        return zip(places, gathered).filter { survivors.stays($1) }.map { numbers[$0.0] }
      }
      give(Array(x[..<axis]) + [dimension(gathered)] + Array(x[(axis + 1)...]))
      return
    }
    freeze(x[axis], because: "it is indexed by something computed or used elsewhere")
    for dimension in dimensions(of: index) { freeze(dimension, because: "it holds indices") }
    give(Array(x[..<axis]) + fixed(sizes(of: output)[axis..<axis + rank]) + Array(x[(axis + 1)...]))
  }
}
