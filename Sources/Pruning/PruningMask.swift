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

  /// The mask as a tensor that must not be written to: its own memory where it is kept as one.
  var borrowedTensor: Tensor { if case .dense(let tensor) = storage { tensor } else { tensor } }

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
    if let bits, original.isInMainMemory, original.isContiguous {
      return original.detach().withUnsafeBytes { source in
        Tensor.inLargePages(shape, dtype: original.dtype) { product in
          bits.multiplyOnEngineThreads(source, into: product, dtype: original.dtype)
        }
      }
    }
    return noGrad { original.detach() * tensor.to(original.dtype).to(original.device) }
  }
}

/// The bits of a mask as factors of entries that gradients pass through.
final class MaskFactors: EntryFactors {
  private let bits: BitMask

  init(_ bits: BitMask) { self.bits = bits }

  func multiply(_ source: UnsafeRawBufferPointer, into product: UnsafeMutableRawBufferPointer, dtype: DType) {
    bits.multiplyOnEngineThreads(source, into: product, dtype: dtype)
  }
}

extension BitMask {
  /// Writes the entries times the mask, on the engine's threads, which have often ranked or trained just now.
  fileprivate func multiplyOnEngineThreads(
    _ source: UnsafeRawBufferPointer, into product: UnsafeMutableRawBufferPointer, dtype: DType
  ) {
    let type = dtype.elementType
    guard count >= 1 << 16 else { return multiply(0..<count, of: source, into: product, type: type) }
    let pieces = 4 * threadCount
    let words = (count + 63) / 64
    onEngineThreads(pieces: pieces) { piece in
      let range = words * piece / pieces * 64..<min(count, words * (piece + 1) / pieces * 64)
      multiply(range, of: source, into: product, type: type)
    }
  }
}
