/// How the scores of entries make up the score of the channel or block that they are in.
public enum Reduction: Sendable, Hashable {
  /// The Ln norm of an order: any real number, infinity or minus infinity. 0 counts the entries that are not zero.
  case norm(Double)
  /// The sum, signs counted.
  case sum
}
