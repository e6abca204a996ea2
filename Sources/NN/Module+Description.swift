extension Module: CustomStringConvertible {
  /// The module and its children as PyTorch prints them.
  public final var description: String {
    let extra = extraDescription
    let parts = describedChildren.map { name, text in
      "(\(name)): "
        + text.split(separator: "\n", omittingEmptySubsequences: false)
        .joined(separator: "\n  ")
    }
    guard !parts.isEmpty else { return "\(Self.self)(\(extra))" }
    return "\(Self.self)(\n  " + ((extra.isEmpty ? [] : [extra]) + parts).joined(separator: "\n  ") + "\n)"
  }

  /// Children by name as they are printed; a ``ModuleList`` names neighbours that print the same once: `0-3`, `4 x ...`.
  private var describedChildren: [(String, String)] {
    let each = children.map { ($0, $1.description) }
    guard self is ModuleList, !(self is Sequential) else { return each }
    var runs: [(first: Int, last: Int, text: String)] = []
    for (i, (_, text)) in each.enumerated() {
      if let run = runs.last, run.text == text { runs[runs.count - 1].last = i } else { runs.append((i, i, text)) }
    }
    return runs.map { run in
      run.first == run.last
        ? ("\(run.first)", run.text) : ("\(run.first)-\(run.last)", "\(run.last - run.first + 1) x \(run.text)")
    }
  }
}
