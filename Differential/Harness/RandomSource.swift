/// Random numbers of a fixed seed (SplitMix64), the same on every platform.
struct RandomSource: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Whether an event of that probability happens.
  mutating func chance(_ p: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < p }

  /// A number of the range.
  mutating func int(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }

  /// One of the elements.
  mutating func pick<T>(_ elements: [T]) -> T { elements[int(0...elements.count - 1)] }

  /// One of the elements, each with its weight.
  mutating func pick<T>(weighted elements: [(Int, T)]) -> T {
    var left = int(1...elements.reduce(0) { $0 + $1.0 })
    for (weight, element) in elements {
      left -= weight
      if left <= 0 { return element }
    }
    return elements[0].1
  }

  /// A seed for either side's generator.
  mutating func seed() -> UInt64 { UInt64(int(0...99_999)) }
}
