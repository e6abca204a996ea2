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
  /// Everything along as many dimensions as the other steps leave: `...`.
  case ellipsis
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

/// What `.all`, `.newAxis`, `.ellipsis` and `.slice` stand for in a tensor's brackets.
public struct TensorIndexStep: TensorIndexable {
  /// The step of the index.
  public let tensorIndex: TensorIndex
}
extension TensorIndexable where Self == TensorIndexStep {
  /// Everything along the dimension: `:`.
  public static var all: TensorIndexStep { TensorIndexStep(tensorIndex: .all) }
  /// A new dimension of length 1: `None`.
  public static var newAxis: TensorIndexStep { TensorIndexStep(tensorIndex: .newAxis) }
  /// Everything along as many dimensions as the other steps leave: `...`.
  public static var ellipsis: TensorIndexStep { TensorIndexStep(tensorIndex: .ellipsis) }
  /// Positions from `start` up to but without `end`, every `step`-th; nil is the beginning or the end.
  public static func slice(_ start: Int?, _ end: Int?, step: Int = 1) -> TensorIndexStep {
    TensorIndexStep(tensorIndex: .slice(start, end, step: step))
  }
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
  /// The positions in the range; `-2 ... -1` are the last two.
  public var tensorIndex: TensorIndex { .slice(lowerBound, upperBound == -1 ? nil : upperBound + 1) }
}
extension PartialRangeFrom<Int>: TensorIndexable {
  /// The positions from the bound on.
  public var tensorIndex: TensorIndex { .slice(lowerBound, nil) }
}
extension PartialRangeUpTo<Int>: TensorIndexable {
  /// The positions before the bound.
  public var tensorIndex: TensorIndex { .slice(nil, upperBound) }
}
extension PartialRangeThrough<Int>: TensorIndexable {
  /// The positions up to the bound; `...(-2)` leaves the last one out.
  public var tensorIndex: TensorIndex { .slice(nil, upperBound == -1 ? nil : upperBound + 1) }
}
extension Tensor: TensorIndexable {
  /// Positions or a mask.
  public var tensorIndex: TensorIndex { .tensor(self) }
}

extension Tensor {
  /// Part of the tensor, dimension by dimension, as in Python:
  ///
  /// | Python | Swift |
  /// |---|---|
  /// | `x[0]`, `x[-1]` | `x[0]`, `x[-1]` |
  /// | `x[1:3]`, `x[1:]`, `x[:-1]` | `x[1..<3]`, `x[1...]`, `x[..<(-1)]` |
  /// | `x[1:-1]`, `x[::2]` | `x[.slice(1, -1)]`, `x[.slice(nil, nil, step: 2)]` |
  /// | `x[:, 0]`, `x[..., 0]`, `x[None]` | `x[.all, 0]`, `x[.ellipsis, 0]`, `x[.newAxis]` |
  /// | `x[mask]`, `x[:, positions]` | `x[mask]`, `x[.all, positions]` |
  ///
  /// Positions and ranges give a view of the same memory, tensors a copy. Setting writes through to the tensor's memory,
  /// and broadcasts what it writes. To change entries that a tensor picks, set them, as in `x[mask] = x[mask] * 2`:
  /// `x[mask] *= 2` would change the copy.
  public subscript(_ steps: any TensorIndexable...) -> Tensor {
    get {
      let (view, gathers) = viewed(steps)
      return gathers.contains { $0 != nil } ? call("index.Tensor", view, gathers) : view
    }
    set {
      let (view, gathers) = viewed(steps)
      // Leading dimensions of length 1 do not count.
      let shape = newValue.shape
      let value = shape.count > 1 && shape[0] == 1 ? newValue.reshape(Array(shape.drop { $0 == 1 })) : newValue
      if gathers.contains(where: { $0 != nil }) {
        call("index_put_", view, gathers, value.to(dtype))
      } else if !view.isSame(as: value) {
        call("copy_", view, value)
      }
    }
  }

  /// The view that the positions and ranges give, and the tensors that then gather from it, by dimension.
  private func viewed(_ steps: [any TensorIndexable]) -> (view: Tensor, gathers: [Tensor?]) {
    let steps = steps.map(\.tensorIndex)
    var view = self
    var dim = 0
    var gathers: [Tensor?] = []
    for step in steps {
      switch step {
      case .at(let position):
        view = call("select.int", view, dim, position)
        continue
      case .slice(let start, let end, let step):
        view = call("slice.Tensor", view, dim, start, end, step)
      case .all: break
      case .newAxis: view = call("unsqueeze", view, dim)
      case .ellipsis:
        let rest = Swift.max(0, rank - steps.reduce(0) { $0 + $1.dimensions })
        gathers += [Tensor?](repeating: nil, count: rest)
        dim += rest
        continue
      case .tensor(let index):
        gathers.append(index)
        dim += step.dimensions
        continue
      }
      gathers.append(nil)
      dim += 1
    }
    return (view, gathers)
  }
}

extension TensorIndex {
  /// The number of dimensions that the step takes up.
  fileprivate var dimensions: Int {
    switch self {
    case .newAxis, .ellipsis: 0
    case .at, .slice, .all: 1
    case .tensor(let index): index.dtype == .bool || index.dtype == .uint8 ? index.rank : 1
    }
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
