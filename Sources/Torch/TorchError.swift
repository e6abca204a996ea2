import CTorch

/// What can go wrong where input comes from a user: a device name, an operator's name, data of another size.
///
/// Mistakes of the programmer in tensor arithmetic (shapes that do not fit, say) trap with the engine's message instead.
public enum TorchError: Error, Equatable, Sendable {
  /// The device is not on this machine or not in this build of LibTorch.
  case unavailableDevice(String, available: [String])
  /// LibTorch refused an operation; the message is its own.
  case engine(operation: String, message: String)
  /// A number of values that does not fill a shape.
  case count(expected: Int, shape: [Int], found: Int)
}

extension TorchError: CustomStringConvertible {
  /// One sentence: what was found and what to do.
  public var description: String {
    switch self {
    case .unavailableDevice(let name, let available):
      "device '\(name)' is not available; choose one of: \(available.joined(separator: ", "))"
    case .engine(let operation, let message): "\(operation): \(message)"
    case .count(let expected, let shape, let found):
      "shape \(shape) takes \(expected) values, found \(found)"
    }
  }
}

/// Takes over an error message of the boundary, nil for success.
func message(of error: ct_error?) -> String? {
  guard let error else { return nil }
  defer { ct_string_free(error) }
  return String(cString: error)
}

/// Stops the program with the engine's message: for mistakes of the programmer.
func require(_ error: ct_error?, _ operation: @autoclosure () -> String) {
  if let text = message(of: error) { fatalError("\(operation()): \(text)") }
}

/// Throws the engine's message: for input that comes from a user.
func check(_ error: ct_error?, _ operation: @autoclosure () -> String) throws(TorchError) {
  if let text = message(of: error) { throw .engine(operation: operation(), message: text) }
}
