/// Bytes of a file that can be copied without being looked at.
package struct FilePart: Sendable {
  let file: MappedFile
  /// Where they lie.
  package let range: Range<Int>

  /// The part of this part from `start` on, of at most `count` bytes.
  package func part(from start: Int, count: Int) -> FilePart {
    let first = range.lowerBound + start
    return FilePart(file: file, range: first..<min(range.upperBound, first + count))
  }
}

extension Checkpoint {
  /// The bytes of a tensor as they lie in its file; nil where they do not lie side by side.
  package func part(of tensor: TensorInfo) -> FilePart? {
    guard tensor.strides == nil, mappedFiles.indices.contains(tensor.fileIndex) else { return nil }
    return FilePart(file: mappedFiles[tensor.fileIndex], range: tensor.byteRange)
  }
}
