import Checkpoints
import Console
import OrderedCollections
import Recipes

extension Inspection {
  /// Hands out the inspection for people, line by line.
  func write(_ body: (String) -> Void) {
    var lines = [
      "\(checkpoint.path): \(checkpoint.formatDescription), \(checkpoint.tensors.count.counted("tensor")), "
        + checkpoint.size.bytes
    ]
    if let prefix = checkpoint.dataParallelPrefix { lines.append("all names begin with '\(prefix)' (DataParallel)") }
    if SparseBitmask.isPacked(checkpoint) { lines.append("packed as a bitmask: bonsai unpack makes it dense again") }
    if !checkpoint.others.isEmpty {
      lines.append("beside them: " + Self.list(checkpoint.others.map { "\($0.name) (\($0.what))" }))
    }
    for (key, value) in checkpoint.metadata { lines.append("\(Self.oneLine(key)): \(Self.oneLine(value))") }
    for line in lines + [""] { body(line) }
    writeTable(body)
    lines = ["", summary]
    if pairs.contains(where: { $0.statistics != nil }) {
      lines += ["", "Pruned, not yet permanent:"] + pairTable.lines
    }
    if statistics != nil, !magnitudes.isEmpty { lines += [""] + histogram }
    if let graph { lines += [""] + graph.lines }
    lines.forEach(body)
  }

  /// The share of elements that are zero.
  var sparsity: Double { elementCount == 0 ? 0 : Double(zeroCount) / Double(elementCount) }

  private func writeTable(_ body: (String) -> Void) {
    var columns: [TextTable.Column] = [
      .init("tensor", .left), .init("dtype", .left), .init("shape", .left), .init("elements"), .init("size"),
    ]
    if statistics != nil { columns += [.init("zeros"), .init("largest")] }
    columns += [.init("role", .left), .init("why", .left)]
    let tensors = checkpoint.tensors
    func row(_ index: Int) -> [String] {
      let tensor = tensors[index]
      var row = [
        Self.oneLine(tensor.name), tensor.type.name, "\(tensor.shape)", tensor.elementCount.grouped,
        tensor.byteCount.bytes,
      ]
      if let one = statistics?[index] {
        let odd = [(one.nanCount, "NaN"), (one.infinityCount, "infinite")].filter { $0.0 > 0 }
        row.append(one.zeroCount == 0 ? "" : one.sparsity.percent)
        row.append(
          ([one.largest?.significant(3) ?? ""].filter { !$0.isEmpty } + odd.map { "\($0.0) \($0.1)" }).joined(
            separator: " "))
      }
      return row + [roles[index].role.rawValue, Self.oneLine(roles[index].reason)]
    }
    TextTable.write(columns, count: tensors.count, row: row, body)
  }

  private var summary: String {
    let counts = "\(parameterCount.grouped) parameters in \(tensorBytes.bytes) of tensors"
    guard statistics != nil else { return counts }
    return counts + ", \(zeroCount.grouped) of \(elementCount.grouped) elements zero (\(sparsity.percent))"
  }

  private var pairTable: TextTable {
    TextTable(
      columns: [.init("tensor", .left), .init("kept"), .init("of"), .init("pruned")],
      rows: pairs.compactMap { pair, statistics in
        statistics.map {
          [
            Self.oneLine(pair.name), ($0.elementCount - $0.prunedCount).grouped, $0.elementCount.grouped,
            $0.sparsity.percent,
          ]
        }
      })
  }

  /// A bar for zeros and one for each power of two; what lies below the topmost fifteen comes together.
  private var histogram: [String] {
    var rows = magnitudes.suffix(15).map { bin in
      ("\(Self.power(bin.exponent).significant(3)) to \(Self.power(bin.exponent + 1).significant(3))", bin.count)
    }
    let rest = magnitudes.dropLast(15).reduce(0) { $0 + $1.count }
    if rest > 0 {
      rows.insert(("below \(Self.power(magnitudes[magnitudes.count - 15].exponent).significant(3))", rest), at: 0)
    }
    rows.insert(("0", total.zeroCount), at: 0)
    let width = rows.map(\.0.count).max() ?? 0
    let most = max(1, rows.map(\.1).max() ?? 1)
    let all = max(1, rows.reduce(0) { $0 + $1.1 })
    return [pairs.isEmpty ? "Magnitudes:" : "Magnitudes, before masks:"]
      + rows.map { label, count in
        let fraction = Double(count) / Double(all)
        let share = (count > 0 && fraction < 0.0005 ? "<0.1 %" : fraction.percent).padded(to: 6, .right)
        let eighths = count == 0 ? 0 : max(1, Int((Double(count) / Double(most) * 320).rounded()))
        return "  \(label.padded(to: width, .right))  \(share)  \(ProgressBar.blocks(eighths))".trimmedAtEnd
      }
  }

  /// Text of a file in one line, without control characters.
  static func oneLine(_ text: String) -> String { text.withoutControls }

  private static func list(_ names: [String]) -> String {
    names.prefix(8).map(oneLine).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }
}
