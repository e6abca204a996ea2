import Foundation

/// How time grows with the number of weights: the slope of the straight line nearest to the points in log-log.
struct Growth: Encodable {
  let method: String
  let dtype: String
  let amount: Double
  let bonsai: Double
  let torch: Double?

  /// Growths over the sizes from a million weights on, for all methods that were run at two of them or more.
  static func of(_ results: [CaseResult]) -> [Growth] {
    var groups: [(key: [String], results: [CaseResult])] = []
    for result in results where result.weights >= 1 << 20 {
      let key = [result.method, result.dtype, "\(result.amount)"]
      if let place = groups.firstIndex(where: { $0.key == key }) {
        groups[place].results.append(result)
      } else {
        groups.append((key, [result]))
      }
    }
    return groups.compactMap { _, group in
      guard let first = group.first, let bonsai = slope(group.map { ($0.weights, $0.bonsai.median) }) else {
        return nil
      }
      return Growth(
        method: first.method, dtype: first.dtype, amount: first.amount, bonsai: bonsai,
        torch: slope(group.filter { !$0.torch.values.isEmpty }.map { ($0.weights, $0.torch.median) }))
    }
  }

  private static func slope(_ points: [(Int, Double)]) -> Double? {
    let logs = points.map { (x: log(Double($0.0)), y: log($0.1)) }
    guard Set(points.map(\.0)).count > 1 else { return nil }
    let x = logs.reduce(0) { $0 + $1.x } / Double(logs.count)
    let y = logs.reduce(0) { $0 + $1.y } / Double(logs.count)
    let covariance = logs.reduce(0) { $0 + ($1.x - x) * ($1.y - y) }
    return covariance / logs.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
  }
}
