import CKernels

/// x Wᵀ + b with a sparse W, and an activation: `torch.nn.functional.linear`.
///
/// Inputs [batch, in], outputs [batch, out], float32. Batches of one, and of few, are multiplied row by row; others as
/// tiles of columns. Each output is summed up in the order of the inputs (in a few partial sums for single vectors), in
/// the same way for any number of threads. Entries that are not kept are not multiplied: where an input is infinite or
/// NaN, the dense product with zeros would give NaN, and this does not. Zeros within kept blocks are multiplied, and in windows
/// zeros that fill up the places of a row with the first column of their group.
public final class SparseLinear: Sendable {
  /// The number of inputs.
  public let inputs: Int
  /// The number of outputs.
  public let outputs: Int
  /// How the weight is kept.
  public let format: SparseFormat
  /// What is done with the sums.
  public let activation: Activation
  private let bias: [Float]?
  private let weight: Weight
  private let tuning: Tuning
  private let instructions: InstructionSet
  private let operands = Cache<Int, TileOperand>()

  private enum Weight: Sendable {
    case rows(SparseMatrix, StoredValues)
    case lanes(LaneMatrix)
    case windows(WindowMatrix)
  }

  /// Keeps what is not 0 in a dense weight.
  ///
  /// - Parameters:
  ///   - weight: [outputs, inputs], row by row.
  ///   - outputs: how many rows the weight has.
  ///   - inputs: how many columns the weight has.
  ///   - bias: one for each output, or none.
  ///   - activation: what the outputs go through.
  ///   - format: how the weight is kept.
  ///   - storage: how single vectors find its values, which are rounded to it; batches too are multiplied with what is
  ///     rounded.
  ///   - tuning: the sizes of passes; usual ones for the format unless given.
  ///   - instructions: `InstructionSet.chosen()` unless given.
  /// - Throws: ``SparseKernelError``.
  public init(
    weight: UnsafeBufferPointer<Float>, outputs: Int, inputs: Int, bias: [Float]? = nil,
    activation: Activation = .identity, format: SparseFormat, storage: WeightStorage = .float32,
    tuning: Tuning? = nil, instructions: InstructionSet? = nil
  ) throws(SparseKernelError) {
    if let bias, bias.count != outputs { throw .count(of: "biases", expected: outputs, found: bias.count) }
    (self.outputs, self.inputs, self.bias, self.activation) = (outputs, inputs, bias, activation)
    self.format = format
    self.tuning = tuning ?? .standard(for: format)
    if let instructions { self.instructions = instructions } else { self.instructions = try .chosen() }
    let matrix = try SparseMatrix(dense: weight, rows: outputs, columns: inputs, height: format.height)
    switch format {
    case .lanes: self.weight = .lanes(LaneMatrix(matrix, storage: storage))
    case .windows: self.weight = .windows(try WindowMatrix(matrix, storage: storage))
    case .entries, .blocks4, .blocks8:
      let values = StoredValues(matrix.values, as: storage)
      self.weight = .rows(storage == .float32 ? matrix : matrix.with(values: values.rounded), values)
    }
  }

  /// Batches up to this one are multiplied vector by vector.
  private var mostVectors: Int { format.isForSingleVectors ? .max : 1 }

  /// The product.
  ///
  /// - Parameters:
  ///   - x: [batch, inputs], row by row.
  ///   - batch: how many rows.
  ///   - y: [batch, outputs], written in full; must not overlap `x`.
  ///   - workers: the threads that share the work; the result is the same for any.
  public func callAsFunction(
    _ x: UnsafePointer<Float>, batch: Int, into y: UnsafeMutablePointer<Float>, workers: Workers = .serial
  ) {
    guard batch > 0, outputs > 0 else { return }
    if batch <= mostVectors {
      for row in 0..<batch { vector(x + row * inputs, y + row * outputs, workers) }
    } else {
      tiles(x, batch, y, workers)
    }
  }

  private func vector(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ workers: Workers) {
    let kernels = instructions.kernels
    bias.withOptionalPointer { bias in
      func split(_ count: Int, _ multiply: (bk_part) -> Void) {
        workers.split(count) { units in
          multiply(
            bk_part(
              x: x, bias: bias, out: y, first: Int32(units.lowerBound), last: Int32(units.upperBound),
              activation: activation.kernel))
        }
      }
      switch weight {
      case .lanes(let matrix): split(matrix.bandCount) { matrix.withProduct($0) { kernels.multiply_lanes($0) } }
      case .windows(let matrix): split(matrix.bandCount) { matrix.withProduct($0) { kernels.multiply_windows($0) } }
      case .rows(let matrix, let values):
        split(matrix.unitCount) { matrix.withProduct($0, values) { kernels.multiply_vector($0) } }
      }
    }
  }

  /// The matrix times tiles of columns: inputs are transposed into panels [inputs, columns], outputs back.
  private func tiles(_ x: UnsafePointer<Float>, _ batch: Int, _ y: UnsafeMutablePointer<Float>, _ workers: Workers) {
    guard case .rows(let matrix, _) = weight else { return }
    let (kernels, lanes) = (instructions.kernels, instructions.lanes)
    let tiling = Tiling(columns: batch, lanes: lanes, most: instructions.mostVectors(height: matrix.height))
    let width = tiling.vectors * lanes
    let operand = operand(matrix, width: width)
    let panel = inputs * width
    Workspace.shared.withFloats(tiling.count * panel) { panels in
      // Sixty-four inputs at a time, so that threads share even a single tile.
      let strips = (inputs + 63) / 64
      workers.split(tiling.count * strips) { pieces in
        for piece in pieces {
          let (tile, first) = (piece / strips, piece % strips * 64)
          kernels.transpose(
            x + tile * width * inputs + first, Int64(inputs), Int64(min(width, batch - tile * width)),
            Int64(min(64, inputs - first)), panels + tile * panel + first * width, Int64(width), true)
        }
      }
      workers.split(tiling.count * operand.slabCount) { pieces in
        Workspace.shared.withFloats(operand.slabRows * width) { sums in
          for piece in pieces {
            let (tile, slab) = (piece / operand.slabCount, piece % operand.slabCount)
            let rows = operand.rows(of: slab)
            let columns = min(width, batch - tile * width)
            bias.withOptionalPointer { bias in
              operand.multiply(
                slab: slab, x: panels + tile * panel, out: sums, outStride: width,
                vectors: (columns + lanes - 1) / lanes, tail: nil, bias: bias, activation: activation, kernels)
            }
            kernels.transpose(
              sums, Int64(width), Int64(rows.count), Int64(columns), y + tile * width * outputs + rows.lowerBound,
              Int64(outputs), false)
          }
        }
      }
    }
  }

  private func operand(_ matrix: SparseMatrix, width: Int) -> TileOperand {
    operands[
      width,
      {
        let inChunk = tuning.chunkBytes == 0 ? Int.max : max(1, tuning.chunkBytes / (width * 4))
        return TileOperand(matrix, slabRows: tuning.slabRows, chunks: max(1, (inputs - 1) / inChunk + 1)) { _, column in
          (Int32(column * width), column / inChunk)
        }
      }]
  }
}
