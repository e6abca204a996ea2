import CKernels

/// A convolution with a sparse weight, a bias and an activation: `torch.nn.functional.conv2d`, and `conv1d` with a height
/// of 1.
///
/// Inputs [batch, channels, height, width], outputs the same, float32, contiguous. Each output is summed up in the order of
/// the weight's columns, in the same way for any number of threads. Entries that are not kept are not multiplied: where an
/// input is infinite or NaN, the dense convolution with zeros would give NaN, and this does not. Zeros within kept blocks are
/// multiplied.
public final class SparseConvolution: Sendable {
  /// The layer.
  public let shape: ConvolutionShape
  /// How the weight is kept.
  public let format: SparseFormat
  /// What is done with the sums.
  public let activation: Activation
  private let bias: [Float]?
  private let matrix: SparseMatrix
  private let tuning: Tuning
  private let instructions: InstructionSet
  private let prepared = Cache<ConvolutionShape.Pair, Prepared>()

  private struct Prepared: Sendable {
    let layout: ConvolutionLayout
    let operand: TileOperand
  }

  /// Keeps what is not 0 in a dense weight.
  ///
  /// - Parameters:
  ///   - weight: [outputs, inputs / groups, kernel height, kernel width], row by row.
  ///   - shape: channels, kernel, stride, padding, dilation and groups.
  ///   - bias: one for each output channel, or none.
  ///   - activation: what the outputs go through.
  ///   - format: how the weight is kept.
  ///   - tuning: the sizes of passes; usual ones for the format unless given.
  ///   - instructions: `InstructionSet.chosen()` unless given.
  /// - Throws: ``SparseKernelError``; ``SparseKernelError/format(_:reason:)`` for lanes and windows, and for blocks that would lie
  ///   across groups.
  public init(
    weight: UnsafeBufferPointer<Float>, shape: ConvolutionShape, bias: [Float]? = nil,
    activation: Activation = .identity, format: SparseFormat, tuning: Tuning? = nil,
    instructions: InstructionSet? = nil
  ) throws(SparseKernelError) {
    if let bias, bias.count != shape.outputs {
      throw .count(of: "biases", expected: shape.outputs, found: bias.count)
    }
    if format.isForSingleVectors { throw .format(format, reason: "it serves products with single vectors alone") }
    let inGroup = shape.outputs / shape.groups
    if shape.groups > 1, inGroup % format.height != 0 {
      throw .format(format, reason: "\(inGroup) outputs in a group are not divisible by \(format.height)")
    }
    (self.shape, self.bias, self.activation, self.format) = (shape, bias, activation, format)
    self.tuning = tuning ?? .standard(for: format)
    if let instructions { self.instructions = instructions } else { self.instructions = try .chosen() }
    matrix = try SparseMatrix(dense: weight, rows: shape.outputs, columns: shape.columns, height: format.height)
  }

  /// The convolution.
  ///
  /// - Parameters:
  ///   - x: [batch, inputs, height, width].
  ///   - batch: how many images.
  ///   - height: rows of an image.
  ///   - width: columns of an image.
  ///   - y: [batch, outputs, ...] of ``ConvolutionShape/outputSize(height:width:)``, written in full; must not overlap `x`.
  ///   - workers: the threads that share the work; the result is the same for any.
  /// - Throws: ``SparseKernelError/size(_:)`` where the kernel is larger than the input, or the input too large for
  ///   offsets of 32 bits; nothing is written then.
  public func callAsFunction(
    _ x: UnsafePointer<Float>, batch: Int, height: Int, width: Int, into y: UnsafeMutablePointer<Float>,
    workers: Workers = .serial
  ) throws(SparseKernelError) {
    guard let output = shape.outputSize(height: height, width: width) else {
      throw .size(
        "a kernel of \(shape.kernel.height) x \(shape.kernel.width) on an input of \(height) x \(width): expected an "
          + "input that is at least as large with its padding")
    }
    guard (height + 2 * shape.padding.height + 1) * (width + 2 * shape.padding.width + 16) * shape.inputs < 1 << 30,
      output.height * (output.width + shape.kernel.width * shape.dilation.width) < 1 << 30
    else { throw .size("an image of \(shape.inputs) x \(height) x \(width): expected less than 2^30 entries") }
    guard batch > 0 else { return }
    let (kernels, lanes) = (instructions.kernels, instructions.lanes)
    let prepared = prepared[.init(height, width), { prepare(output, height: height, width: width) }]
    let inputCount = shape.inputs * height * width
    let outputCount = shape.outputs * output.height * output.width
    func image(_ index: Int, _ workers: Workers) {
      let (from, to) = (x + index * inputCount, y + index * outputCount)
      if shape.isPointwise { return pointwise(from, to, prepared, workers, kernels, lanes) }
      padded(from, to, prepared, workers, kernels, lanes)
    }
    if batch >= 2 * workers.count {
      workers.split(batch) { images in for index in images { image(index, .serial) } }
    } else {
      for index in 0..<batch { image(index, workers) }
    }
  }

  private func prepare(_ output: ConvolutionShape.Pair, height: Int, width: Int) -> Prepared {
    let lanes = instructions.lanes
    let layout = ConvolutionLayout(
      shape, height: height, width: width, output: output, lanes: lanes,
      most: instructions.mostVectors(height: matrix.height))
    let channels = shape.inputs / shape.groups
    let inChunk = tuning.chunkBytes == 0 ? channels : layout.channels(inBytes: tuning.chunkBytes, lanes: lanes)
    let area = shape.kernel.height * shape.kernel.width
    let operand = TileOperand(
      matrix, slabRows: tuning.slabRows, chunks: (channels - 1) / inChunk + 1
    ) { row, column in (Int32(layout.offset(row: row, column: column)), column / area / inChunk) }
    return Prepared(layout: layout, operand: operand)
  }

  /// A kernel of one pixel: inputs and outputs where they are.
  private func pointwise(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ prepared: Prepared, _ workers: Workers,
    _ kernels: bk_kernels, _ lanes: Int
  ) {
    let (tiling, operand, pixels) = (prepared.layout.tiling, prepared.operand, prepared.layout.pixels)
    let width = tiling.vectors * lanes
    workers.split(tiling.count * operand.slabCount) { pieces in
      for piece in pieces {
        let (tile, slab) = (piece / operand.slabCount, piece % operand.slabCount)
        let columns = min(width, pixels - tile * width)
        bias.withOptionalPointer { bias in
          operand.multiply(
            slab: slab, x: x + tile * width,
            out: y + operand.rows(of: slab).lowerBound * pixels + tile * width, outStride: pixels,
            vectors: (columns + lanes - 1) / lanes, tail: (columns - 1) % lanes + 1, bias: bias, activation: activation,
            kernels)
        }
      }
    }
  }

  private func padded(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ prepared: Prepared, _ workers: Workers,
    _ kernels: bk_kernels, _ lanes: Int
  ) {
    let (layout, operand) = (prepared.layout, prepared.operand)
    let tiling = layout.tiling
    let width = tiling.vectors * lanes
    let plane = layout.output.height * layout.output.width
    Workspace.shared.withFloats(layout.inputLength(lanes: lanes)) { padded in
      workers.split(shape.inputs) { layout.pad($0, of: x, into: padded, kernels) }
      workers.split(tiling.count * operand.slabCount) { pieces in
        Workspace.shared.withFloats(operand.slabRows * width) { sums in
          for piece in pieces {
            let (tile, slab) = (piece / operand.slabCount, piece % operand.slabCount)
            let rows = operand.rows(of: slab)
            let columns = min(width, layout.pixels - tile * width)
            bias.withOptionalPointer { bias in
              operand.multiply(
                slab: slab, x: padded + tile * width, out: sums, outStride: width,
                vectors: (columns + lanes - 1) / lanes, tail: nil, bias: bias, activation: activation, kernels)
            }
            layout.runs[tile].withUnsafeBufferPointer { runs in
              kernels.copy_runs(
                sums, Int64(width), Int64(rows.count), runs.baseAddress, Int64(runs.count),
                y + rows.lowerBound * plane, Int64(plane))
            }
          }
        }
      }
    }
  }
}
