import Sparsity
import Torch

/// A method that ranks the channels along a dimension.
protocol ChannelMethod: PruningMethod {
  /// The dimension, negative from the end.
  var dim: Int { get }
  /// The channels that are kept, of those in `channels`, or nil where none is pruned.
  func survivors(of scores: Tensor, dim: Int, channels: BitMask) throws -> BitMask?
}

/// The mask of a tensor after one more method, and its product with the original where that came about with it.
struct Composed {
  var mask: PruningMask
  var product: Tensor?
}

/// How a method's mask is combined with an earlier one, written once for all methods.
enum Composition {
  /// The mask of a tensor after one more method.
  /// - Parameters:
  ///   - scores: What is ranked, of the tensor's shape.
  ///   - previous: The earlier mask, nil for the first method.
  ///   - original: The parameter.
  static func mask(
    _ method: any PruningMethod, scores: Tensor, previous: PruningMask?, original: Tensor
  ) throws -> Composed {
    let shape = original.shape
    // PyTorch's dtypes: the first mask has the parameter's, later ones have that of the scores.
    let dtype = previous == nil ? original.dtype : scores.dtype
    let layout = previous == nil && !original.isContiguous ? original.strides : nil
    guard scores.isInMainMemory, previous.map({ $0.device == .cpu }) ?? true else {
      return Composed(mask: try generic(method, scores: scores, previous: previous, original: original))
    }
    switch method {
    case let method as any EntryMethod:
      var composed = try masks(
        method, scores: [scores], previous: [previous], originals: [original], dtypes: [dtype])[0]
      if method is Identity { composed.mask.strides = composed.mask.strides ?? layout }
      return composed
    case let method as any ChannelMethod:
      let dim = try resolve(method.dim, in: shape)
      let all =
        previous?.nonzero.keptChannels(alongDimension: dim, of: shape) ?? BitMask(repeating: true, count: shape[dim])
      guard let channels = try method.survivors(of: scores.detach(), dim: dim, channels: all) else {
        let all = BitMask(repeating: true, count: original.count)
        return Composed(
          mask: previous?.intersected(with: all, dtype: dtype)
            ?? PruningMask(all, shape: shape, dtype: dtype, strides: layout))
      }
      let survivors = channels.expanded(alongDimension: dim, of: shape)
      return Composed(
        mask: previous?.intersected(with: survivors, dtype: dtype)
          ?? PruningMask(survivors, shape: shape, dtype: scores.dtype, strides: layout))
    default: return Composed(mask: try generic(method, scores: scores, previous: previous, original: original))
    }
  }

  /// The same through tensors, for methods of one's own and tensors that lie elsewhere than in main memory.
  private static func generic(
    _ method: any PruningMethod, scores: Tensor, previous: PruningMask?, original: Tensor
  ) throws -> PruningMask {
    try noGrad {
      let scores = scores.detach()
      let mask =
        try previous.map { try combine(method, scores, $0.tensor) }
        ?? method.computeMask(scores, defaultMask: original.detach().onesLike())
      guard mask.shape == original.shape else {
        throw PruningError.shape(
          of: "the mask that \(method) computed", expected: original.shape, found: mask.shape, context: "\(method)")
      }
      return PruningMask(mask)
    }
  }

  /// The earlier mask with the method's mask put in where the method may act: `PruningContainer.compute_mask`.
  static func combine(_ method: any PruningMethod, _ scores: Tensor, _ earlier: Tensor) throws -> Tensor {
    let mask = earlier.to(scores.dtype).clone().contiguous()
    func checked(_ part: Tensor, _ shape: [Int]) throws -> Tensor {
      guard part.shape == shape else {
        throw PruningError.shape(
          of: "the mask that \(method) computed", expected: shape, found: part.shape, context: "\(method)")
      }
      return part.to(mask.dtype)
    }
    switch method.pruningType {
    case .global:
      return try checked(method.computeMask(scores, defaultMask: earlier), earlier.shape)
    case .unstructured:
      let flat = earlier.reshape(-1)
      let open = flat .== 1
      let slice = flat[open]
      let part = try method.computeMask(scores.reshape(-1)[open], defaultMask: slice)
      mask.view(-1)[open] = try checked(part, slice.shape)
    case .structured(let requested):
      let dim = try resolve(requested, in: scores.shape)
      let others = (0..<scores.rank).filter { $0 != dim }
      let open = (earlier .!= 0).to(.int64).sum(others) .> 0
      let channels = open.nonzero().flatten()
      let slice = earlier.indexSelect(dim, channels)
      let part = try checked(
        method.computeMask(scores.indexSelect(dim, channels), defaultMask: slice), slice.shape)
      mask.indexCopyInPlace(dim, channels, part)
    }
    return mask
  }

  /// A dimension counted from the start.
  static func resolve(_ dim: Int, in shape: [Int], context: String = "structured pruning") throws -> Int {
    guard shape.count > 1 else { throw PruningError.notMultidimensional(shape: shape, context: context) }
    let resolved = dim < 0 ? dim + shape.count : dim
    guard shape.indices.contains(resolved) else { throw PruningError.dimension(dim, shape: shape, context: context) }
    return resolved
  }
}
