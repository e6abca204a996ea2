/// Where everything lies in a safetensors file that will be written, and the text of its header.
struct SafetensorsLayout {
  /// The tensors in the order of the header; their ranges count from the beginning of the file.
  private(set) var tensors: [TensorInfo]
  /// The bytes before the first tensor: the header's length and the header, padded to a multiple of 8.
  let prefixCount: Int

  private let metadata: CheckpointMetadata

  /// The bytes of header that are held at once: that of a million tensors is a hundred megabytes.
  private static let pieceSize = 1 << 18

  /// - Parameter tensors: The tensors, with ranges that count from the end of the header.
  init(_ tensors: consuming [TensorInfo], metadata: CheckpointMetadata) {
    var count = 8
    Self.forEachPiece(of: tensors, metadata) { count += $0.count }
    prefixCount = (count + 7) / 8 * 8
    self.metadata = metadata
    self.tensors = tensors
    // In place: a file may have a million tensors.
    for index in self.tensors.indices {
      let range = self.tensors[index].byteRange
      self.tensors[index].byteRange = range.lowerBound + prefixCount..<range.upperBound + prefixCount
    }
  }

  /// Hands over the bytes before the first tensor, piece by piece.
  func forEachPrefixPiece<Failure>(_ body: ([UInt8]) throws(Failure) -> Void) throws(Failure) {
    let length = UInt64(prefixCount - 8)
    try body((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
    var written = 8
    let start = prefixCount
    try Self.forEachPiece(of: tensors, before: start, metadata) { (piece) throws(Failure) in
      written += piece.count
      try body(piece)
    }
    if written < prefixCount { try body(Array(repeating: UInt8(ascii: " "), count: prefixCount - written)) }
  }

  /// The text of the header in pieces, for tensors whose ranges count from `start`.
  private static func forEachPiece<Failure>(
    of tensors: [TensorInfo], before start: Int = 0, _ metadata: CheckpointMetadata,
    _ body: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var piece: [UInt8] = []
    piece.reserveCapacity(pieceSize + 4096)
    piece.append(UInt8(ascii: "{"))
    var separator = ""
    if let text = SafetensorsHeader.text(of: metadata) {
      piece.append(contentsOf: text.utf8)
      separator = ","
    }
    for tensor in tensors {
      let offsets = JSONText.array([tensor.byteRange.lowerBound - start, tensor.byteRange.upperBound - start])
      let member =
        "\(separator)\(JSONText.string(tensor.name)):{\"dtype\":\"\(tensor.type)\","
        + "\"shape\":\(JSONText.array(tensor.shape)),\"data_offsets\":\(offsets)}"
      piece.append(contentsOf: member.utf8)
      separator = ","
      guard piece.count >= pieceSize else { continue }
      try body(piece)
      piece.removeAll(keepingCapacity: true)
    }
    piece.append(UInt8(ascii: "}"))
    try body(piece)
  }
}
