import Foundation
import SparseKernels
import Torch

/// Numbers that follow from a seed (SplitMix64), so that a failing case can be run again.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in -1..<1.
  mutating func float() -> Float { Float(next() >> 40) / Float(1 << 23) - 1 }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  mutating func one<T>(of list: [T]) -> T { list[int(0...(list.count - 1))] }

  /// A matrix of which about a share is 0, in blocks of so many rows; now and then a row is empty.
  mutating func sparse(rows: Int, columns: Int, zeros: Double, height: Int) -> [Float] {
    var list = floats(rows * columns)
    for top in stride(from: 0, to: rows, by: height) {
      let isEmpty = int(0...15) == 0
      for column in 0..<columns where isEmpty || Double(next() >> 11) / Double(1 << 53) < zeros {
        for row in top..<min(rows, top + height) { list[row * columns + column] = 0 }
      }
    }
    return list
  }
}

/// N:M patterns that windows take.
let patterns = [(1, 8), (2, 16), (1, 4), (2, 8), (4, 16), (2, 4), (4, 8), (8, 16)]

extension SeededNumbers {
  /// Makes zeros of all but so many in each group of neighbours, at random.
  mutating func keep(_ pattern: (kept: Int, group: Int), of list: inout [Float], columns: Int) {
    guard columns > 0 else { return }
    for row in 0..<list.count / columns {
      for start in stride(from: 0, to: columns, by: pattern.group) {
        let order = (start..<min(columns, start + pattern.group)).shuffled(using: &self)
        for column in order.dropFirst(pattern.kept) { list[row * columns + column] = 0 }
      }
    }
  }
}

/// The nearest numbers of a type, by LibTorch.
func rounded(_ list: [Float], to storage: WeightStorage) -> [Float] {
  storage == .float32
    ? list : Tensor(list).to(storage == .bfloat16 ? .bfloat16 : .float16).to(.float32).array(of: Float.self)
}

/// How many random cases each test tries: `BONSAI_KERNEL_CASES`, else few.
let caseCount = ProcessInfo.processInfo.environment["BONSAI_KERNEL_CASES"].flatMap(Int.init) ?? 150

/// What differs most between a product and the float64 one, in units of the bound: for sums of float32 products, half a
/// unit in the last place of the sum of magnitudes for each of the additions at most.
func excess(_ found: [Float], _ exact: [Double], magnitudes: [Double], terms: Int) -> Double {
  guard found.count == exact.count else { return .infinity }
  let unit = Double(Float.ulpOfOne) / 2 * Double(terms + 4)
  var worst = 0.0
  for (y, (wanted, size)) in zip(found, zip(exact, magnitudes)) {
    let difference = abs(Double(y) - wanted)
    worst = max(worst, difference.isFinite ? difference / (unit * size + 1e-6 * abs(wanted) + 1e-12) : .infinity)
  }
  return worst
}

extension Activation {
  /// The same by LibTorch.
  func applied(to x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .relu: x.relu()
    case .silu: x.silu()
    case .gelu: x.gelu()
    }
  }
}

/// Two threads that are no engine's.
let twoThreads = Workers(count: 2) { pieces, body in
  withoutActuallyEscaping(body) { body in
    let job = Job(body: body)
    DispatchQueue.concurrentPerform(iterations: pieces) { job.body($0) }
  }
}

private struct Job: @unchecked Sendable { let body: (Int) -> Void }
