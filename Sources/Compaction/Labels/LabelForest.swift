/// Labels and which of them are joined: union-find with paths halved, the smaller root on top. Nearly O(1) an operation.
struct LabelForest {
  private var parents: [Label] = []

  /// How many labels there are.
  var count: Int { parents.count }

  /// New labels, joined with none.
  mutating func fresh(_ count: Int) -> [Label] {
    let first = Label(parents.count)
    let labels = Array(first..<first + Label(count))
    parents += labels
    return labels
  }

  /// The label that stands for all that are joined with this one.
  mutating func root(_ label: Label) -> Label {
    var label = Int(label)
    while parents[label] != label {
      parents[label] = parents[Int(parents[label])]
      label = Int(parents[label])
    }
    return Label(label)
  }

  /// Joins two labels and all that are joined with them.
  mutating func join(_ a: Label, _ b: Label) {
    let (a, b) = (root(a), root(b))
    if a < b { parents[Int(b)] = a } else if b < a { parents[Int(a)] = b }
  }

  /// For each label a number of its class; classes are numbered from 0 in the order of their first labels.
  mutating func classes() -> (numbers: [Label], count: Int) {
    var numbers = [Label](repeating: -1, count: parents.count)
    var count = 0
    for label in parents.indices {
      let root = Int(root(Label(label)))
      if numbers[root] < 0 {
        numbers[root] = Label(count)
        count += 1
      }
      numbers[label] = numbers[root]
    }
    return (numbers, count)
  }
}
