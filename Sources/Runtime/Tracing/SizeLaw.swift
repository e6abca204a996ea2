import Graphs

/// How a number follows from the dynamic dimensions of the inputs: constant + factors times sizes + product times both.
struct SizeLaw: Hashable {
  var constant: Int
  /// One for each dimension.
  var factors: [Int]
  /// Of both dimensions where there are two.
  var product = 0

  var isConstant: Bool { product == 0 && factors.allSatisfy { $0 == 0 } }

  func evaluated(_ sizes: [Int]) -> Int {
    zip(factors, sizes).reduce(constant) { $0 + $1.0 * $1.1 } + (product == 0 ? 0 : product * sizes[0] * sizes[1])
  }

  /// The law as an expression in the symbols given.
  func expression(_ symbols: [String]) -> SymbolicExpression {
    var terms: [SymbolicExpression] = []
    func add(_ factor: Int, _ parts: [SymbolicExpression]) {
      guard factor != 0 else { return }
      let all = (factor == 1 && !parts.isEmpty ? [] : [.number(Double(factor))]) + parts
      terms.append(all.count == 1 ? all[0] : .call("Mul", all))
    }
    if product != 0 { add(product, symbols.prefix(2).map(SymbolicExpression.symbol)) }
    for (factor, symbol) in zip(factors, symbols) { add(factor, [.symbol(symbol)]) }
    add(constant, [])
    return terms.isEmpty ? .number(0) : terms.count == 1 ? terms[0] : .call("Add", terms)
  }
}

/// The sizes of the dynamic dimensions in each run of a module, and what follows from them.
struct SizeSamples {
  /// For each run the size of each dimension. The first runs vary the dimensions one by one, then both; the last one may
  /// be there only to check.
  let runs: [[Int]]

  /// Runs over the sizes given for each dimension, at most two.
  init(_ sizes: [[Int]]) {
    switch sizes.count {
    case 0: runs = [[]]
    case 1: runs = sizes[0].map { [$0] }
    default:
      let (a, b) = (sizes[0], sizes[1])
      runs =
        [[a[0], b[0]], [a[1], b[0]], [a[0], b[1]], [a[1], b[1]]]
        + (a.count > 2 || b.count > 2 ? [[a.last ?? a[0], b.last ?? b[0]]] : [])
    }
  }

  /// The law that gives a number for each run; nil where there is none with whole factors.
  func law(_ values: [Int]) -> SizeLaw? {
    let dimensions = runs[0].count
    guard values.contains(where: { $0 != values[0] }) else {
      return SizeLaw(constant: values[0], factors: [Int](repeating: 0, count: dimensions))
    }
    func quotient(_ difference: Int, _ step: Int) -> Int? { difference % step == 0 ? difference / step : nil }
    var law: SizeLaw
    switch dimensions {
    case 1:
      guard let factor = quotient(values[1] - values[0], runs[1][0] - runs[0][0]) else { return nil }
      law = SizeLaw(constant: values[0] - factor * runs[0][0], factors: [factor])
    case 2:
      let (a, b) = (runs[0][0], runs[0][1])
      let (da, db) = (runs[1][0] - a, runs[2][1] - b)
      guard let product = quotient(values[3] - values[1] - values[2] + values[0], da * db),
        let left = quotient(values[1] - values[0], da), let right = quotient(values[2] - values[0], db)
      else { return nil }
      law = SizeLaw(constant: 0, factors: [left - product * b, right - product * a], product: product)
      law.constant = values[0] - law.evaluated(runs[0])
    default: return nil
    }
    return zip(runs, values).allSatisfy { law.evaluated($0) == $1 } ? law : nil
  }
}
