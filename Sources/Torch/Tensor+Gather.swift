// Reading at positions that tensors hold (int64) or mark (bool). ``Tensor/subscript(_:)`` covers the rest.

extension Tensor {
  /// The entries at the positions `index` (int64) along `dim`: `index_select`.
  public func indexSelect(_ dim: Int, _ index: Tensor) -> Tensor { call("index_select", self, dim, index) }
  /// The entries where `mask` is true, in one dimension.
  public func maskedSelect(_ mask: Tensor) -> Tensor { call("masked_select", self, mask) }
  /// Gathers along `dim` at the positions in `index`.
  public func gather(_ dim: Int, _ index: Tensor) -> Tensor { call("gather", self, dim, index) }
  /// The entries at positions of the flattened tensor.
  public func take(_ index: Tensor) -> Tensor { call("take", self, index) }
  /// The entries at the positions along `dim` that `argsort` and its kin give.
  public func takeAlongDim(_ index: Tensor, _ dim: Int) -> Tensor { call("take_along_dim", self, index, dim) }
  /// Part of the tensor along `dim`, sharing its memory.
  public func narrow(_ dim: Int, start: Int, length: Int) -> Tensor { call("narrow", self, dim, start, length) }
  /// The part at `position` along `dim`, without it, sharing its memory.
  public func select(_ dim: Int, _ position: Int) -> Tensor { call("select.int", self, dim, position) }

  /// Class numbers (int64) as vectors of `count` zeros and a one, in a last dimension; int64.
  public func oneHot(_ count: Int = -1) -> Tensor { call("one_hot", self, count) }
}
