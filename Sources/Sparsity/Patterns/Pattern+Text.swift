extension Pattern {
  /// The pattern as it is written in recipes and on the command line.
  ///
  /// | text | pattern |
  /// |---|---|
  /// | `unstructured` | single entries |
  /// | `structured`, `structured@1` | channels of dimension 0, of dimension 1 |
  /// | `2:4`, `2:4@-1` | 2 of every 4 are kept, along the inputs, along the last dimension |
  /// | `4x1`, `4x4@last` | blocks of outputs by flattened inputs, of the last two dimensions |
  public var text: String {
    switch self {
    case .unstructured: "unstructured"
    case .structured(let dim): dim == 0 ? "structured" : "structured@\(dim)"
    case .nOfM(let n, let m, let dim): "\(n):\(m)" + (dim.map { "@\($0)" } ?? "")
    case .block(let rows, let columns, let matrix): "\(rows)x\(columns)" + (matrix == .lastTwo ? "@last" : "")
    }
  }

  /// Reads a pattern as ``text`` writes it; nil where it is none.
  public init?(text: String) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let place = parts.count == 2 ? parts[1] : nil
    func numbers(_ separator: Character) -> (Int, Int)? {
      let numbers = parts[0].split(separator: separator, omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let first = numbers[0], let second = numbers[1], first > 0, second > 0 else {
        return nil
      }
      return (first, second)
    }
    if parts[0] == "unstructured" {
      guard place == nil else { return nil }
      self = .unstructured
    } else if parts[0] == "structured" {
      guard let dim = Int(place ?? "0") else { return nil }
      self = .structured(dim: dim)
    } else if let (n, m) = numbers(":"), n <= m {
      let dim = place.flatMap { Int($0) }
      guard (place == nil) == (dim == nil) else { return nil }
      self = .nOfM(n, m, dim: dim)
    } else if let (rows, columns) = numbers("x"), place == nil || place == "last" {
      self = .block(rows: rows, columns: columns, of: place == nil ? .outputsByInputs : .lastTwo)
    } else {
      return nil
    }
  }
}
