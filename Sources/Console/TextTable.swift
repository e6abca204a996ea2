/// A table of text with aligned columns.
package struct TextTable {
  /// On which side the cells of a column stand.
  package enum Alignment { case left, right }

  /// A heading and the alignment of what stands below it.
  package struct Column {
    let title: String
    let alignment: Alignment

    /// A column.
    package init(_ title: String, _ alignment: Alignment = .right) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// The columns.
  package let columns: [Column]
  /// A cell for each column.
  package var rows: [[String]]

  /// A table of rows, each with a cell for each column.
  package init(columns: [Column], rows: [[String]] = []) {
    self.columns = columns
    self.rows = rows
  }

  /// The table's lines: the headings, a rule, the rows. A pure function of the cells, whose control characters, which
  /// might come from a file and mean something to a terminal, become question marks.
  package var lines: [String] {
    var lines: [String] = []
    Self.write(columns, count: rows.count, row: { rows[$0] }) { lines.append($0) }
    return lines
  }

  /// Hands out the lines of a table, one after the other, whose rows are made when they are wanted: once for the widths and
  /// once to be shown, so that long tables take no memory.
  ///
  /// - Parameters:
  ///   - columns: The columns.
  ///   - count: The number of rows.
  ///   - row: The cells of a row.
  ///   - body: Called with each line.
  package static func write(_ columns: [Column], count: Int, row: (Int) -> [String], _ body: (String) -> Void) {
    var widths = columns.map(\.title.count)
    for index in 0..<count {
      for (column, cell) in row(index).enumerated() { widths[column] = max(widths[column], cell.withoutControls.count) }
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return columns[column].alignment == .left ? cells[column] + space : space + cells[column]
      }
      return padded.joined(separator: "   ").trimmedAtEnd
    }
    body(line(columns.map(\.title)))
    body(widths.map { String(repeating: "─", count: $0) }.joined(separator: "───"))
    for index in 0..<count { body(line(row(index).map(\.withoutControls))) }
  }
}

extension String {
  /// The text with a question mark for each control character.
  package var withoutControls: String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}
