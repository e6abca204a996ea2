import OrderedCollections

/// A model that `torch.export.save` wrote (`.pt2`), opened read-only and memory-mapped: a zip archive of a graph in JSON,
/// raw weights, constants and sample inputs.
///
/// This type reads the weights, under their names in the state dict; what the graph says is read by `Graphs`. Weights may
/// share a storage and be strided. Nothing in the file is run: pickled members are neither read nor needed.
public struct PT2File: TensorReader {
  /// The path, as it was given.
  public var path: String { archive.file.path }
  /// The size of the file in bytes.
  public var size: Int { archive.file.size }
  /// The name of the model in the archive, usually `"model"`.
  public let model: String
  /// The weights of the state dict, parameters and persistent buffers, in its order.
  public var table: TensorTable { TensorTable(weights.tensors, in: [archive.file], path: path) }
  /// The tensors that the graph needs and the state dict does not have: lifted constants and non-persistent buffers.
  public var constants: [TensorInfo] { Array(constantPayloads.tensors.values) }
  /// Text beside the tensors, out of `extra/bonsai_metadata.json`.
  public let metadata: CheckpointMetadata
  /// What the archive holds that is no raw tensor, by name: pickled tensors and custom objects.
  public var unread: [String] { weights.unread + constantPayloads.unread }

  let archive: ZipArchive
  /// The folder in the archive that everything lies in, with its slash.
  let root: String
  let weights: PT2Payloads
  let constantPayloads: PT2Payloads

  /// Opens and checks the file at `path`.
  ///
  /// - Throws: ``CheckpointError`` where the file cannot be read, is damaged, is of an older layout, or holds no model.
  public init(path: String) throws(CheckpointError) { try self.init(MappedFile(path: path)) }

  init(_ file: MappedFile) throws(CheckpointError) {
    let archive = try ZipArchive(file)
    guard let root = Self.root(of: archive) else {
      throw CheckpointError(
        .unsupported, "open", file: file.path, expected: "an archive of torch.export.save, torch 2.8 or later",
        found: Self.isOld(archive) ? "the layout of an older torch" : "another zip archive",
        advice: "load it in that version of Python's torch and save it again with a newer one")
    }
    let models = archive.entries.map(\.name).filter { $0.hasPrefix(root + "models/") && $0.hasSuffix(".json") }
      .map { String($0.dropFirst(root.count + 7).dropLast(5)) }
    guard let model = models.count == 1 ? models[0] : models.first(where: { $0 == "model" }) else {
      throw CheckpointError(
        .unsupported, "open", file: file.path, expected: "one model, or one called \"model\"",
        found: models.isEmpty
          ? "none (compiled code is not run)" : models.map { CheckpointError.quote($0) }.joined(separator: ", "),
        advice: "export the model with torch.export.export and save it with torch.export.save")
    }
    self.archive = archive
    self.root = root
    self.model = model
    weights = try PT2Payloads(archive, root: root, folder: "data/weights/", config: "\(model)_weights_config.json")
    constantPayloads = try PT2Payloads(
      archive, root: root, folder: "data/constants/", config: "\(model)_constants_config.json")
    if let entry = archive[root + PyTorchWriter.metadataMember] {
      metadata = PyTorchWriter.metadata(file.bytes(try archive.range(of: entry)))
    } else {
      metadata = [:]
    }
  }

  /// The constant called `name`, or nil. O(1).
  public subscript(constant name: String) -> TensorInfo? { constantPayloads.tensors[name] }

  /// Whether a tensor of the state dict is a parameter and, if so, whether gradients are wanted for it.
  public func isParameter(_ name: String) -> (isParameter: Bool, requiresGrad: Bool) {
    let entry = weights.config[name]
    return (entry?["is_param"]?.bool ?? false, entry?["tensor_meta"]?["requires_grad"]?.bool ?? false)
  }

  /// The bytes of the graph in JSON.
  ///
  /// - Throws: ``CheckpointError`` where it is damaged or larger than 1 GiB.
  public func graphText() throws(CheckpointError) -> [UInt8] { try text(modelMember) }

  /// The path of the graph in the archive, without the root.
  public var modelMember: String { "models/\(model).json" }

  func text(_ member: String) throws(CheckpointError) -> [UInt8] {
    try PT2Payloads.text(root + member, in: archive)
  }
}

extension PT2File {
  /// Whether a zip archive is one of torch.export, of this or of an older layout.
  static func isExport(_ file: MappedFile) throws(CheckpointError) -> Bool {
    let archive = try ZipArchive(file)
    return root(of: archive) != nil || isOld(archive)
  }

  /// The folder of `archive_format`, where that says `pt2`.
  private static func root(of archive: ZipArchive) -> String? {
    guard let entry = archive.entries.first(where: { $0.name.hasSuffix("archive_format") }), entry.size < 16,
      let range = try? archive.range(of: entry), archive.file.bytes(range) == Array("pt2".utf8)
    else { return nil }
    return String(entry.name.dropLast("archive_format".count))
  }

  private static func isOld(_ archive: ZipArchive) -> Bool {
    archive.entries.contains { $0.name.hasSuffix("serialized_exported_program.json") }
  }
}

extension PT2File {
  /// Copies a constant, in logical order, into `buffer`.
  ///
  /// - Throws: ``CheckpointError`` where there is none of that name or reading fails.
  public func read(constant name: String, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    guard let tensor = constantPayloads.tensors[name] else {
      throw .noTensor(name, in: path, names: constantPayloads.tensors.keys)
    }
    try archive.file.read(tensor, at: 0, into: buffer)
  }
}
