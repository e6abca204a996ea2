import Sparsity
import Torch

/// A mask as it is kept: one bit an entry where its values are 0 and 1 and it lies in main memory, otherwise a tensor.
struct PruningMask {
  enum Storage {
    case packed(BitMask)
    case dense(Tensor)
  }

  var storage: Storage
  let shape: [Int]
  /// The dtype of the tensor that the mask reads as.
  var dtype: DType
  /// The strides of that tensor where it is not contiguous.
  var strides: [Int]?

  init(_ bits: BitMask, shape: [Int], dtype: DType, strides: [Int]? = nil) {
    storage = .packed(bits)
    self.shape = shape
    self.dtype = dtype
    self.strides = strides
  }

  /// Packs the tensor where nothing is lost by it.
  init(_ tensor: Tensor) {
    shape = tensor.shape
    dtype = tensor.dtype
    strides = tensor.isContiguous ? nil : tensor.strides
    storage =
      tensor.isInMainMemory && tensor.isBinary ? .packed(tensor.bits()) : .dense(tensor.detach().clone())
  }

  /// The mask as a new tensor.
  var tensor: Tensor {
    switch storage {
    case .packed(let bits):
      let plain = Tensor.make(bits, shape: shape, dtype: dtype)
      return strides.map { Tensor.emptyStrided(shape, strides: $0, dtype: dtype).copy(from: plain) } ?? plain
    case .dense(let tensor): return tensor.clone()
    }
  }

  var device: Device {
    switch storage {
    case .packed: .cpu
    case .dense(let tensor): tensor.device
    }
  }

  /// The packed bits, where it is packed.
  var bits: BitMask? { if case .packed(let bits) = storage { bits } else { nil } }

  /// The entries on which an unstructured method may act: those whose mask is exactly 1.
  var participating: BitMask {
    switch storage {
    case .packed(let bits): bits
    case .dense(let tensor): tensor.bits(keeping: .equalsOne)
    }
  }

  /// The entries whose mask is not 0.
  var nonzero: BitMask {
    switch storage {
    case .packed(let bits): bits
    case .dense(let tensor): tensor.bits()
    }
  }

  /// This mask with all entries zeroed that `survivors` prunes.
  func intersected(with survivors: BitMask, dtype: DType) -> PruningMask {
    switch storage {
    case .packed(let bits): return PruningMask(bits.intersection(survivors), shape: shape, dtype: dtype)
    case .dense(let tensor):
      return PruningMask(tensor.to(dtype) * Tensor.make(survivors, shape: shape, dtype: dtype))
    }
  }

  /// The same mask as it reads after a move of its module.
  func converted(dtype: DType?, device: Device?) -> PruningMask {
    var out = self
    if let dtype, out.dtype.isFloatingPoint { out.dtype = dtype }
    if case .dense(let tensor) = storage { out.storage = .dense(tensor.to(out.dtype)) }
    if let device, device != self.device {
      out.storage = .dense(out.tensor.to(device))
    }
    return device == .cpu && self.device != .cpu ? PruningMask(out.tensor) : out
  }

  /// The pruned entries: mask times `original`, without gradients. -0 and NaN come out as in PyTorch.
  func product(with original: Tensor) -> Tensor {
    if case .packed(let bits) = storage, original.isInMainMemory, original.isContiguous {
      return original.detach().withUnsafeBytes { source in
        Tensor.inLargePages(shape, dtype: original.dtype) { product in
          let type = original.dtype.elementType
          guard bits.count >= 1 << 16 else {
            return bits.multiply(0..<bits.count, of: source, into: product, type: type)
          }
          // On the engine's threads, which have often ranked or trained just now.
          let pieces = 4 * threadCount
          let words = (bits.count + 63) / 64
          onEngineThreads(pieces: pieces) { piece in
            let range = words * piece / pieces * 64..<min(bits.count, words * (piece + 1) / pieces * 64)
            bits.multiply(range, of: source, into: product, type: type)
          }
        }
      }
    }
    return noGrad { original.detach() * tensor.to(original.dtype).to(original.device) }
  }
}
