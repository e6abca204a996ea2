/// One step of an index: a position, a range, all of a dimension, a new one, a tensor of positions or truth values.
public enum TensorIndex {
  /// One position, which drops the dimension; negative counts from the end.
  case at(Int)
  /// Positions from start up to but without end, every `step`-th; nil is the beginning or the end.
  case slice(Int?, Int?, step: Int = 1)
  /// Everything along the dimension: `:`.
  case all
  /// A new dimension of length 1: `None`.
  case newAxis
  /// Positions (int64) or a mask (bool): gathers a copy.
  case tensor(Tensor)
}

/// What may stand in a tensor's brackets.
public protocol TensorIndexable {
  /// The step of the index that the value stands for.
  var tensorIndex: TensorIndex { get }
}
extension TensorIndex: TensorIndexable {
  /// The step itself.
  public var tensorIndex: TensorIndex { self }
}
extension Int: TensorIndexable {
  /// One position.
  public var tensorIndex: TensorIndex { .at(self) }
}
extension Range<Int>: TensorIndexable {
  /// The positions in the range.
  public var tensorIndex: TensorIndex { .slice(lowerBound, upperBound) }
}
extension ClosedRange<Int>: TensorIndexable {
  /// The positions in the range.
  public var tensorIndex: TensorIndex { .slice(lowerBound, upperBound + 1) }
}
extension PartialRangeFrom<Int>: TensorIndexable {
  /// The positions from the bound on.
  public var tensorIndex: TensorIndex { .slice(lowerBound, nil) }
}
extension PartialRangeUpTo<Int>: TensorIndexable {
  /// The positions before the bound.
  public var tensorIndex: TensorIndex { .slice(nil, upperBound) }
}
extension Tensor: TensorIndexable {
  /// Positions or a mask.
  public var tensorIndex: TensorIndex { .tensor(self) }
}

extension Tensor {
  /// Part of the tensor, dimension by dimension: `x[0]`, `x[.all, 2..<4]`, `x[mask]`. Positions and ranges give a view
  /// of the same memory, tensors a copy. Setting writes through to the tensor's memory.
  public subscript(_ steps: any TensorIndexable...) -> Tensor {
    get {
      let (view, gathers) = viewed(steps)
      return gathers.contains { $0 != nil } ? call("index.Tensor", view, gathers) : view
    }
    set {
      let (view, gathers) = viewed(steps)
      if gathers.contains(where: { $0 != nil }) {
        call("index_put_", view, gathers, newValue.to(dtype))
      } else if !view.isSame(as: newValue) {
        call("copy_", view, newValue)
      }
    }
  }

  /// The view that the positions and ranges give, and the tensors that then gather from it, by dimension.
  private func viewed(_ steps: [any TensorIndexable]) -> (view: Tensor, gathers: [Tensor?]) {
    var view = self
    var dim = 0
    var gathers: [Tensor?] = []
    for step in steps {
      switch step.tensorIndex {
      case .at(let position):
        view = call("select.int", view, dim, position)
        continue
      case .slice(let start, let end, let step):
        view = call("slice.Tensor", view, dim, start, end, step)
        gathers.append(nil)
      case .all: gathers.append(nil)
      case .newAxis:
        view = call("unsqueeze", view, dim)
        gathers.append(nil)
      case .tensor(let index):
        gathers.append(index)
        if index.dtype == .bool || index.dtype == .uint8 {
          dim += index.rank
          continue
        }
      }
      dim += 1
    }
    return (view, gathers)
  }
}

extension Tensor {
  /// The one entry of a tensor of one entry, as a Double.
  public func item() -> Double {
    switch callValue("item", self) {
    case .double(let value): value
    case .int(let value): Double(value)
    case .bool(let value): value ? 1 : 0
    default: fatalError("item: no number")
    }
  }

  /// The one entry of a tensor of one entry, as an Int.
  public func intItem() -> Int {
    switch callValue("item", self) {
    case .double(let value): Int(value)
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: fatalError("intItem: no number")
    }
  }
}
