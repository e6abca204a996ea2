import Graphs

/// The classes of labels that can go, and what keeps the others.
struct ChannelUnits {
  /// For each label the number of its class.
  let classes: [Label]
  let classCount: Int
  private(set) var groups: [UnitGroup] = []
  /// The class of each unit.
  private(set) var unitClasses: [Int] = []
  /// For each class its unit; -1 for those that stay.
  private(set) var units: [Int]
  /// The labels of each weight's dimensions, by its name in the graph.
  let weightLabels: [(input: Graph.Input, labels: [[Label]?])]
  /// For each class why it stays; nil for those that may go.
  private let reasons: [Int?]

  init(_ analysis: GraphLabels) {
    (classes, classCount) = { (numbers: $0.numbers, count: $0.count) }(analysis.labelling.forest.classes())
    var reasons = [Int?](repeating: nil, count: classCount)
    for (label, reason) in analysis.labelling.frozen where reasons[Int(classes[Int(label)])] == nil {
      reasons[Int(classes[Int(label)])] = reason
    }
    self.reasons = reasons
    weightLabels = analysis.graph.inputs.compactMap { input in
      guard analysis.weights[input.name] != nil, let dimensions = analysis.dimensions[input.name] else { return nil }
      return (input, dimensions.map { $0.first?.settledLabels })
    }
    units = [Int](repeating: -1, count: classCount)
    collect(analysis)
  }

  private mutating func collect(_ analysis: GraphLabels) {
    // What each class has of which dimension of which weight: its signature.
    var signatures = [[Int32]](repeating: [], count: classCount)
    var isParameter = [Bool](repeating: false, count: classCount)
    var places: [(weight: Int, dimension: Int)] = []
    for (weight, entry) in weightLabels.enumerated() {
      guard analysis.contents[entry.input.name] == nil else { continue }
      for (dimension, labels) in entry.labels.enumerated() {
        guard let labels else { continue }
        let place = Int32(places.count)
        places.append((weight, dimension))
        for label in labels {
          let number = Int(classes[Int(label)])
          guard reasons[number] == nil else { continue }
          if case .parameter = entry.input.role { isParameter[number] = true }
          if signatures[number].count >= 2, signatures[number][signatures[number].count - 2] == place {
            signatures[number][signatures[number].count - 1] += 1
          } else {
            signatures[number] += [place, 1]
          }
        }
      }
    }
    var numbers: [[Int32]: Int] = [:]
    for number in 0..<classCount where isParameter[number] {
      let signature = signatures[number]
      let group: Int
      if let known = numbers[signature] {
        group = known
      } else {
        group = groups.count
        numbers[signature] = group
        groups.append(Self.group(signature, places, weightLabels.map(\.input), analysis))
      }
      units[number] = unitClasses.count
      groups[group].units.append(unitClasses.count)
      unitClasses.append(number)
    }
  }

  private static func group(
    _ signature: [Int32], _ places: [(weight: Int, dimension: Int)], _ inputs: [Graph.Input], _ analysis: GraphLabels
  ) -> UnitGroup {
    let members = stride(from: 0, to: signature.count, by: 2).map { index -> UnitGroup.Member in
      let place = places[Int(signature[index])]
      let input = inputs[place.weight]
      let isParameter = if case .parameter = input.role { true } else { false }
      return UnitGroup.Member(
        path: input.role.path ?? input.name, dimension: place.dimension, width: Int(signature[index + 1]),
        isOutput: analysis.outputDimensions[input.name] == place.dimension, isParameter: isParameter)
    }
    let first = members.first(where: \.isOutput) ?? members.first(where: \.isParameter) ?? members.first
    let name = first.map { member in
      member.path.hasSuffix(".weight") ? String(member.path.dropLast(7)) : member.path
    }
    return UnitGroup(name: name ?? "", members: members, units: [])
  }

  /// Why a label's class stays; nil where it may go.
  func reason(_ label: Label) -> Int? { reasons[Int(classes[Int(label)])] }

  /// What stays where these units go.
  func survivors(without gone: some Sequence<Int>) -> Survivors {
    var marks = [Bool](repeating: false, count: classCount)
    for unit in gone { marks[unitClasses[unit]] = true }
    return Survivors(classes: classes, gone: marks)
  }

  /// For each output of a weight that stays whole, why.
  func leftWhole(_ analysis: GraphLabels) -> [Compactor.LeftWhole] {
    var whole: [Compactor.LeftWhole] = []
    for (input, dimensions) in weightLabels {
      guard let axis = analysis.outputDimensions[input.name], let path = input.role.path,
        analysis.sizes(of: input.name)[axis].fixed ?? 0 > 1
      else { continue }
      var number = analysis.dimensions[input.name]?[axis].first?.reason
      if let labels = dimensions[axis] {
        guard labels.allSatisfy({ reason($0) != nil }) else { continue }
        number = labels.first.flatMap(reason)
      }
      let why =
        number.map { analysis.labelling.reasons[$0] }
        ?? FreezeReason(operation: "", module: "", text: "nothing else has its channels")
      whole.append(Compactor.LeftWhole(path: path, dimension: axis, reason: why))
    }
    return whole
  }
}
