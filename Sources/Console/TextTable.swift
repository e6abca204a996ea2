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
    let rows = rows.map { $0.map(\.withoutControls) }
    let widths = columns.indices.map { column in
      ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return columns[column].alignment == .left ? cells[column] + space : space + cells[column]
      }
      return padded.joined(separator: "   ").trimmedAtEnd
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "───")
    return [line(columns.map(\.title)), rule] + rows.map(line)
  }
}

extension String {
  /// The text with a question mark for each control character.
  package var withoutControls: String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}
