import Graphs
import NN
import Torch

extension GraphModule {
  /// Checks the caller's inputs against the graph: their number, dtypes, ranks, fixed sizes, and that sizes that are one
  /// symbol agree and lie within its range.
  ///
  /// - Returns: the inputs, on the device of the weights.
  func checked(_ inputs: [Tensor]) throws(GraphRunError) -> [Tensor] {
    let names = inputNames
    guard inputs.count == names.count else {
      throw .input(
        name: names.joined(separator: ", "), expected: "\(names.count) tensor\(names.count == 1 ? "" : "s")",
        found: "\(inputs.count)")
    }
    var symbols: [String: (value: Int, place: String)] = [:]
    for (name, tensor) in zip(names, inputs) {
      guard let type = graph.values[name]?.tensor else { continue }
      func wrong(_ found: String) -> GraphRunError { .input(name: name, expected: expectation(type), found: found) }
      if let dtype = type.dtype, dtype.engineNumber != Int(tensor.dtype.rawValue) { throw wrong("\(tensor.dtype)") }
      let shape = tensor.shape
      guard shape.count == type.sizes.count else { throw wrong("shape \(shape)") }
      for (axis, size) in type.sizes.enumerated() {
        switch size {
        case .fixed(let expected):
          guard shape[axis] == expected else { throw wrong("shape \(shape)") }
        case .symbolic(.symbol(let symbol), _):
          let place = "dimension \(axis) of '\(name)'"
          if let range = graph.ranges[symbol], !range.contains(shape[axis]) {
            throw wrong("\(shape[axis]) in dimension \(axis)")
          }
          if let earlier = symbols[symbol], earlier.value != shape[axis] {
            throw wrong("\(shape[axis]) in dimension \(axis) where \(earlier.place) is \(earlier.value)")
          }
          symbols[symbol] = (shape[axis], place)
        case .symbolic: continue
        }
      }
    }
    let values = symbols.mapValues(\.value)
    for (name, tensor) in zip(names, inputs) {
      guard let type = graph.values[name]?.tensor else { continue }
      for (axis, size) in type.sizes.enumerated() {
        guard let expected = size.evaluated(values), expected != tensor.shape[axis] else { continue }
        throw .input(name: name, expected: "\(size) = \(expected) in dimension \(axis)", found: "shape \(tensor.shape)")
      }
    }
    return inputs
  }

  /// Type and shape in words, with the bounds of its symbols.
  private func expectation(_ type: TensorType) -> String {
    let bounds = type.sizes.compactMap { size -> String? in
      guard case .symbolic(.symbol(let symbol), _) = size, let range = graph.ranges[symbol] else { return nil }
      return "\(symbol) from \(range.minimum.map(String.init) ?? "any") to \(range.maximum.map(String.init) ?? "any")"
    }
    let dtype = type.dtype.map { "\($0) " } ?? ""
    let shape = "[\(type.sizes.map(\.description).joined(separator: ", "))]"
    return "\(dtype)\(shape)" + (bounds.isEmpty ? "" : " with \(bounds.joined(separator: ", "))")
  }
}
