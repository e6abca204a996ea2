import Foundation
import SparseKernels
import Torch

/// A layer with a sparse weight, beside LibTorch's dense one.
struct SparseCase {
  enum Layer {
    case linear(inputs: Int, outputs: Int, batch: Int)
    case convolution(ConvolutionShape, size: Int, batch: Int)
  }

  var name: String
  var layer: Layer
  var format: SparseFormat
  var sparsity: Double
  /// How single vectors find the weight.
  var storage = WeightStorage.float32
  /// The ratio to LibTorch's dense layer that is to be reached with one thread; nil for none.
  var goal: Double?

  /// What came of it.
  struct Result: Encodable {
    var name: String
    var format: SparseFormat
    var storage: WeightStorage
    var instructions: InstructionSet
    var threads: Int
    var sparsity: Double
    var dense = Samples()
    var denseLayout = ""
    var csr: Samples?
    var sparse = Samples()
    var tuning: Tuning
    /// How many times as fast as the faster dense way: the median over turns.
    var ratio = 0.0
    /// The same of the shortest times, which other work on the machine touches least.
    var ratioOfMinima = 0.0
    var goal: Double?
    /// Multiplications with kept entries and their additions, in a second.
    var gigaflops = 0.0
    /// Bytes of kept entries, their places, inputs and outputs, in a second.
    var gigabytes = 0.0
    /// The share of the operations that the threads can do, and of the bytes that they can copy, both measured in this run.
    var shareOfPeak = 0.0
    var shareOfMemory = 0.0
    /// The largest difference from the dense layer by the largest magnitude of its outputs.
    var difference = 0.0
  }

  /// Measures all ways in turns.
  func measure(turns: Int, instructions: InstructionSet) throws -> Result {
    let weight = sparseWeight()
    let x = Tensor.randn(inputShape)
    var dense = [("contiguous", { denseOutput(x, weight) })]
    if case .convolution = layer {
      let (other, laid) = (weight.contiguous(.channelsLast), x.contiguous(.channelsLast))
      dense.append(("channels last", { denseOutput(laid, other) }))
    }
    var csr: (() -> Tensor)?
    if case .linear = layer {
      let rows = try callOperator("to_sparse_csr", [weight]).first
      let transposed = x.transpose(0, 1)
      if case .tensor(let rows)? = rows { csr = { rows.matmul(transposed) } }
    }
    let kernels = try tunings.map { tuning in (tuning, try kernel(weight, tuning, instructions)) }
    return noGrad {
      let wanted = dense[0].1()
      let found = kernels[0].1(x)
      let difference = (found - wanted).abs().max().item() / max(1e-30, wanted.abs().max().item())
      var works: [() -> Void] = dense.map { way in { _ = way.1() } }
      works += kernels.map { way in { _ = way.1(x) } }
      if let csr { works.append { _ = csr() } }
      let samples = Self.inTurns(works, turns: turns)
      let (denseSamples, sparseSamples) = (
        samples[..<dense.count], samples[dense.count..<(dense.count + kernels.count)]
      )
      func fastest(_ list: ArraySlice<Samples>) -> Int {
        list.indices.min { list[$0].median < list[$1].median } ?? list.startIndex
      }
      let (d, s) = (fastest(denseSamples), fastest(sparseSamples))
      var result = Result(
        name: name, format: format, storage: storage, instructions: instructions, threads: threadCount,
        sparsity: sparsity,
        tuning: kernels[s - dense.count].0, goal: goal)
      (result.dense, result.denseLayout, result.sparse) = (samples[d], dense[d].0, samples[s])
      result.csr = csr == nil ? nil : samples.last
      var ratios = Samples()
      for (a, b) in zip(samples[d].values, samples[s].values) { ratios.add(a / b) }
      result.ratio = ratios.median
      result.ratioOfMinima =
        (denseSamples.map(\.minimum).min() ?? .nan) / (sparseSamples.map(\.minimum).min() ?? .nan)
      let kept = Double(weight.count) * (1 - sparsity)
      result.gigaflops = 2 * kept * Double(wanted.count / weight.shape[0]) / result.sparse.median / 1e9
      result.gigabytes =
        (kept * bytesOfEntry + 4 * Double(x.count + wanted.count)) / result.sparse.median / 1e9
      result.difference = difference
      return result
    }
  }

  /// Seconds of each work, one block of repetitions a turn; the first turn only warms up.
  private static func inTurns(_ works: [() -> Void], turns: Int) -> [Samples] {
    let repeats = works.map { work in
      work()
      return max(1, min(200, Int(3e-4 / max(seconds(work), 1e-9))))
    }
    var samples = [Samples](repeating: Samples(), count: works.count)
    for turn in -1..<turns {
      for index in turn % 2 == 0 ? Array(works.indices) : works.indices.reversed() {
        let time = seconds { for _ in 0..<repeats[index] { works[index]() } }
        if turn >= 0 { samples[index].add(time / Double(repeats[index])) }
      }
    }
    return samples
  }

  private var tunings: [Tuning] {
    if case .linear(_, _, batch: 1) = layer { return [.standard(for: format)] }
    return [0, 24, 48, 96].map { Tuning(chunkBytes: $0 << 10, slabRows: 64) }
  }

  private var inputShape: [Int] {
    switch layer {
    case .linear(let inputs, _, let batch): [batch, inputs]
    case .convolution(let shape, let size, let batch): [batch, shape.inputs, size, size]
    }
  }

  /// What a kept entry takes in memory: its value, and its place or its share of one.
  private var bytesOfEntry: Double {
    let value = storage == .float32 ? 4.0 : 2
    guard case .linear(_, _, batch: 1) = layer else { return 4 + 4 / Double(format.height) }
    return switch format {
    case .lanes: value + 1
    case .windows: value + 0.5
    case .entries, .blocks4, .blocks8: value + 2 / Double(format.height)
    }
  }

  /// Random entries of which the share given is 0, in blocks of the format's height, or as many in each 4 of a row.
  private func sparseWeight() -> Tensor {
    let shape: [Int] =
      switch layer {
      case .linear(let inputs, let outputs, _): [outputs, inputs]
      case .convolution(let shape, _, _):
        [shape.outputs, shape.inputs / shape.groups, shape.kernel.height, shape.kernel.width]
      }
    let (rows, columns) = (shape[0], shape.dropFirst().reduce(1, *))
    let height = format.height
    let units = (rows + height - 1) / height
    let draws = Tensor.rand([units * columns])
    let order = draws.argsort()
    let mask = Tensor.ones([units * columns])
    let pruned = Int((sparsity * Double(units * columns)).rounded())
    let zeros = order.narrow(0, start: 0, length: pruned)
    mask.scatterInPlace(0, zeros, 0)
    let spread = mask.reshape([units, 1, columns]).expand([units, height, columns]).reshape([units * height, columns])
    if format == .windows {
      // Of each 4 neighbours those with the smallest draws.
      let ranks = Tensor.rand([rows, columns / 4, 4]).argsort().argsort()
      let kept = (ranks .< Int((4 * (1 - sparsity)).rounded())).to(.float32).reshape(shape)
      return stored(Tensor.randn(shape) * kept)
    }
    return stored(Tensor.randn([rows, columns]) * spread.narrow(0, start: 0, length: rows)).reshape(shape).contiguous()
  }

  /// The weight in numbers that the storage holds.
  private func stored(_ weight: Tensor) -> Tensor {
    switch storage {
    case .float32: weight
    case .bfloat16: weight.to(.bfloat16).to(.float32)
    case .float16: weight.to(.float16).to(.float32)
    }
  }

  private func denseOutput(_ x: Tensor, _ weight: Tensor) -> Tensor {
    switch layer {
    case .linear: linear(x, weight)
    case .convolution(let shape, _, _):
      conv2d(
        x, weight, stride: [shape.stride.height, shape.stride.width],
        padding: [shape.padding.height, shape.padding.width], groups: shape.groups)
    }
  }

  private func kernel(
    _ weight: Tensor, _ tuning: Tuning, _ instructions: InstructionSet
  ) throws -> (Tensor) -> Tensor {
    let workers = Workers(count: threadCount) { pieces, body in onEngineThreads(pieces: pieces, body) }
    switch layer {
    case .linear(let inputs, let outputs, let batch):
      let product = try weight.withUnsafeBuffer(of: Float.self) {
        try SparseLinear(
          weight: $0, outputs: outputs, inputs: inputs, format: format, storage: storage, tuning: tuning,
          instructions: instructions)
      }
      return { x in
        let y = Tensor.empty([batch, outputs])
        x.withUnsafeBuffer(of: Float.self) { from in
          y.withUnsafeMutableBuffer(of: Float.self) { to in
            guard let from = from.baseAddress, let to = to.baseAddress else { return }
            product(from, batch: batch, into: to, workers: workers)
          }
        }
        return y
      }
    case .convolution(let shape, let size, let batch):
      let product = try weight.withUnsafeBuffer(of: Float.self) {
        try SparseConvolution(
          weight: $0, shape: shape, format: format, tuning: tuning, instructions: instructions)
      }
      guard let output = shape.outputSize(height: size, width: size) else { fatalError("no output") }
      return { x in
        let y = Tensor.empty([batch, shape.outputs, output.height, output.width])
        x.withUnsafeBuffer(of: Float.self) { from in
          y.withUnsafeMutableBuffer(of: Float.self) { to in
            guard let from = from.baseAddress, let to = to.baseAddress else { return }
            do {
              try product(from, batch: batch, height: size, width: size, into: to, workers: workers)
            } catch {
              fatalError("\(error)")
            }
          }
        }
        return y
      }
    }
  }
}
