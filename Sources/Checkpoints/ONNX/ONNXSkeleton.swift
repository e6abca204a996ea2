/// A model's messages without the entries of its tensors, and where those lie.
struct ONNXSkeleton {
  /// Entries of fewer bytes stay in the messages.
  static let threshold = 1024
  /// The most bytes of messages.
  static let limit = 256 << 20

  /// The messages; a tensor's field `payload` is the number of its payload.
  private(set) var bytes: [UInt8] = []
  private(set) var payloads: [ONNXPayload] = []
  /// The files that hold payloads: the model, and those beside it.
  private(set) var files: [MappedFile]

  /// Reads the messages of a file; payloads are passed over.
  ///
  /// - Throws: `CheckpointError` where they are damaged, or data beside the file are not there or not beside it.
  init(_ file: MappedFile) throws(CheckpointError) {
    files = [file]
    guard file.size > 0 else {
      throw .damaged("read ONNX model", file: file.path, expected: "a model", found: "an empty file")
    }
    var scan = ExternalFiles(model: file)
    var payloads: [ONNXPayload] = []
    var kept = 0
    let image: Result<WireImage, CheckpointError> = file.withBytes(0..<file.size) { bytes in
      let rewriter = WireRewriter(bytes: bytes, file: file.path) { range throws(CheckpointError) in
        let image = try Self.tensor(bytes, range, file: file, &payloads, &scan)
        kept += image.bytes.count
        guard kept <= Self.limit else { throw Self.tooLarge(file) }
        return image
      }
      do throws(CheckpointError) {
        return .success(try rewriter.rewrite(.model, 0..<file.size))
      } catch { return .failure(error) }
    }
    bytes = try image.get().bytes
    guard bytes.count <= Self.limit else { throw Self.tooLarge(file) }
    self.payloads = payloads
    files = scan.files
  }

  private static func tooLarge(_ file: MappedFile) -> CheckpointError {
    CheckpointError(
      .limitExceeded, "read ONNX model", file: file.path,
      expected: "at most \(limit) bytes beside the entries of tensors", found: "more",
      advice: "check where the file comes from")
  }

  /// A tensor's message without its payload.
  private static func tensor(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: MappedFile, _ payloads: inout [ONNXPayload],
    _ externals: inout ExternalFiles
  ) throws(CheckpointError) -> WireImage {
    let fields = try ONNXTensorFields(bytes, range, file: file.path)
    var image = WireImage()
    var payload: ONNXPayload?
    if let external = fields.external {
      payload = try externals.payload(external, fields)
    } else if let (field, encoding) = fields.payload {
      payload = ONNXPayload(field: field.number, encoding: encoding, file: 0, range: field.content)
    }
    guard let payload else {
      image.append(bytes, range)
      return image
    }
    if let (field, _) = fields.payload, field.content.count >= threshold {
      image.append(bytes, range.lowerBound..<field.whole.lowerBound)
      image.append(bytes, field.whole.upperBound..<range.upperBound)
    } else {
      image.append(bytes, range)
    }
    image.append {
      $0.appendTag(ONNXTensorFields.marker, type: 0)
      $0.appendVarint(payloads.count)
    }
    payloads.append(payload)
    return image
  }
}
