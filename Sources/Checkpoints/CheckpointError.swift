/// What went wrong with a file of weights: which operation on which file, what was expected, what was found, and what
/// to do about it.
///
/// Every function of this module that throws on account of a file, a name or an argument throws this type; only errors
/// thrown by a caller's own closure pass through unchanged. The description is one sentence for people:
///
/// ```
/// read header of 'model.safetensors': expected at least 8 bytes, found 7; the file is cut short: download or save it again
/// ```
public struct CheckpointError: Error, Hashable, Sendable {
  /// The kind of a failure, for code that decides; people read the description.
  public enum Kind: String, Hashable, Sendable {
    /// The system refused to open, map or read the file.
    case cannotRead
    /// The system refused to create, write, sync or rename the file.
    case cannotWrite
    /// The content is no format known here.
    case notRecognised
    /// The content contradicts its own format: cut short, overlapping, out of range.
    case damaged
    /// Valid content that this module does not read or write.
    case unsupported
    /// Content that asks for code to run or for an unknown object to be built.
    case unsafe
    /// Content beyond a limit of size, depth or count.
    case limitExceeded
    /// No tensor, path or file of the name asked for.
    case notFound
    /// An argument that contradicts itself, such as bytes that do not fit a shape.
    case invalidArgument
  }

  /// The kind of the failure.
  public var kind: Kind
  /// What was being done, for example "read header of".
  public var operation: String
  /// The file concerned, as the caller gave it.
  public var file: String
  /// What was expected.
  public var expected: String
  /// What was found instead.
  public var found: String
  /// What the user can do.
  public var advice: String

  /// Makes an error out of its parts; each is a piece of a sentence without a full stop.
  public init(
    _ kind: Kind, _ operation: String, file: String, expected: String, found: String, advice: String
  ) {
    self.kind = kind
    self.operation = operation
    self.file = file
    self.expected = expected
    self.found = found
    self.advice = advice
  }
}

extension CheckpointError: CustomStringConvertible {
  /// One sentence: operation, file, expected, found, advice.
  public var description: String {
    "\(operation) '\(file)': expected \(expected), found \(found); \(advice)"
  }
}

extension CheckpointError {
  /// A file whose content contradicts its format.
  static func damaged(
    _ operation: String, file: String, expected: String, found: String,
    advice: String = "the file is damaged: download or save it again"
  ) -> CheckpointError {
    CheckpointError(.damaged, operation, file: file, expected: expected, found: found, advice: advice)
  }

  /// Text out of a file, made fit for one line of a message: control characters escaped, cut after `limit` characters.
  public static func quote(_ text: String, limit: Int = 80) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count == limit { return "\"\(result)...\"" }
      if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .lineSeparator {
        result += scalar.escaped(asASCII: true)
      } else {
        result.unicodeScalars.append(scalar)
      }
      count += 1
    }
    return "\"\(result)\""
  }
}
