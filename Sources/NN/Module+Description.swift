extension Module: CustomStringConvertible {
  /// The module and its children as PyTorch prints them.
  public final var description: String {
    let parts = children.map { name, child in
      "(\(name)): " + child.description.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
    }
    guard !parts.isEmpty else { return "\(Self.self)(\(extraDescription))" }
    return "\(Self.self)(\n  " + parts.joined(separator: "\n  ") + "\n)"
  }
}
