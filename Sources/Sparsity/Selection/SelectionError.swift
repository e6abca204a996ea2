/// Scores or a number of entries that ``Selection`` cannot work on.
public enum SelectionError: Error, Hashable, Sendable {
  /// More entries should go than take part, or fewer than 0.
  case countOutOfRange(found: Int, available: Int)
  /// NaN among the entries that take part, under ``NaNRule/refuse``.
  ///
  /// `buffer` and `index` are the place of the first, `count` is the number over all buffers.
  case nan(buffer: Int, index: Int, count: Int)
  /// A buffer that does not hold a whole number of entries.
  case unevenBytes(buffer: Int, found: Int, type: ElementType)
  /// An earlier mask with another number of entries than the scores.
  case maskCount(buffer: Int, expected: Int, found: Int)
  /// A destination whose size does not match its scores.
  case destinationBytes(buffer: Int, expected: Int, found: Int)
  /// A type that was not announced to a streaming search, so that its order is unknown.
  case unannouncedType(buffer: Int, found: ElementType)
  /// A streaming pass that saw other entries than the pass before it.
  case passesDiffer(expected: Int, found: Int)
}

extension SelectionError: CustomStringConvertible {
  /// One line: the operation, what was found, what was expected, and what to do.
  public var description: String {
    switch self {
    case .countOutOfRange(let found, let available):
      "selection: expected a number of entries in 0...\(available), those still unpruned, found \(found);"
        + " pass a smaller number"
    case .nan(let buffer, let index, let count):
      "selection: expected scores that can be ranked, found \(count) NaN, the first at flat index \(index)"
        + (buffer == 0 ? "" : " of buffer \(buffer)")
        + "; repair the weights, or choose the NaN rule .rankLargest to keep them as PyTorch does"
    case .unevenBytes(let buffer, let found, let type):
      "selection: expected a multiple of \(type.byteCount) bytes of \(type) in buffer \(buffer), found \(found);"
        + " pass whole entries and their type"
    case .maskCount(let buffer, let expected, let found):
      "selection: expected an earlier mask of \(expected) entries for buffer \(buffer), found \(found);"
        + " pass the mask of the same tensor"
    case .destinationBytes(let buffer, let expected, let found):
      "selection: expected \(expected) bytes for the result of buffer \(buffer), found \(found);"
        + " pass memory for as many entries as there are scores"
    case .unannouncedType(let buffer, let found):
      "selection: expected one of the announced types in block \(buffer), found \(found);"
        + " name every type when the search is made"
    case .passesDiffer(let expected, let found):
      "selection: expected the same \(expected) entries as in the pass before, found \(found);"
        + " scan the same blocks in every pass"
    }
  }
}
