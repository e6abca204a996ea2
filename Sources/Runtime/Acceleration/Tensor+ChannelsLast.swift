import SparseKernels
import Torch

extension Tensor {
  /// Images with the channels of each pixel side by side in memory: the tensor itself where they are, otherwise a copy.
  ///
  /// LibTorch copies a pixel at a time, which takes several times as long as a pool or a sparse convolution; float32 in main
  /// memory is turned over by the sparse kernels' transposition instead.
  func withChannelsTogether() -> Tensor {
    let shape = shape
    guard shape.count == 4, !isContiguous(.channelsLast), isContiguous, isPlainFloat else {
      return contiguous(.channelsLast)
    }
    let (images, channels, pixels) = (shape[0], shape[1], shape[2] * shape[3])
    return transposed(images, channels, pixels, to: [images, shape[2], shape[3], channels]).permute(0, 3, 1, 2)
  }

  /// Images channel by channel in memory: the tensor itself where it is contiguous, otherwise a copy. The way back.
  func withChannelsApart() -> Tensor {
    let shape = shape
    guard shape.count == 4, !isContiguous, isContiguous(.channelsLast), isPlainFloat else { return contiguous() }
    let (images, channels, pixels) = (shape[0], shape[1], shape[2] * shape[3])
    return permute(0, 2, 3, 1).transposed(images, pixels, channels, to: shape)
  }

  private var isPlainFloat: Bool { dtype == .float32 && device == .cpu }

  /// A contiguous tensor's matrices [rows, columns] turned over.
  private func transposed(_ count: Int, _ rows: Int, _ columns: Int, to shape: [Int]) -> Tensor {
    let turned = Tensor.empty(shape)
    withUnsafeBuffer(of: Float.self) { from in
      turned.withUnsafeMutableBuffer(of: Float.self) { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        Transposition.transpose(from, count: count, rows: rows, columns: columns, into: to, workers: .engine)
      }
    }
    return turned
  }
}

extension Workers {
  /// The engine's threads, as many as it has now.
  static var engine: Workers {
    Workers(count: threadCount) { pieces, body in onEngineThreads(pieces: pieces, body) }
  }
}
