import SparseKernels
import Torch

/// A layer with one way of computing it, ready to run.
final class LayerKernel {
  let operation: LayerOperation
  private let body: (Tensor) -> Tensor

  /// - Throws: `SparseKernelError` where the format does not serve the layer.
  init(_ operation: LayerOperation, _ choice: LayerChoice) throws(SparseKernelError) {
    self.operation = operation
    switch choice {
    case .dense:
      let weight = operation.weight
      body = { operation.dense($0, weight: weight) }
    case .denseChannelsLast:
      if case .maxPool = operation.kind {
        // Neighbours that are sparse kernels want their input contiguous, and give it so.
        body = { operation.dense($0.withChannelsTogether(), weight: operation.weight).withChannelsApart() }
        return
      }
      // Made so also where it has one input channel and lies in both formats: LibTorch goes by its strides.
      let weight = operation.weight.detach().clone(.channelsLast)
      body = { operation.dense($0.withChannelsTogether(), weight: weight) }
    case .sparse(let format, let tuning, let storage):
      let sparse = try Self.sparse(operation, format, tuning, storage ?? .float32)
      let weight = operation.weight
      // Inputs that the kernel does not take are LibTorch's, which says what is wrong with them.
      body = { x in (operation.takes(x) ? sparse(x) : nil) ?? operation.dense(x, weight: weight) }
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor { body(x) }

  private static func sparse(
    _ operation: LayerOperation, _ format: SparseFormat, _ tuning: Tuning, _ storage: WeightStorage
  ) throws(SparseKernelError) -> (Tensor) -> Tensor? {
    let (weight, bias) = operation.folded()
    switch operation.kind {
    case .linear:
      let (outputs, inputs) = (weight.shape[0], weight.shape[1])
      let layer = try weight.withUnsafeBuffer(of: Float.self) { values throws(SparseKernelError) in
        guard storage.holds(values) else {
          throw .format(format, reason: "the weight has numbers that \(storage.rawValue) does not hold")
        }
        return try SparseLinear(
          weight: values, outputs: outputs, inputs: inputs, bias: bias, activation: operation.activation,
          format: format, storage: storage, tuning: tuning)
      }
      return { x in
        let x = x.contiguous()
        let shape = x.shape
        let y = Tensor.empty(shape.dropLast() + [outputs])
        x.withUnsafeBuffer(of: Float.self) { from in
          y.withUnsafeMutableBuffer(of: Float.self) { to in
            guard let from = from.baseAddress, let to = to.baseAddress else { return }
            layer(from, batch: shape.dropLast().reduce(1, *), into: to, workers: .engine)
          }
        }
        return y
      }
    case .convolution(let shape, let dimensions):
      let layer = try weight.withUnsafeBuffer(of: Float.self) { values throws(SparseKernelError) in
        try SparseConvolution(
          weight: values, shape: shape, bias: bias, activation: operation.activation, format: format, tuning: tuning)
      }
      return { x in convolve(x.withChannelsApart(), layer, dimensions) }
    case .maxPool: throw .format(format, reason: "a pool has no weight")
    }
  }

  /// The convolution of an input; nil for one that is larger than the kernel counts.
  private static func convolve(_ x: Tensor, _ layer: SparseConvolution, _ dimensions: Int) -> Tensor? {
    let given = x.shape
    let hasBatch = given.count == dimensions + 2
    let batch = hasBatch ? given[0] : 1
    let (height, width) = (dimensions == 1 ? 1 : given[given.count - 2], given[given.count - 1])
    guard let size = layer.shape.outputSize(height: height, width: width) else { return nil }
    let pixels = dimensions == 1 ? [size.width] : [size.height, size.width]
    let y = Tensor.empty((hasBatch ? [batch] : []) + [layer.shape.outputs] + pixels)
    let isDone = x.withUnsafeBuffer(of: Float.self) { from in
      y.withUnsafeMutableBuffer(of: Float.self) { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return true }
        return (try? layer(from, batch: batch, height: height, width: width, into: to, workers: .engine)) != nil
      }
    }
    return isDone ? y : nil
  }
}
