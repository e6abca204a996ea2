/// Copies a strided tensor's elements into contiguous memory in logical order, any part of them.
struct StridedGather {
  private let shape: [Int]
  private let strides: [Int]
  private let width: Int

  /// - Precondition: `tensor` came out of a reader, so its elements lie within its byte range.
  init(_ tensor: TensorInfo) {
    shape = tensor.shape
    strides = tensor.strides ?? []
    width = tensor.type.byteCount ?? 1
  }

  /// Copies the `buffer.count` bytes from logical byte `offset` on; `source` is the tensor's byte range.
  ///
  /// Complexity: O(elements), one copy of an element's width each.
  func copy(from source: UnsafeRawBufferPointer, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
    guard !buffer.isEmpty else { return }
    var index = unravel(offset / width)
    var position = zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
    var skip = offset % width
    var written = 0
    while written < buffer.count {
      let count = min(width - skip, buffer.count - written)
      let from = position * width + skip
      UnsafeMutableRawBufferPointer(rebasing: buffer[written..<written + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + count]))
      written += count
      skip = 0
      advance(&index, &position)
    }
  }

  private func unravel(_ element: Int) -> [Int] {
    var rest = element
    var index = [Int](repeating: 0, count: shape.count)
    for dimension in shape.indices.reversed() {
      index[dimension] = rest % shape[dimension]
      rest /= shape[dimension]
    }
    return index
  }

  private func advance(_ index: inout [Int], _ position: inout Int) {
    for dimension in shape.indices.reversed() {
      index[dimension] += 1
      position += strides[dimension]
      if index[dimension] < shape[dimension] { return }
      position -= strides[dimension] * shape[dimension]
      index[dimension] = 0
    }
  }
}
