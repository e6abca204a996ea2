import Foundation

/// The seconds that one call took.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body)
  return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// The seconds that one call took, begun when the threads of both processes, which spin for a while after their work, are
/// at rest. This thread stays awake meanwhile.
func secondsAfterRest(_ body: () throws -> Void) rethrows -> Double {
  let rested = ContinuousClock.now + .milliseconds(20)
  while ContinuousClock.now < rested {}
  return try seconds(body)
}

/// What several runs of the same work gave.
struct Samples: Codable {
  private(set) var values: [Double] = []

  mutating func add(_ value: Double) { values.append(value) }

  /// The middle value; the mean of the two in the middle where there is no single one.
  var median: Double {
    let sorted = values.sorted()
    guard let last = sorted.last else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1
      ? sorted[middle] : (sorted[middle - 1] + (middle < sorted.count ? sorted[middle] : last)) / 2
  }

  var minimum: Double { values.min() ?? .nan }
  var maximum: Double { values.max() ?? .nan }

  private enum Keys: String, CodingKey { case median, minimum, maximum, values }

  init() {}

  init(from decoder: any Decoder) throws {
    values = try decoder.container(keyedBy: Keys.self).decode([Double].self, forKey: .values)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(median, forKey: .median)
    try container.encode(minimum, forKey: .minimum)
    try container.encode(maximum, forKey: .maximum)
    try container.encode(values, forKey: .values)
  }
}
