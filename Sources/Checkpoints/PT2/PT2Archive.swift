import OrderedCollections

/// A weight or constant of a model that is written for the first time.
public struct PT2Tensor {
  /// Its name in the state dict, type, shape and entries.
  public var source: TensorSource
  /// Whether it is a parameter, not a buffer.
  public var isParameter: Bool
  /// Whether gradients are wanted for it.
  public var requiresGrad: Bool
  /// The name of the tensor before it whose memory this one shares, if any.
  public var sharing: String?

  /// A tensor to be written.
  public init(_ source: TensorSource, isParameter: Bool = false, requiresGrad: Bool = false, sharing: String? = nil) {
    (self.source, self.isParameter, self.requiresGrad) = (source, isParameter, requiresGrad)
    self.sharing = sharing
  }
}

/// Writes a `.pt2` from nothing, as `torch.export.save` lays it out; ``ArchiveWriter`` makes one out of another.
public enum PT2Archive {
  private struct Member {
    var name: String
    var size: Int
    var write: (_ consume: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  }

  /// Writes a model; the file takes its place whole or not at all. O(bytes).
  ///
  /// - Parameters:
  ///   - path: the target; a symbolic link is replaced, not followed.
  ///   - graph: the graph in JSON.
  ///   - weights: parameters and persistent buffers, in the order of the state dict.
  ///   - constants: what the graph needs besides.
  ///   - inputs: examples of what the caller gives, in order.
  ///   - replacing: whether an existing file may be replaced.
  /// - Throws: ``CheckpointError`` for a name given twice, types that exported models do not have, and where the system
  ///   refuses; whatever a source throws.
  public static func write(
    to path: String, graph: [UInt8], weights: [PT2Tensor], constants: [PT2Tensor] = [], inputs: [TensorSource] = [],
    replacing: Bool = true
  ) throws {
    var members: [Member] = []
    func add(_ name: String, _ bytes: [UInt8]) {
      members.append(Member(name: "archive/\(name)", size: bytes.count) { try bytes.withUnsafeBytes($0) })
    }
    func addAll(_ tensors: [PT2Tensor], folder: String, prefix: String, index: String) throws {
      var config: JSONObject = [:]
      var storages: [String: String] = [:]
      for tensor in tensors {
        let spec = tensor.source.spec
        guard storages[spec.name] == nil else {
          throw CheckpointError(
            .invalidArgument, "lay out", file: path, expected: "each tensor name once",
            found: "\(CheckpointError.quote(spec.name)) twice", advice: "rename one of the tensors")
        }
        if let other = tensor.sharing, let storage = storages[other] {
          storages[spec.name] = storage
        } else {
          let storage = "\(prefix)\(Set(storages.values).count)"
          storages[spec.name] = storage
          members.append(
            Member(
              name: "archive/\(folder)\(storage)", size: spec.type.byteCount(shape: spec.shape) ?? 0,
              write: tensor.source.produce))
        }
        let origin: JSONValue = ["is_param": .bool(tensor.isParameter), "use_pickle": .bool(false)]
        var entry =
          try ArchivePlan.entry(spec, storage: storages[spec.name] ?? "", like: origin, file: path).object ?? [:]
        var meta = entry["tensor_meta"]?.object ?? [:]
        meta["requires_grad"] = .bool(tensor.requiresGrad)
        entry["tensor_meta"] = .object(meta)
        config[spec.name] = .object(entry)
      }
      add(folder + index, JSONValue.object(["config": .object(config)]).text)
    }
    try addAll(weights, folder: "data/weights/", prefix: "weight_", index: "model_weights_config.json")
    try addAll(constants, folder: "data/constants/", prefix: "tensor_", index: "model_constants_config.json")
    add("models/model.json", graph)
    add("data/sample_inputs/model.pt", try sampleInputs(inputs, file: path))
    add("archive_format", Array("pt2".utf8))
    add("archive_version", Array("0".utf8))
    add(".data/version", Array("6\n".utf8))
    add("byteorder", Array("little".utf8))
    try write(members, to: path, replacing: replacing)
  }

  private static func write(_ members: [Member], to path: String, replacing: Bool) throws {
    var layout = ZipLayout()
    for member in members {
      guard layout.add(member.name, size: member.size) else {
        throw CheckpointError(
          .invalidArgument, "lay out", file: path, expected: "less than 2^62 bytes", found: "more",
          advice: "check the shapes")
      }
    }
    let file = try AtomicFile(
      target: path, size: layout.directoryOffset + layout.directory().count, replacing: replacing)
    do {
      for (index, member) in members.enumerated() {
        var checksum = CRC32()
        var written = 0
        try member.write { block in
          guard written + block.count <= member.size else { throw wrongSize(member, written + block.count, path) }
          try file.write(block, at: layout.members[index].dataOffset + written)
          checksum.add(block)
          written += block.count
        }
        guard written == member.size else { throw wrongSize(member, written, path) }
        layout.setChecksum(checksum.value, of: index)
        try file.write(layout.header(index), at: layout.members[index].headerOffset)
      }
      try file.write(layout.directory(), at: layout.directoryOffset)
      try file.commit()
    } catch {
      file.discard()
      throw error
    }
  }

  private static func wrongSize(_ member: Member, _ found: Int, _ path: String) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "write \(CheckpointError.quote(member.name)) to", file: path,
      expected: "\(member.size) bytes", found: "\(found)", advice: "hand over the bytes of the shape given")
  }

  /// Examples of inputs as `torch.save` writes them: an archive within the archive, `((tensor, ...), {})`.
  private static func sampleInputs(_ inputs: [TensorSource], file: String) throws -> [UInt8] {
    var members: [(name: String, bytes: [UInt8])] = [
      ("data.pkl", try PickleWriter.inputs(inputs.map(\.spec), file: file)), ("byteorder", Array("little".utf8)),
    ]
    for (number, input) in inputs.enumerated() {
      var bytes: [UInt8] = []
      try input.produce { bytes.append(contentsOf: $0) }
      members.append(("data/\(number)", bytes))
    }
    members.append(("version", Array("3\n".utf8)))
    var layout = ZipLayout()
    for (name, bytes) in members { _ = layout.add("archive/\(name)", size: bytes.count) }
    var text: [UInt8] = []
    for (index, member) in members.enumerated() {
      layout.setChecksum(CRC32.checksum(member.bytes), of: index)
      text += layout.header(index) + member.bytes
    }
    return text + layout.directory()
  }
}
