import Checkpoints
import OrderedCollections

extension Graph {
  /// The graph with real numbers of 64 bits in place of those of 16 and 32: values, and the types that operators are asked
  /// for. What is computed then shows whether two graphs mean the same, without the rounding of shorter numbers.
  public mutating func useDoublePrecision() {
    for index in values.values.indices {
      guard var type = values.values[index].tensor, type.dtype?.isShortFloat == true else { continue }
      type.dtype = .f64
      values.values[index].kind = .tensor(type)
    }
    for node in nodes.indices {
      for place in nodes[node].inputs.indices {
        switch nodes[node].inputs[place].argument {
        case .dtype(let type) where type.isShortFloat: nodes[node].inputs[place].argument = .dtype(.f64)
        case .graph(let name, var graph):
          graph.useDoublePrecision()
          nodes[node].inputs[place].argument = .graph(name, graph)
        default: continue
        }
      }
    }
  }
}

extension StoredType {
  fileprivate var isShortFloat: Bool { self == .f16 || self == .bf16 || self == .f32 }
}
