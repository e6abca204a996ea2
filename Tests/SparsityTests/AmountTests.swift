import Sparsity
import Testing

@Suite("Amount")
struct AmountTests {
  @Test("literals are fractions and counts")
  func literals() {
    let fraction: Amount = 0.3
    let count: Amount = 3
    #expect(fraction == .fraction(0.3))
    #expect(count == .count(3))
  }

  @Test("invalid amounts are refused at once")
  func refuses() {
    for fraction in [1.1, 20, -1e-12, 1.000000000001, .infinity, -.infinity] {
      #expect(throws: AmountError.fractionOutOfRange(fraction)) { try Amount.fraction(fraction).validated() }
    }
    // NaN differs from itself, so its error is told apart by its text.
    let error = #expect(throws: AmountError.self) { try Amount.fraction(.nan).validated() }
    #expect(error?.description.contains("found nan") == true)
    #expect(throws: AmountError.negativeCount(-10)) { try Amount.count(-10).validated() }
    #expect(throws: AmountError.countTooLarge(20, available: 19)) { try Amount.count(20).entries(of: 19) }
    #expect(throws: AmountError.countTooLarge(1, available: 0)) { try Amount.count(1).entries(of: 0) }
  }

  @Test("valid amounts pass")
  func accepts() throws {
    for amount in [0, 1, 1500, 0.0, 1.0, 0.34, -0.0] as [Amount] { #expect(try amount.validated() == amount) }
    #expect(try Amount.fraction(0.3).entries(of: 0) == 0)
    #expect(try Amount.count(19).entries(of: 20) == 19)
    #expect(try Amount.count(19).entries(of: 19) == 19)
  }

  @Test("a fraction rounds half to even")
  func rounding() throws {
    #expect(try Amount.fraction(0.5).entries(of: 5) == 2)
    #expect(try Amount.fraction(0.29).entries(of: 50) == 14)
    var left = 10
    var zeros: [Int] = []
    for _ in 0..<6 {
      left -= try Amount.fraction(0.25).entries(of: left)
      zeros.append(10 - left)
    }
    #expect(zeros == [2, 4, 6, 7, 8, 8])
  }

  @Test("every fraction and size of PyTorch's own table", arguments: AmountTable.rows)
  func golden(row: AmountTable.Row) throws {
    for (size, expected) in zip(AmountTable.sizes, row.expected) {
      #expect(try Amount.fraction(row.fraction).entries(of: size) == expected, "\(row.fraction) of \(size)")
    }
  }

  @Test("errors say what was found and expected")
  func messages() {
    #expect(
      AmountError.fractionOutOfRange(1.5).description
        == "pruning amount: expected a fraction in the range 0...1, found 1.5;"
        + " pass a fraction such as 0.5, or an integer to prune that many entries")
    #expect(AmountError.countTooLarge(20, available: 19).description.contains("at most 19"))
  }
}
