#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Android)
  import Android
#endif

/// The arithmetic of a ``Reduction``, accumulated in double precision.
///
/// Norms as `torch.norm`: order 0 counts the entries that are not zero, infinity takes the largest magnitude and minus
/// infinity the smallest, every other order n gives `(sum |x|^n)^(1/n)`. A NaN makes the norm NaN, except that order 0
/// counts it.
enum ReductionKernel: Hashable {
  case total, count, sum, squares, cubes, largest, smallest
  case power(Double)

  init(_ reduction: Reduction) {
    switch reduction {
    case .norm(let order): self.init(order: order)
    case .sum: self = .total
    }
  }

  /// - Parameter order: Any real number or an infinity, not NaN.
  init(order: Double) {
    precondition(!order.isNaN, "norm: expected a real order, inf or -inf, found nan")
    switch order {
    case 0: self = .count
    case 1: self = .sum
    case 2: self = .squares
    case 3: self = .cubes
    case .infinity: self = .largest
    case -.infinity: self = .smallest
    default: self = .power(order)
    }
  }

  /// What the accumulation starts from.
  var start: Double { self == .smallest ? .infinity : 0 }

  /// What one entry adds.
  @inline(__always)
  private func term(_ value: Double) -> Double {
    switch self {
    case .total: value
    case .count: value != 0 ? 1 : 0
    case .sum, .largest, .smallest: value.magnitude
    case .squares: value * value
    case .cubes: value.magnitude * value * value
    case .power(let order): pow(value.magnitude, order)
    }
  }

  /// The accumulation over two groups.
  @inline(__always)
  func merge(_ a: Double, _ b: Double) -> Double {
    switch self {
    // Either NaN wins.
    case .largest: a >= b || a.isNaN ? a : b
    case .smallest: a <= b || a.isNaN ? a : b
    case .total, .count, .sum, .squares, .cubes, .power: a + b
    }
  }

  /// The norm of an accumulation.
  func finish(_ accumulated: Double) -> Double {
    switch self {
    case .squares: accumulated.squareRoot()
    case .cubes: cbrt(accumulated)
    case .power(let order): pow(accumulated, 1 / order)
    case .total, .count, .sum, .largest, .smallest: accumulated
    }
  }

  /// The accumulation over `count` consecutive entries.
  @inline(__always)
  func reduce(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    switch self {
    case .total: return sum(values, count) { $0 }
    case .sum: return sum(values, count) { magnitudes($0) }
    case .squares: return sum(values, count) { $0 * $0 }
    case .cubes: return sum(values, count) { magnitudes($0) * $0 * $0 }
    case .largest: return extreme(values, count) { $0 .> $1 }
    case .smallest: return extreme(values, count) { $0 .< $1 }
    case .count, .power:
      var result = start
      for index in 0..<count { result += term(values[index]) }
      return result
    }
  }

  /// Accumulates one row into one accumulation for each column.
  @inline(__always)
  func accumulate(_ values: UnsafePointer<Double>, _ count: Int, into columns: UnsafeMutablePointer<Double>) {
    switch self {
    case .total: for index in 0..<count { columns[index] += values[index] }
    case .sum: for index in 0..<count { columns[index] += values[index].magnitude }
    case .squares: for index in 0..<count { columns[index] += values[index] * values[index] }
    case .cubes: for index in 0..<count { columns[index] += values[index].magnitude * values[index] * values[index] }
    case .count, .largest, .smallest, .power:
      for index in 0..<count { columns[index] = merge(columns[index], term(values[index])) }
    }
  }
}

extension ReductionKernel {
  /// Sums in eight lanes, so that additions need not wait for each other.
  @inline(__always)
  private func sum(
    _ values: UnsafePointer<Double>, _ count: Int, _ term: (SIMD2<Double>) -> SIMD2<Double>
  ) -> Double {
    let raw = UnsafeRawPointer(values)
    var sums = (SIMD2<Double>(), SIMD2<Double>(), SIMD2<Double>(), SIMD2<Double>())
    var index = 0
    while index &+ 8 <= count {
      let from = raw + index &* 8
      sums.0 += term(from.loadUnaligned(as: SIMD2<Double>.self))
      sums.1 += term(from.loadUnaligned(fromByteOffset: 16, as: SIMD2<Double>.self))
      sums.2 += term(from.loadUnaligned(fromByteOffset: 32, as: SIMD2<Double>.self))
      sums.3 += term(from.loadUnaligned(fromByteOffset: 48, as: SIMD2<Double>.self))
      index &+= 8
    }
    let pair = (sums.0 + sums.1) + (sums.2 + sums.3)
    var total = pair[0] + pair[1]
    while index < count {
      total += term(SIMD2(repeating: values[index]))[0]
      index &+= 1
    }
    return total
  }

  /// The magnitude that `wins` over all others, or NaN where there is one.
  @inline(__always)
  private func extreme(
    _ values: UnsafePointer<Double>, _ count: Int,
    _ wins: (SIMD2<Double>, SIMD2<Double>) -> SIMDMask<SIMD2<Int64>>
  ) -> Double {
    let raw = UnsafeRawPointer(values)
    var best = SIMD2<Double>(repeating: start)
    // All ones where a value is not a number.
    var unordered = SIMD2<UInt64>()
    func take(_ entries: SIMD2<Double>) {
      let entries = magnitudes(entries)
      unordered |= unsafeBitCast(entries .!= entries, to: SIMD2<UInt64>.self)
      let mask = unsafeBitCast(wins(entries, best), to: SIMD2<UInt64>.self)
      let winners = unsafeBitCast(entries, to: SIMD2<UInt64>.self) & mask
      let others = unsafeBitCast(best, to: SIMD2<UInt64>.self) & ~mask
      best = unsafeBitCast(winners | others, to: SIMD2<Double>.self)
    }
    var index = 0
    while index &+ 2 <= count {
      take(raw.loadUnaligned(fromByteOffset: index &* 8, as: SIMD2<Double>.self))
      index &+= 2
    }
    if index < count { take(SIMD2(repeating: values[index])) }
    return unordered[0] | unordered[1] != 0 ? .nan : merge(best[0], best[1])
  }
}

/// The values without their signs.
@inline(__always)
private func magnitudes(_ values: SIMD2<Double>) -> SIMD2<Double> {
  let bits = unsafeBitCast(values, to: SIMD2<UInt64>.self) & SIMD2(repeating: 0x7fff_ffff_ffff_ffff)
  return unsafeBitCast(bits, to: SIMD2<Double>.self)
}
