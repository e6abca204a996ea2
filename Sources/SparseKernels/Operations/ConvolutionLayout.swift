import CKernels

/// How a convolution's input lies in memory, padded, so that each entry of the kernel finds its inputs of all pixels in
/// one run of memory.
///
/// Output pixel (h, w) is number h * rowLength + w; for an entry of the kernel the input of pixel p lies at p plus an
/// offset. Numbers of pixels beyond the output's width are computed and dropped. The input falls into one plane for each
/// phase of the stride that the kernel looks at, so that strides vanish. For a stride of 1 the zeros at the end of a row are
/// those at the beginning of the next one.
struct ConvolutionLayout: Sendable {
  let output: ConvolutionShape.Pair
  /// Floats from a row of pixels to the next one.
  let rowLength: Int
  let rows: Int
  /// Floats of a plane with its zeros.
  let planeLength: Int
  let phases: [ConvolutionShape.Pair]
  let tiling: Tiling
  /// Pixels from the first to the last one that is wanted.
  let pixels: Int
  /// For each tile what is copied to a plane of the output.
  let runs: [[bk_run]]
  private let shape: ConvolutionShape
  private let width: Int
  private let height: Int

  init(_ shape: ConvolutionShape, height: Int, width: Int, output: ConvolutionShape.Pair, lanes: Int, most: Int) {
    (self.shape, self.output, self.height, self.width) = (shape, output, height, width)
    let reach = ConvolutionShape.Pair(
      (shape.kernel.height - 1) * shape.dilation.height, (shape.kernel.width - 1) * shape.dilation.width)
    if shape.isPointwise {
      (rowLength, rows, planeLength, phases) = (width, height, height * width, [.init(0, 0)])
    } else {
      var phases: [ConvolutionShape.Pair] = []
      for a in 0..<shape.kernel.height {
        for b in 0..<shape.kernel.width {
          let phase = ConvolutionShape.Pair(
            a * shape.dilation.height % shape.stride.height, b * shape.dilation.width % shape.stride.width)
          if !phases.contains(phase) { phases.append(phase) }
        }
      }
      self.phases = phases
      rows = output.height + reach.height / shape.stride.height
      var gap = 0
      if shape.stride.width == 1 {
        gap = shape.padding.width
        rowLength = max(width + gap, output.width)
      } else {
        rowLength = output.width + reach.width / shape.stride.width
      }
      // An odd number of cache lines: planes do not fall on each other in the nearest cache.
      planeLength = ((rows * rowLength + gap + 15) / 16 | 1) * 16
    }
    pixels = (output.height - 1) * rowLength + output.width
    tiling = Tiling(columns: pixels, lanes: lanes, most: most)
    let tileWidth = tiling.vectors * lanes
    let (rowLength, outputWidth, pixels) = (rowLength, output.width, pixels)
    runs = (0..<tiling.count).map { tile in
      let (start, end) = (tile * tileWidth, min(pixels, (tile + 1) * tileWidth))
      guard start < end else { return [] }
      return (start / rowLength...(end - 1) / rowLength).compactMap { row in
        let from = max(start, row * rowLength)
        let to = min(end, row * rowLength + outputWidth)
        guard from < to else { return nil }
        return bk_run(
          from: Int32(from - start), to: Int32(row * outputWidth + from - row * rowLength), count: Int32(to - from))
      }
    }
  }

  /// Floats that the padded input of one image takes, with what tiles read beyond their end.
  func inputLength(lanes: Int) -> Int {
    shape.inputs * phases.count * planeLength + tiling.vectors * lanes
  }

  /// Where the inputs of a column of the weight lie for an output channel.
  func offset(row: Int, column: Int) -> Int {
    let area = shape.kernel.height * shape.kernel.width
    let channel = row / (shape.outputs / shape.groups) * (shape.inputs / shape.groups) + column / area
    let y = column % area / shape.kernel.width * shape.dilation.height
    let x = column % shape.kernel.width * shape.dilation.width
    let phase = phases.firstIndex(of: .init(y % shape.stride.height, x % shape.stride.width)) ?? 0
    return (channel * phases.count + phase) * planeLength + y / shape.stride.height * rowLength + x / shape.stride.width
  }

  /// How many channels of an input a number of bytes holds for one tile; at least 1.
  func channels(inBytes bytes: Int, lanes: Int) -> Int {
    let reach = (shape.kernel.height - 1) * shape.dilation.height / shape.stride.height
    let floats = min(planeLength, tiling.vectors * lanes + (reach > 0 ? reach * rowLength : 0)) * phases.count
    return max(1, bytes / (4 * floats))
  }

  /// Copies some channels of an image into their padded planes.
  func pad(
    _ channels: Range<Int>, of image: UnsafePointer<Float>, into padded: UnsafeMutablePointer<Float>,
    _ kernels: bk_kernels
  ) {
    for (index, phase) in phases.enumerated() {
      let columnStart = phase.width - shape.padding.width
      let step = shape.stride.width
      func columns(_ distance: Int) -> Int { distance <= 0 ? 0 : min(rowLength, (distance + step - 1) / step) }
      let first = columns(-columnStart)
      var padding = bk_padding(
        from: image + channels.lowerBound * height * width,
        to: padded + (channels.lowerBound * phases.count + index) * planeLength, planes: Int64(channels.count),
        from_plane: Int64(height * width), to_plane: Int64(planeLength * phases.count), to_length: Int64(planeLength),
        rows: Int64(height),
        columns: Int64(width), to_rows: Int64(rows), to_columns: Int64(rowLength), row_step: Int64(shape.stride.height),
        row_start: Int64(phase.height - shape.padding.height), column_step: Int64(step),
        column_start: Int64(columnStart), first: Int64(first), last: Int64(max(first, columns(width - columnStart))))
      kernels.pad(&padding)
    }
  }
}
