import Checkpoints
import NN
import Torch

extension Tensor {
  /// A tensor of memory of its own with the entries of a source.
  static func reading(_ source: TensorSource) throws -> Tensor {
    guard let dtype = DType(source.spec.type) else {
      throw GraphRunError.weights(["'\(source.spec.name)' is of type \(source.spec.type)"])
    }
    let tensor = Tensor.empty(source.spec.shape, dtype: dtype)
    try tensor.withUnsafeMutableBytes { target in
      var place = 0
      try source.produce { block in
        guard let to = target.baseAddress, let from = block.baseAddress else { return }
        (to + place).copyMemory(from: from, byteCount: block.count)
        place += block.count
      }
    }
    return tensor
  }
}
