import SparseKernels
import Testing
import Torch

/// Sparse linear layers against LibTorch's in float64.
@Suite(.serialized) struct LinearTests {
  @Test(arguments: InstructionSet.available)
  func randomCasesAgreeWithLibTorch(_ instructions: InstructionSet) throws {
    for seed in 0..<UInt64(caseCount) {
      var numbers = SeededNumbers(state: seed)
      let format = numbers.one(of: SparseFormat.allCases)
      // Lanes go by bands of 64 outputs.
      let (inputs, outputs) = (numbers.int(0...70), numbers.int(1...(format == .lanes ? 200 : 40)))
      let batch = numbers.one(of: [0, 1, 1, 2, 7, 8, 15, 16, 17, 33, 64, numbers.int(1...300)])
      let zeros = numbers.one(of: [0, 0.5, 0.7, 0.9, 0.98, 1])
      let storage = numbers.one(of: WeightStorage.allCases)
      var dense = numbers.sparse(rows: outputs, columns: inputs, zeros: zeros, height: format.height)
      if format == .windows { numbers.keep(numbers.one(of: patterns), of: &dense, columns: inputs) }
      let weight = rounded(dense, to: storage)
      #expect(weight.withUnsafeBufferPointer(storage.holds))
      let bias: [Float]? = numbers.int(0...1) == 0 ? nil : numbers.floats(outputs)
      let activation = numbers.one(of: Activation.allCases)
      let tuning = Tuning(chunkBytes: numbers.one(of: [0, 64, 4096]), slabRows: numbers.one(of: [8, 16, 64]))
      let layer = try weight.withUnsafeBufferPointer {
        try SparseLinear(
          weight: $0, outputs: outputs, inputs: inputs, bias: bias, activation: activation, format: format,
          storage: storage, tuning: tuning, instructions: instructions)
      }
      let x = numbers.floats(batch * inputs)
      var y = [Float](repeating: .nan, count: batch * outputs)
      layer(x, batch: batch, into: &y)
      var again = [Float](repeating: .nan, count: batch * outputs)
      layer(x, batch: batch, into: &again, workers: twoThreads)
      #expect(y == again, "seed \(seed): another result with two threads")

      let w = Tensor(weight, shape: [outputs, inputs]).to(.float64)
      let given = Tensor(x, shape: [batch, inputs]).to(.float64)
      let b = bias.map { Tensor($0).to(.float64) }
      let exact = activation.applied(to: linear(given, w, b))
      let sizes = linear(given.abs(), w.abs(), b?.abs())
      let worst = excess(
        y, exact.array(of: Double.self), magnitudes: sizes.array(of: Double.self), terms: inputs)
      #expect(
        worst <= 1,
        "seed \(seed): \(worst) bounds off; \(format) \(storage) \(outputs) x \(inputs), batch \(batch), \(activation)")
    }
  }

  @Test func keptEntriesAreThoseOfTheMask() throws {
    let weight: [Float] = [1, 0, 2, 3, 0, 4]
    let matrix = try weight.withUnsafeBufferPointer { try SparseMatrix(dense: $0, rows: 2, columns: 3) }
    #expect(matrix.storedCount == 4)
    #expect(matrix.starts == [0, 2, 4])
    #expect(matrix.indices == .narrow([0, 2, 0, 2]))
    #expect(matrix.values == [1, 2, 3, 4])
    let masked = try weight.withUnsafeBufferPointer {
      try SparseMatrix(
        dense: $0, mask: .init([true, true, false, false, false, true]), rows: 2, columns: 3)
    }
    #expect(masked.indices == .narrow([0, 1, 2]))
    #expect(masked.values == [1, 0, 4])
  }

  @Test func infinityWherePrunedIsNotSeen() throws {
    let weight: [Float] = [1, 0, 0, 2]
    for format in [SparseFormat.entries, .lanes] {
      let layer = try weight.withUnsafeBufferPointer {
        try SparseLinear(weight: $0, outputs: 2, inputs: 2, format: format)
      }
      var y: [Float] = [0, 0]
      layer([.infinity, 3], batch: 1, into: &y)
      #expect(y == [.infinity, 6])
    }
  }

  @Test func storageHoldsWhatItDoesNotRound() {
    let values: [Float] = [1, -0, 65_504, 0x1p-24, .infinity]
    let others: [Float] = [1 + 0x1p-11, 65_520, 0x1p-25, 1e-30]
    #expect(values.withUnsafeBufferPointer { WeightStorage.float16.holds($0) })
    #expect(!values.withUnsafeBufferPointer { WeightStorage.bfloat16.holds($0) })
    for value in others { #expect(![value].withUnsafeBufferPointer { WeightStorage.float16.holds($0) }) }
    #expect(others.withUnsafeBufferPointer { WeightStorage.float32.holds($0) })
  }

  @Test func storageRoundsAsLibTorchDoes() throws {
    var numbers = SeededNumbers(state: 5)
    for storage in WeightStorage.allCases {
      let weight = (0..<4096).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()) & 0xc7ff_ffff) }
      // A diagonal: each output is one value of the weight.
      var diagonal = [Float](repeating: 0, count: 64 * 64)
      for index in 0..<64 { diagonal[index * 65] = weight[index] }
      let layer = try diagonal.withUnsafeBufferPointer {
        try SparseLinear(weight: $0, outputs: 64, inputs: 64, format: .entries, storage: storage)
      }
      var y = [Float](repeating: 0, count: 64)
      layer([Float](repeating: 1, count: 64), batch: 1, into: &y)
      #expect(y == rounded(Array(weight[..<64]), to: storage), "\(storage)")
    }
  }

  @Test func whatKeepsTooManyNeighboursIsNoWindow() {
    let weight = [Float](repeating: 1, count: 64)
    #expect(throws: SparseKernelError.self) {
      try weight.withUnsafeBufferPointer { try SparseLinear(weight: $0, outputs: 1, inputs: 64, format: .windows) }
    }
  }

  @Test func wrongSizesAreRefused() {
    let weight: [Float] = [1, 2, 3]
    #expect(throws: SparseKernelError.count(of: "entries of the matrix", expected: 4, found: 3)) {
      try weight.withUnsafeBufferPointer { try SparseLinear(weight: $0, outputs: 2, inputs: 2, format: .entries) }
    }
    #expect(throws: SparseKernelError.count(of: "biases", expected: 3, found: 1)) {
      try weight.withUnsafeBufferPointer {
        try SparseLinear(weight: $0, outputs: 3, inputs: 1, bias: [1], format: .entries)
      }
    }
  }
}
