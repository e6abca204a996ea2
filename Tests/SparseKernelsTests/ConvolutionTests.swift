import SparseKernels
import Testing
import Torch

/// Sparse convolutions against LibTorch's in float64.
@Suite(.serialized) struct ConvolutionTests {
  @Test(arguments: InstructionSet.available)
  func randomCasesAgreeWithLibTorch(_ instructions: InstructionSet) throws {
    for seed in 0..<UInt64(caseCount) {
      var numbers = SeededNumbers(state: seed ^ 0xc0)
      let format = numbers.one(of: [SparseFormat.entries, .blocks4, .blocks8])
      let groups = numbers.one(of: [1, 1, 1, 2, 3])
      let inputs = groups * numbers.int(1...6)
      let outputs = groups == 1 ? numbers.int(1...20) : groups * format.height * numbers.int(1...2)
      let isFlat = numbers.int(0...4) == 0
      func pair(_ range: ClosedRange<Int>, flat: Int) -> ConvolutionShape.Pair {
        .init(isFlat ? flat : numbers.int(range), numbers.int(range))
      }
      let isPointwise = numbers.int(0...3) == 0
      let shape = try ConvolutionShape(
        inputs: inputs, outputs: outputs, kernel: isPointwise ? .init(1, 1) : pair(1...5, flat: 1),
        stride: isPointwise ? .init(1, 1) : pair(1...3, flat: 1),
        padding: isPointwise ? .init(0, 0) : pair(0...3, flat: 0),
        dilation: isPointwise ? .init(1, 1) : pair(1...3, flat: 1), groups: groups)
      let (height, width) = (isFlat ? 1 : numbers.int(1...15), numbers.int(1...24))
      guard let size = shape.outputSize(height: height, width: width) else { continue }
      let batch = numbers.one(of: [0, 1, 1, 2, 5])
      let weight = numbers.sparse(
        rows: outputs, columns: shape.columns, zeros: numbers.one(of: [0, 0.5, 0.8, 0.95, 1]), height: format.height)
      let bias: [Float]? = numbers.int(0...1) == 0 ? nil : numbers.floats(outputs)
      let activation = numbers.one(of: Activation.allCases)
      let tuning = Tuning(chunkBytes: numbers.one(of: [0, 128, 8192]), slabRows: numbers.one(of: [8, 16, 64]))
      let layer = try weight.withUnsafeBufferPointer {
        try SparseConvolution(
          weight: $0, shape: shape, bias: bias, activation: activation, format: format, tuning: tuning,
          instructions: instructions)
      }
      let x = numbers.floats(batch * inputs * height * width)
      var y = [Float](repeating: .nan, count: batch * outputs * size.height * size.width)
      try layer(x, batch: batch, height: height, width: width, into: &y)
      var again = [Float](repeating: .nan, count: y.count)
      try layer(x, batch: batch, height: height, width: width, into: &again, workers: twoThreads)
      #expect(y == again, "seed \(seed): another result with two threads")

      let w = Tensor(weight, shape: [outputs, inputs / groups, shape.kernel.height, shape.kernel.width]).to(.float64)
      let given = Tensor(x, shape: [batch, inputs, height, width]).to(.float64)
      func convolved(_ x: Tensor, _ w: Tensor, _ b: Tensor?) -> Tensor {
        conv2d(
          x, w, b, stride: [shape.stride.height, shape.stride.width],
          padding: [shape.padding.height, shape.padding.width],
          dilation: [shape.dilation.height, shape.dilation.width], groups: groups)
      }
      let b = bias.map { Tensor($0).to(.float64) }
      let exact = activation.applied(to: convolved(given, w, b))
      let sizes = convolved(given.abs(), w.abs(), b?.abs())
      #expect(exact.shape == [batch, outputs, size.height, size.width])
      let worst = excess(
        y, exact.array(of: Double.self), magnitudes: sizes.array(of: Double.self), terms: shape.columns)
      #expect(
        worst <= 1, "seed \(seed): \(worst) bounds off; \(format) \(shape) on \(height) x \(width), batch \(batch)")
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let shape = try ConvolutionShape(inputs: 2, outputs: 6, kernel: .init(3, 3), groups: 2)
    let weight = [Float](repeating: 1, count: 6 * 9)
    try weight.withUnsafeBufferPointer { weight in
      #expect(throws: SparseKernelError.self) {
        try SparseConvolution(weight: weight, shape: shape, format: .blocks4)
      }
      #expect(throws: SparseKernelError.self) { try SparseConvolution(weight: weight, shape: shape, format: .lanes) }
      let layer = try SparseConvolution(weight: weight, shape: shape, format: .entries)
      var y: [Float] = [7]
      #expect(throws: SparseKernelError.self) {
        try layer([0, 0], batch: 1, height: 1, width: 1, into: &y)
      }
      #expect(y == [7])
    }
    #expect(throws: SparseKernelError.self) {
      try ConvolutionShape(inputs: 3, outputs: 4, kernel: .init(1, 1), groups: 2)
    }
  }
}
