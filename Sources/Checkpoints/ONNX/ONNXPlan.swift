import OrderedCollections

/// What a model out of another will consist of, where tensors keep their types and shapes: all bytes of the input, with
/// holes for entries, and metadata behind them.
struct ONNXPlan {
  private(set) var image = WireImage()
  /// Files of data: of the input, their paths in the output, and where their payloads lie.
  private(set) var data: [(path: String, size: Int)] = []
  private(set) var slots: [Int: ONNXOutput.Slot] = [:]
  /// The metadata that is new, at the end of the model.
  private(set) var added: CheckpointMetadata = [:]
  /// The size of the model without it.
  private(set) var metadataPlace = 0

  /// - Throws: `CheckpointError` where metadata of the input would change.
  init(_ input: ONNXFile, path: String, metadata: CheckpointMetadata) throws(CheckpointError) {
    let skeleton = input.skeleton
    let names = Self.locations(of: input, path: path)
    var number = 0
    let outcome: Result<WireImage, CheckpointError> = input.file.withBytes(0..<input.file.size) { bytes in
      let rewriter = WireRewriter(bytes: bytes, file: input.path) { range throws(CheckpointError) in
        let fields = try ONNXTensorFields(bytes, range, file: input.path)
        var image = WireImage()
        if fields.external != nil {
          let file = skeleton.payloads[number].file
          if names[file - 1].isSame {
            image.append(bytes, range)
          } else {
            try Self.rename(names[file - 1].location, bytes, range, file: input.path, &image)
          }
          number += 1
        } else if let (field, _) = fields.payload {
          image.append(bytes, range.lowerBound..<field.content.lowerBound)
          image.appendHole(number, size: field.content.count)
          image.append(bytes, field.content.upperBound..<range.upperBound)
          number += 1
        } else {
          image.append(bytes, range)
        }
        return image
      }
      do throws(CheckpointError) {
        return .success(try rewriter.rewrite(.model, 0..<input.file.size))
      } catch { return .failure(error) }
    }
    image = try outcome.get()
    for (file, name) in zip(skeleton.files.dropFirst(), names) {
      data.append(("\(System.directory(of: path))/\(name.location)", file.size))
    }
    for (number, payload) in skeleton.payloads.enumerated() where payload.field == nil {
      slots[number] = ONNXOutput.Slot(file: payload.file, range: payload.range)
    }
    try add(metadata, to: input, path: path)
  }

  /// Where data lie beside the output: as beside the input, but under a name of their own in the same directory.
  private static func locations(of input: ONNXFile, path: String) -> [(location: String, isSame: Bool)] {
    let directories = [input.path, path].map { System.directory(of: $0) }
    let isApart = !System.isSame(directories[0], directories[1])
    let isInPlace = System.exists(path) && System.isSame(input.path, path)
    let files = input.skeleton.files.dropFirst()
    let prefix = directories[0] + "/"
    return files.map { file in
      let location = file.path.hasPrefix(prefix) ? String(file.path.dropFirst(prefix.count)) : file.path
      if isApart || isInPlace { return (location, true) }
      let name = System.lastComponent(path)
      if files.count == 1 { return ("\(name).data", "\(name).data" == location) }
      let own = "\(name).\(location.replacing("/", with: "."))"
      return (own, false)
    }
  }

  /// A tensor's message whose data lie in a file of another name.
  private static func rename(
    _ location: String, _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String, _ image: inout WireImage
  ) throws(CheckpointError) {
    var reader = WireReader(bytes, range, file: file)
    while let field = try reader.next() {
      guard field.number == 13, field.type == 2 else {
        image.append(bytes, field.whole)
        continue
      }
      var entry = WireReader(bytes, field.content, file: file)
      var isLocation = false
      while let part = try entry.next() {
        if part.number == 1, part.type == 2, WireReader.text(part, in: bytes) == "location" { isLocation = true }
      }
      if isLocation {
        image.append { $0.appendEntry(13, key: "location", value: location) }
      } else {
        image.append(bytes, field.whole)
      }
    }
  }

  private mutating func add(
    _ metadata: CheckpointMetadata, to input: ONNXFile, path: String
  ) throws(CheckpointError) {
    metadataPlace = image.size
    for (key, value) in metadata where input.metadata[key] != value {
      guard input.metadata[key] == nil else {
        throw CheckpointError(
          .unsupported, "write ONNX model", file: path, expected: "the metadata of the input, or more",
          found: "another value for \(CheckpointError.quote(key))", advice: "give it another key")
      }
      added[key] = value
    }
    let text = Self.bytes(of: added)
    image.append { $0 += text }
  }

  /// Metadata as the model holds them.
  static func bytes(of metadata: CheckpointMetadata) -> [UInt8] {
    var bytes: [UInt8] = []
    for (key, value) in metadata { bytes.appendEntry(14, key: key, value: value) }
    return bytes
  }
}

extension [UInt8] {
  /// Appends a field that holds a pair of key and value.
  mutating func appendEntry(_ number: Int, key: String, value: String) {
    var entry: [UInt8] = []
    for (field, text) in [(1, key), (2, value)] {
      entry.appendTag(field, type: 2)
      entry.appendVarint(text.utf8.count)
      entry += text.utf8
    }
    appendTag(number, type: 2)
    appendVarint(entry.count)
    self += entry
  }
}
