/// A table of text with aligned columns.
struct TextTable {
  /// On which side the cells of a column stand.
  enum Alignment { case left, right }

  /// A heading and the alignment of what stands below it.
  struct Column {
    let title: String
    var alignment = Alignment.right
  }

  let columns: [Column]
  /// A cell for each column.
  var rows: [[String]] = []

  /// The table's lines: the headings, a rule, the rows. A pure function of the cells.
  var lines: [String] {
    let widths = columns.indices.map { column in
      ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return columns[column].alignment == .left ? cells[column] + space : space + cells[column]
      }
      let line = padded.joined(separator: "   ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "───")
    return [line(columns.map(\.title)), rule] + rows.map(line)
  }
}
