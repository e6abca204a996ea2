import Foundation

/// Results as lines of text of fixed columns, so that each can be printed when it is there.
enum ResultTable {
  private static let columns: [(title: String, width: Int)] = [
    ("method", -19), ("dtype", -8), ("weights", 8), ("amount", 6), ("Bonsai", 8), ("spread", 13), ("PyTorch", 8),
    ("spread", 13), ("ratio", 7), ("GB/s", 6), ("× copy", 6), ("memory", 7), ("PyTorch", 7), ("mask", -10),
  ]

  /// The headings, and what they mean.
  static var headings: [String] {
    [line(columns.map(\.title)), line(columns.map { String(repeating: "─", count: abs($0.width)) })]
  }

  static func row(_ result: CaseResult) -> String {
    let hasTorch = !result.torch.values.isEmpty
    return line([
      result.method, result.dtype, WeightCount.text(result.weights), String(format: "%.0f %%", result.amount * 100),
      time(result.bonsai.median), spread(result.bonsai), hasTorch ? time(result.torch.median) : "–",
      hasTorch ? spread(result.torch) : "–", result.ratio.map { String(format: "%.1f×", $0) } ?? "–",
      String(format: "%.1f", result.gigabytesPerSecond),
      result.ratioToFloor.map { String(format: "%.2f", $0) } ?? "–", memory(result.bonsaiPeakBytes, result),
      memory(result.torchPeakBytes, result), result.mask.text,
    ])
  }

  /// Seconds in a unit that suits them: `12.3 ms`.
  static func time(_ seconds: Double) -> String {
    seconds < 1e-3
      ? number(seconds * 1e6) + " µs" : seconds < 1 ? number(seconds * 1e3) + " ms" : number(seconds) + " s"
  }

  private static func spread(_ samples: Samples) -> String {
    let unit = samples.median < 1e-3 ? 1e6 : samples.median < 1 ? 1e3 : 1
    return number(samples.minimum * unit) + "…" + number(samples.maximum * unit)
  }

  /// Memory by that of the weights; for small tensors it says nothing.
  private static func memory(_ bytes: Int?, _ result: CaseResult) -> String {
    guard let bytes, result.weightBytes >= 4 << 20 else { return "–" }
    return String(format: "%.2f×", Double(bytes) / Double(result.weightBytes))
  }

  /// Three digits.
  private static func number(_ value: Double) -> String {
    String(format: value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value)
  }

  private static func line(_ cells: [String]) -> String {
    zip(cells, columns).map { cell, column in
      let space = String(repeating: " ", count: max(0, abs(column.width) - cell.count))
      return column.width < 0 ? cell + space : space + cell
    }.joined(separator: "  ")
  }
}
