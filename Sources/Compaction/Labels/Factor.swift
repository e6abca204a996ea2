/// The label of one index of a dimension: indices whose labels are joined go together or stay together.
typealias Label = Int32

/// A dimension of a value, as factors from the outermost to the innermost: `[batch, heads, size]` of a view's
/// `batch*heads*size`. Empty for size 1.
public typealias Dimension = [Factor]

/// A part of a dimension. Views multiply dimensions into one and take them apart again; factors survive that.
public final class Factor {
  /// How many indices it has.
  public let extent: Extent
  var state: State
  /// The ways in which views have taken it apart, by the size of the outer half.
  var pairs: [Int: Pair] = [:]
  /// Why it may not shrink, where that was settled before it had labels: a number of the labelling's reasons.
  var reason: Int?

  enum State {
    /// Batch, space, or anything else that stays as it is; costs nothing.
    case opaque
    /// May have labels once somebody asks for them.
    case lazy
    /// One label an index.
    case labelled([Label])
    /// A half of a labelled factor that a view took apart.
    case half(Pair, Pair.Half)
  }

  init(_ extent: Extent, _ state: State = .opaque) {
    self.extent = extent
    self.state = state
  }

  /// A factor of labels, one an index.
  convenience init(_ labels: [Label]) { self.init(Extent(labels.count), .labelled(labels)) }

  var isOpaque: Bool { if case .opaque = state { true } else { false } }
  var isLabelled: Bool { if case .labelled = state { true } else { false } }
}

/// A labelled factor of `outer * inner` indices that a view took apart. Which half can shrink is decided late:
/// whole slices of the outer one (heads), or the same place of the inner one in all of them (sizes of heads).
final class Pair {
  enum Half {
    case outer, inner

    var other: Half { self == .outer ? .inner : .outer }
  }

  let parent: Factor
  private(set) var outer = Factor(Extent(1))
  private(set) var inner = Factor(Extent(1))
  /// The half that can shrink, once that is decided.
  var choice: Half?
  /// Whether that half has got its labels from the parent, or it is known that it gets none.
  var isSettled = false
  /// The labels of that half; nil where the parent has none.
  var labels: [Label]?

  init(_ parent: Factor, outer: Int, inner: Int) {
    self.parent = parent
    self.outer = Factor(Extent(outer), .half(self, .outer))
    self.inner = Factor(Extent(inner), .half(self, .inner))
  }
}
