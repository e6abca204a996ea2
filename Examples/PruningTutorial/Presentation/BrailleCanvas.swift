/// A drawing in braille characters, each of which has two dots across and four down.
struct BrailleCanvas {
  /// The size in characters.
  let columns: Int
  let rows: Int
  private var cells: [UInt8]

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    cells = Array(repeating: 0, count: columns * rows)
  }

  /// Which bit of a braille character each dot is (Unicode, U+2800).
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  /// Sets one dot; (0, 0) is at the top left. Dots outside are left out.
  mutating func set(x: Int, y: Int) {
    guard x >= 0, y >= 0, x < columns * 2, y < rows * 4 else { return }
    cells[y / 4 * columns + x / 2] |= Self.bits[y % 4][x % 2]
  }

  /// A straight line between two points in dots.
  /// - Parameter gap: Only every dot of so many is left out or drawn: 0 draws all, 3 three and then not three.
  mutating func line(from a: (x: Double, y: Double), to b: (x: Double, y: Double), gap: Int = 0) {
    let steps = max(1, Int(max(abs(b.x - a.x), abs(b.y - a.y)).rounded()))
    for step in 0...steps where gap == 0 || step / gap % 2 == 0 {
      let t = Double(step) / Double(steps)
      set(x: Int((a.x + (b.x - a.x) * t).rounded()), y: Int((a.y + (b.y - a.y) * t).rounded()))
    }
  }

  /// The character of a cell; a space where no dot is set.
  func character(column: Int, row: Int) -> Character {
    let cell = cells[row * columns + column]
    return cell == 0 ? " " : Character(Unicode.Scalar(0x2800 + UInt32(cell))!)
  }
}
