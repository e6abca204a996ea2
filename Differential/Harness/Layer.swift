/// A layer and its sizes. Python's `network.LAYERS` has the same.
package enum Layer: Codable, Equatable, Sendable {
  case linear(inputs: Int, outputs: Int, bias: Bool)
  case bilinear(first: Int, second: Int, outputs: Int, bias: Bool)
  /// `rank` is the number of spatial dimensions, 1 to 3.
  case convolution(
    rank: Int, inputs: Int, outputs: Int, kernel: Int, stride: Int, padding: Int, groups: Int, bias: Bool)
  case convTranspose2d(inputs: Int, outputs: Int, kernel: Int, stride: Int, bias: Bool)
  /// `rank` is the number of spatial dimensions, 1 or 2.
  case batchNorm(rank: Int, features: Int)
  case layerNorm(shape: [Int], bias: Bool)
  case embedding(count: Int, width: Int, padding: Int?)
  case prelu(slopes: Int)
  case lstm(
    inputs: Int, hidden: Int, layers: Int, bias: Bool, batchFirst: Bool, bidirectional: Bool, projection: Int)
  case gru(inputs: Int, hidden: Int, layers: Int, bias: Bool, batchFirst: Bool, bidirectional: Bool)
  case attention(width: Int, heads: Int, bias: Bool, biasKV: Bool, zeroAttention: Bool)
  case relu, tanh, gelu, flatten
  case maxPool2d(size: Int)
  case dropout(p: Double)
}

/// An input of a network: normal draws of the parameters' dtype, or indices below a bound.
struct InputSpec: Encodable, Equatable {
  var shape: [Int]
  var indices: Int?
}

extension Program {
  /// The inputs that the first layer takes.
  func inputs(batch: Int) -> [InputSpec] {
    let alone = layers.count == 1
    switch layers.first {
    case .linear(let inputs, _, _): return [InputSpec(shape: [batch, inputs])]
    case .bilinear(let first, let second, _, _):
      return [InputSpec(shape: [batch, first]), InputSpec(shape: [batch, second])]
    case .convolution(let rank, let inputs, _, _, _, _, _, _):
      return [InputSpec(shape: [batch, inputs] + Array(repeating: length, count: rank))]
    case .convTranspose2d(let inputs, _, _, _, _): return [InputSpec(shape: [batch, inputs, length, length])]
    case .batchNorm(let rank, let features):
      return [InputSpec(shape: [batch, features] + (rank == 1 ? [] : [length, length]))]
    case .layerNorm(let shape, _): return [InputSpec(shape: [batch] + shape)]
    case .embedding(let count, _, _): return [InputSpec(shape: [batch, length], indices: count)]
    case .prelu(let slopes): return [InputSpec(shape: [batch, slopes == 1 ? length : slopes])]
    case .lstm(let inputs, _, _, _, let batchFirst, _, _), .gru(let inputs, _, _, _, let batchFirst, _):
      return [InputSpec(shape: batchFirst ? [batch, length, inputs] : [length, batch, inputs])]
    case .attention(let width, _, _, _, _):
      // By itself with a query, a key and a value of their own, or with one tensor for all.
      let query = InputSpec(shape: [length, batch, width])
      return alone && length > 2
        ? [query, InputSpec(shape: [length - 1, batch, width]), InputSpec(shape: [length - 1, batch, width])] : [query]
    case nil: return []
    default: return [InputSpec(shape: [batch, length])]
    }
  }
}
