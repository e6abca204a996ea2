import SparseKernels
import Torch

/// A layer with an input of its own, on which ways of computing it are tried.
struct LayerTrial {
  let operation: LayerOperation
  let input: Tensor
  /// Whether the weight, or the format of the input, shows at all that a sparse kernel may win.
  private static let leastSparsity = 0.25
  /// What a sparse kernel must take at most of the dense time, so that noise does not decide.
  private static let mostShare = 0.93

  /// Measures dense and sparse ways in turns.
  ///
  /// - Returns: what was found; the choice is a sparse kernel where one was clearly faster than the faster dense way.
  func measure() -> AccelerationPlan.Layer {
    var layer = AccelerationPlan.Layer(
      path: operation.path, operation: operation.summary, input: input.shape, sparsity: 0, blockSparsity: 0,
      choice: .dense, denseMicroseconds: 0, microseconds: 0, reason: operation.obstacle)
    if case .maxPool = operation.kind { return measurePool(layer) }
    if layer.reason == nil { (layer.sparsity, layer.blockSparsity) = sparsities() }
    var ways: [(choice: LayerChoice, kernel: LayerKernel, input: Tensor)] = []
    for choice in candidates(layer) {
      guard let kernel = try? LayerKernel(operation, choice) else { continue }
      ways.append((choice, kernel, choice == .denseChannelsLast ? input.contiguous(.channelsLast) : input.contiguous()))
    }
    let times = InTurns.microseconds(ways.map { way in { _ = way.kernel(way.input) } })
    let dense = zip(ways, times).filter { !$0.0.choice.isSparse }.map(\.1).min() ?? 0
    (layer.denseMicroseconds, layer.microseconds) = (dense, dense)
    let sparse = zip(ways, times).filter { $0.0.choice.isSparse }.min { $0.1 < $1.1 }
    if let sparse, sparse.1 < Self.mostShare * dense {
      (layer.choice, layer.microseconds) = (sparse.0.choice, sparse.1)
    } else if layer.reason == nil, sparse == nil {
      layer.reason = "its weight has few zeros"
    }
    return layer
  }

  /// A pool between contiguous neighbours: as it is, or in the other memory format and back.
  private func measurePool(_ layer: AccelerationPlan.Layer) -> AccelerationPlan.Layer {
    var layer = layer
    let choices = input.rank == 4 ? [LayerChoice.dense, .denseChannelsLast] : [.dense]
    let kernels = choices.compactMap { try? LayerKernel(operation, $0) }
    let x = input.contiguous()
    let times = InTurns.microseconds(kernels.map { kernel in { _ = kernel(x) } })
    guard let best = times.indices.min(by: { times[$0] < times[$1] }) else { return layer }
    let isClear = times[best] < Self.mostShare * times[0]
    (layer.denseMicroseconds, layer.choice) = (times[0], isClear ? choices[best] : .dense)
    layer.microseconds = isClear ? times[best] : times[0]
    return layer
  }

  private func candidates(_ layer: AccelerationPlan.Layer) -> [LayerChoice] {
    var list = [LayerChoice.dense]
    if case .convolution(_, dimensions: 2) = operation.kind, input.rank == 4 { list.append(.denseChannelsLast) }
    guard layer.reason == nil, input.dtype == .float32 else { return list }
    if operation.kind == .linear, input.count == input.shape.last { return list + singleVectorCandidates(layer) }
    if layer.sparsity >= Self.leastSparsity {
      for kilobytes in [0, 24, 48] {
        list.append(.sparse(format: .entries, tuning: Tuning(chunkBytes: kilobytes << 10, slabRows: 64)))
      }
    }
    if layer.blockSparsity >= Self.leastSparsity {
      for format in [SparseFormat.blocks4, .blocks8] {
        list.append(.sparse(format: format, tuning: .standard(for: format)))
        list.append(.sparse(format: format, tuning: Tuning(chunkBytes: 96 << 10, slabRows: 64)))
      }
    }
    return list
  }

  /// Single vectors are not cut into passes, and are bound by the bytes of the weight. Formats that do not fit the weight, and
  /// types that do not hold it, are left out when their kernels are made.
  private func singleVectorCandidates(_ layer: AccelerationPlan.Layer) -> [LayerChoice] {
    let formats: [SparseFormat] =
      (layer.sparsity >= Self.leastSparsity ? [.entries, .lanes, .windows] : [])
      + (layer.blockSparsity >= Self.leastSparsity ? [.blocks4, .blocks8] : [])
    return formats.flatMap { format in
      [nil, .bfloat16, .float16].map { .sparse(format: format, tuning: .standard(for: format), storage: $0) }
    }
  }

  private func sparsities() -> (entries: Double, blocks: Double) {
    let weight = operation.weight.detach().contiguous()
    let rows = weight.shape[0]
    let columns = rows == 0 ? 0 : weight.count / rows
    return weight.withUnsafeBuffer(of: Float.self) { values in
      func sparsity(_ height: Int) -> Double {
        (try? SparseMatrix(dense: values, rows: rows, columns: columns, height: height).sparsity) ?? 0
      }
      return (sparsity(1), sparsity(4))
    }
  }
}

/// Works measured in turns, so that whatever else the machine does meets all of them.
enum InTurns {
  private static let clock = ContinuousClock()

  /// The median time of each in microseconds. Short works are repeated within a turn; all together they take about
  /// `budget`, and at least five turns.
  static func microseconds(_ works: [() -> Void], budget: Duration = .milliseconds(150)) -> [Double] {
    noGrad {
      let repeats = works.map { work in
        work()
        let once = clock.measure(work).inSeconds
        return max(1, min(100, Int(2e-4 / max(once, 1e-9))))
      }
      var samples = [[Double]](repeating: [], count: works.count)
      let end = clock.now + budget
      var turns = 0
      while turns < 5 || clock.now < end && turns < 60 {
        for (index, work) in works.enumerated() {
          let time = clock.measure { for _ in 0..<repeats[index] { work() } }
          samples[index].append(time.inSeconds * 1e6 / Double(repeats[index]))
        }
        turns += 1
      }
      return samples.map(\.median)
    }
  }
}
