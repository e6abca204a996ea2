import SparseKernels

/// Which layers are measured.
enum SparseCases {
  /// Those with a goal: what the kernels are meant for.
  static func goals() throws -> [SparseCase] {
    var cases: [SparseCase] = []
    func add(
      _ name: String, _ layer: SparseCase.Layer, _ format: SparseFormat, _ goals: [(Double, Double?)],
      storage: WeightStorage = .float32
    ) {
      for (sparsity, goal) in goals {
        cases.append(
          SparseCase(name: name, layer: layer, format: format, sparsity: sparsity, storage: storage, goal: goal))
      }
    }
    let square = SparseCase.Layer.linear(inputs: 1024, outputs: 1024, batch: 64)
    add("linear 1024, batch 64", square, .entries, [(0.7, 1.8), (0.8, 2.8), (0.9, 5), (0.95, 10)])
    add("linear 1024, batch 64", square, .blocks4, [(0.5, 3), (0.7, 5.5), (0.9, 14)])
    for size in [1024, 2048] {
      let vector = SparseCase.Layer.linear(inputs: size, outputs: size, batch: 1)
      add("linear \(size), batch 1", vector, .entries, [(0.7, 2), (0.9, 5)])
      add("linear \(size), batch 1", vector, .lanes, [(0.7, 2), (0.9, 5)])
      add("linear \(size), batch 1", vector, .lanes, [(0.7, nil), (0.9, nil)], storage: .bfloat16)
      add("linear \(size), batch 1", vector, .windows, [(0.5, nil), (0.75, nil)])
      add("linear \(size), batch 1", vector, .windows, [(0.5, nil), (0.75, nil)], storage: .bfloat16)
      add("linear \(size), batch 1", vector, .blocks4, [(0.7, nil), (0.9, nil)])
      add("linear \(size), batch 1", vector, .blocks4, [(0.7, nil), (0.9, nil)], storage: .bfloat16)
    }
    add("linear 768 to 3072, 128", .linear(inputs: 768, outputs: 3072, batch: 128), .blocks4, [(0.7, 4)])
    for (channels, size) in [(64, 56), (128, 28), (256, 14), (512, 7)] {
      let shape = try ConvolutionShape(
        inputs: channels, outputs: channels, kernel: .init(3, 3), padding: .init(1, 1))
      let layer = SparseCase.Layer.convolution(shape, size: size, batch: 1)
      add("conv 3 x 3, \(channels) at \(size)", layer, .entries, [(0.8, 1.5), (0.9, 2.5)])
      add("conv 3 x 3, \(channels) at \(size)", layer, .blocks4, [(0.5, 1.6), (0.7, 2.5), (0.9, 6)])
    }
    for (inputs, outputs, size) in mobileNet {
      let layer = try pointwise(inputs, outputs, size, batch: 1)
      add("conv 1 x 1, \(inputs) to \(outputs) at \(size)", layer, .blocks4, [(0.8, 3)])
    }
    return cases
  }

  /// A few layers of each kind at many sparsities, for the picture.
  static func picture() throws -> [SparseCase] {
    var cases: [SparseCase] = []
    func add(_ name: String, _ layer: SparseCase.Layer, _ formats: [SparseFormat]) {
      for format in formats {
        for sparsity in [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98] {
          cases.append(SparseCase(name: name, layer: layer, format: format, sparsity: sparsity))
        }
      }
    }
    add("linear 1024, batch 64", .linear(inputs: 1024, outputs: 1024, batch: 64), [.entries, .blocks4, .blocks8])
    add("linear 2048, batch 1", .linear(inputs: 2048, outputs: 2048, batch: 1), [.entries, .lanes, .blocks4])
    add("linear 768 to 3072, 128", .linear(inputs: 768, outputs: 3072, batch: 128), [.entries, .blocks4])
    for (channels, size) in [(64, 56), (256, 14)] {
      let shape = try ConvolutionShape(
        inputs: channels, outputs: channels, kernel: .init(3, 3), padding: .init(1, 1))
      add(
        "conv 3 x 3, \(channels) at \(size)", .convolution(shape, size: size, batch: 1), [.entries, .blocks4, .blocks8])
    }
    add("conv 1 x 1, 96 to 576 at 14", try pointwise(96, 576, 14, batch: 1), [.entries, .blocks4])
    return cases
  }

  /// Many more: sparsities from 50 to 98 %, batches of 1, 8 and 64.
  static func all() throws -> [SparseCase] {
    var cases: [SparseCase] = []
    let sparsities = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98]
    func add(_ name: String, _ layer: SparseCase.Layer, _ formats: [SparseFormat]) {
      for format in formats {
        for sparsity in sparsities {
          cases.append(SparseCase(name: name, layer: layer, format: format, sparsity: sparsity))
        }
      }
    }
    for batch in [1, 8, 64] {
      for (inputs, outputs) in [(1024, 1024), (768, 768), (768, 3072), (3072, 768), (400, 120), (120, 84)] {
        add(
          "linear \(inputs) to \(outputs), batch \(batch)", .linear(inputs: inputs, outputs: outputs, batch: batch),
          batch == 1 ? [.entries, .lanes, .blocks4, .blocks8] : [.entries, .blocks4, .blocks8])
      }
    }
    for batch in [1, 8] {
      for (inputs, outputs, size, stride) in resNet {
        let shape = try ConvolutionShape(
          inputs: inputs, outputs: outputs, kernel: .init(3, 3), stride: .init(stride, stride), padding: .init(1, 1))
        add(
          "conv 3 x 3, \(inputs) to \(outputs) at \(size)\(stride > 1 ? ", stride \(stride)" : ""), batch \(batch)",
          .convolution(shape, size: size, batch: batch), [.entries, .blocks4, .blocks8])
      }
      for (inputs, outputs, size) in mobileNet {
        add(
          "conv 1 x 1, \(inputs) to \(outputs) at \(size), batch \(batch)",
          try pointwise(inputs, outputs, size, batch: batch), [.entries, .blocks4])
      }
      let lenet = try ConvolutionShape(inputs: 6, outputs: 16, kernel: .init(5, 5))
      add(
        "conv 5 x 5, 6 to 16 at 14, batch \(batch)", .convolution(lenet, size: 14, batch: batch), [.entries, .blocks4])
    }
    return cases
  }

  private static let resNet = [
    (64, 64, 56, 1), (64, 128, 56, 2), (128, 128, 28, 1), (128, 256, 28, 2), (256, 256, 14, 1), (256, 512, 14, 2),
    (512, 512, 7, 1),
  ]
  private static let mobileNet = [
    (24, 144, 56), (144, 24, 56), (192, 32, 28), (384, 64, 14), (96, 576, 14), (576, 96, 14), (960, 160, 7),
    (320, 1280, 7),
  ]

  private static func pointwise(_ inputs: Int, _ outputs: Int, _ size: Int, batch: Int) throws -> SparseCase.Layer {
    .convolution(
      try ConvolutionShape(inputs: inputs, outputs: outputs, kernel: .init(1, 1)), size: size, batch: batch)
  }
}
