/// Reads a strided tensor's elements in logical order into contiguous memory, any part of them.
///
/// The file is read through `pread` in pieces of its own order, so that memory stays bounded: a part of the tensor is cut
/// into boxes, and a box whose elements lie far apart is taken slice by slice along its widest stride.
struct StridedGather {
  private let file: MappedFile
  private let start: Int
  private let shape: [Int]
  private let strides: [Int]
  private let width: Int

  /// One dimension of a box: how many steps, and how far each goes in the file and in memory, in elements.
  private struct Axis {
    var count: Int
    var source: Int
    var target: Int
  }

  /// - Precondition: `tensor` came out of the reader of `file`, so its elements lie within its byte range.
  init(_ tensor: TensorInfo, of file: MappedFile) {
    self.file = file
    start = tensor.byteRange.lowerBound
    shape = tensor.shape
    strides = tensor.strides ?? []
    width = tensor.type.byteCount ?? 1
  }

  /// Copies the `buffer.count` bytes from logical byte `offset` on.
  ///
  /// Complexity: O(elements); at worst one system call for each run of the file that the part has.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    guard let target = buffer.baseAddress, !buffer.isEmpty else { return }
    let elements = offset / width..<(offset + buffer.count + width - 1) / width
    guard offset % width == 0, buffer.count % width == 0 else {
      // A part that cuts elements in two.
      let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: elements.count * width, alignment: 16)
      defer { whole.deallocate() }
      try read(at: elements.lowerBound * width, into: whole)
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: whole[(offset % width)...].prefix(buffer.count)))
      return
    }
    try read(elements, dimension: 0, from: 0, to: target)
  }

  /// Reads a range of the elements that the dimensions from `dimension` on count, which begin at element `source`.
  private func read(
    _ range: Range<Int>, dimension: Int, from source: Int, to target: UnsafeMutableRawPointer
  ) throws(CheckpointError) {
    guard dimension < shape.count else { return try copy([], from: source, to: target) }
    let inner = shape[(dimension + 1)...].reduce(1, *)
    let stride = strides[dimension]
    var position = range.lowerBound
    while position < range.upperBound {
      let (index, rest) = position.quotientAndRemainder(dividingBy: inner)
      let place = target + (position - range.lowerBound) * width
      let whole = range.upperBound / inner - index
      if rest == 0, whole > 0 {
        var axes = [Axis(count: whole, source: stride, target: inner)]
        var step = inner
        for next in shape.indices.dropFirst(dimension + 1) {
          step /= shape[next]
          axes.append(Axis(count: shape[next], source: strides[next], target: step))
        }
        try copy(axes, from: source + index * stride, to: place)
        position += whole * inner
      } else {
        let end = min(range.upperBound, (index + 1) * inner)
        let part = rest..<end - index * inner
        try read(part, dimension: dimension + 1, from: source + index * stride, to: place)
        position = end
      }
    }
  }

  /// Copies a box: what it spans at once where that is little more than its elements; else its slices, as many at a time
  /// as make whole lines of memory where they are short.
  private func copy(_ axes: [Axis], from source: Int, to target: UnsafeMutableRawPointer) throws(CheckpointError) {
    var axes = axes.filter { $0.count > 1 }
    guard let widest = axes.indices.max(by: { axes[$0].source < axes[$1].source }), !isDense(axes) else {
      return try copy(axes, slices: Axis(count: 1, source: 0, target: 0), from: source, to: target)
    }
    let axis = axes.remove(at: widest)
    let batch = isDense(axes) ? min(axis.count, max(1, Self.batchSize / (span(axes) * width))) : 1
    for first in stride(from: 0, to: axis.count, by: batch) {
      let slices = Axis(count: min(batch, axis.count - first), source: axis.source, target: axis.target)
      let (source, target) = (source + first * axis.source, target + first * axis.target * width)
      if isDense(axes) {
        try copy(axes, slices: slices, from: source, to: target)
      } else {
        try copy(axes, from: source, to: target)
      }
    }
  }

  /// Copies dense slices, each read at once into its place in a piece of memory.
  private func copy(
    _ axes: [Axis], slices: Axis, from source: Int, to target: UnsafeMutableRawPointer
  ) throws(CheckpointError) {
    let span = span(axes)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: slices.count * span * width, alignment: 16)
    defer { memory.deallocate() }
    for slice in 0..<slices.count {
      let part = UnsafeMutableRawBufferPointer(rebasing: memory[slice * span * width..<(slice + 1) * span * width])
      try file.read(at: start + (source + slice * slices.source) * width, into: part)
    }
    let all = axes + (slices.count > 1 ? [Axis(count: slices.count, source: span, target: slices.target)] : [])
    guard let base = memory.baseAddress else { return }
    gather(all.sorted { $0.target > $1.target }[...], base, target)
  }

  /// Bytes of slices that are read before they are put in order.
  private static let batchSize = 1 << 18

  /// The elements of the file from the first of a box to its last.
  private func span(_ axes: [Axis]) -> Int { axes.reduce(1) { $0 + ($1.count - 1) * $1.source } }

  private func isDense(_ axes: [Axis]) -> Bool {
    let span = span(axes)
    return span <= 4 * axes.reduce(1) { $0 * $1.count } || span * width <= 1 << 12
  }

  private func gather(_ axes: ArraySlice<Axis>, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer) {
    guard let axis = axes.first else {
      target.copyMemory(from: source, byteCount: width)
      return
    }
    guard axes.count == 1 else {
      for index in 0..<axis.count {
        gather(
          axes.dropFirst(), source + index * axis.source * width, target + index * axis.target * width)
      }
      return
    }
    switch width {
    case 1: step(axis, source, target, UInt8.self)
    case 2: step(axis, source, target, UInt16.self)
    case 4: step(axis, source, target, UInt32.self)
    case 8: step(axis, source, target, UInt64.self)
    default: step(axis, source, target, BitmaskPair.self)
    }
  }

  private func step<T: BitwiseCopyable>(
    _ axis: Axis, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ type: T.Type
  ) {
    for index in 0..<axis.count {
      let value = source.loadUnaligned(fromByteOffset: index &* axis.source &* MemoryLayout<T>.size, as: T.self)
      target.storeBytes(of: value, toByteOffset: index &* axis.target &* MemoryLayout<T>.size, as: T.self)
    }
  }
}
