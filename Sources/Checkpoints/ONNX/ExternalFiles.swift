/// The files beside a model that hold entries of its tensors.
struct ExternalFiles {
  private(set) var files: [MappedFile]
  private let model: MappedFile
  private var numbers: [String: Int] = [:]

  init(model: MappedFile) { (self.model, files) = (model, [model]) }

  /// Where entries lie that are not in the model's file.
  ///
  /// - Throws: `CheckpointError` for a path that leaves the model's directory, a file that is not there, and entries
  ///   that are not all in it.
  mutating func payload(
    _ entries: [String: String], _ fields: ONNXTensorFields
  ) throws(CheckpointError) -> ONNXPayload {
    let location = entries["location"] ?? ""
    let number = try open(location)
    let size = files[number].size
    func count(_ key: String) throws(CheckpointError) -> Int? {
      guard let text = entries[key], !text.isEmpty else { return nil }
      guard let value = Int(text), value >= 0 else {
        throw damaged(
          "a number of bytes as \(key) of data in \(CheckpointError.quote(location))", CheckpointError.quote(text))
      }
      return value
    }
    let offset = try count("offset") ?? 0
    let shape = fields.dims.map { Int(clamping: $0) }
    let wanted = StoredType(onnx: fields.type)?.byteCount(shape: shape)
    let length = try count("length") ?? wanted ?? max(0, size - offset)
    guard offset <= size, length <= size - offset else {
      throw damaged(
        "\(length) bytes from byte \(offset) of \(CheckpointError.quote(location)) on", "a file of \(size)")
    }
    return ONNXPayload(field: nil, encoding: .plain, file: number, range: offset..<offset + length)
  }

  private mutating func open(_ location: String) throws(CheckpointError) -> Int {
    if let number = numbers[location] { return number }
    guard model.isOnDisk else {
      throw CheckpointError(
        .unsupported, "read ONNX model", file: model.path, expected: "all data in the model's file",
        found: "data beside it, and the model is in memory", advice: "open it by its path")
    }
    guard let path = Self.path(of: location, beside: model.path) else {
      throw CheckpointError(
        .unsafe, "read ONNX model", file: model.path, expected: "data in a file in the model's directory",
        found: CheckpointError.quote(location), advice: "put the data beside the model, or check where it comes from")
    }
    files.append(try MappedFile(path: path))
    numbers[location] = files.count - 1
    return files.count - 1
  }

  /// The path of a file of data; nil where it would leave the model's directory.
  ///
  /// Links may lead elsewhere only as far as the link that the model itself is: a cache keeps both in one place.
  static func path(of location: String, beside model: String) -> String? {
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == ".." }), !location.contains("\\"),
      !location.contains("\0")
    else { return nil }
    let directory = System.directory(of: model)
    let path = "\(directory)/\(location)"
    guard let real = System.realPath(path) else { return path }  // opening says what is wrong
    let homes = [System.realPath(directory), System.realPath(model).map { System.directory(of: $0) }]
    return homes.contains { $0.map { real.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") } ?? false } ? path : nil
  }

  private func damaged(_ expected: String, _ found: String) -> CheckpointError {
    .damaged("read ONNX model", file: model.path, expected: expected, found: found)
  }
}
