/// Something in a file beside the tensors that can be read: "epoch", an optimizer's state, an object, a sparse tensor.
public struct OtherEntry: Hashable, Sendable {
  /// Its name: the keys that lead to it, joined by dots.
  public var name: String
  /// What it is, in words: "a number", "an object of lightning.AttributeDict, not made", "a sparse tensor".
  public var what: String
  /// Whether it is a tensor, of a kind that is not read here.
  public var isTensor: Bool

  /// Describes an entry.
  public init(name: String, what: String, isTensor: Bool = false) {
    self.name = name
    self.what = what
    self.isTensor = isTensor
  }
}
