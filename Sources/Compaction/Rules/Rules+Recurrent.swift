import Graphs

extension RuleTable {
  /// Recurrent layers, which exported models keep whole.
  mutating func addRecurrent() {
    for (name, gates) in [("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)] {
      add(name) { $0.recurrent(gates: gates) }
    }
  }
}

extension Step {
  /// A hidden unit is a row of each gate, a column of the recurrent weight and of the next layer's input weight, and an
  /// entry of each state. All layers and directions have one size, so that they lose the same units.
  fileprivate func recurrent(gates: Int) {
    guard let input = tensor("input"), let parameters = tensors("params"), let states = tensors("hx"),
      let layers = int("num_layers"), let first = states.first, let hidden = sizes(of: first).last?.fixed,
      case let x = dimensions(of: input), let last = x.last
    else { return isUnknown("it has packed sequences, or a computed size") }
    let directions = bool("bidirectional") ? 2 : 1
    let each = bool("has_biases") ? 4 : 2
    guard parameters.count == each * directions * layers else { return isUnknown("it projects its states") }
    let units =
      dimensions(of: first).last.flatMap(labelling.flat)
      ?? labelling.fixed(hidden, because: "its initial state stays whole")
    for state in states.dropFirst() { labelling.join(units, dimensions(of: state).last ?? []) }
    var incoming = labelling.flat(last)
    for layer in 0..<layers {
      for direction in 0..<directions {
        let own = parameters[((layer * directions) + direction) * each..<((layer * directions) + direction + 1) * each]
        for name in own {
          labelling.join((0..<gates).flatMap { _ in units }, dimensions(of: name)[0])
          markOutput(of: name, dimension: 0)
        }
        labelling.join(incoming, dimensions(of: own[own.startIndex])[1])
        labelling.join(units, dimensions(of: own[own.startIndex + 1])[1])
      }
      incoming = (0..<directions).flatMap { _ in units }
    }
    let names = outputs
    for (index, name) in names.enumerated() {
      let kept = fixed(sizes(of: name).dropLast())
      give((index == 0 ? x.dropLast() + [] : kept) + [dimension(index == 0 ? incoming ?? units : units)], to: name)
    }
  }
}
