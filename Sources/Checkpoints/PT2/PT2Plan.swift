import OrderedCollections

extension ArchivePlan {
  /// What a `.pt2` out of another will consist of.
  init(
    _ input: PT2File, tensors: [TensorSpec], origins: [String: String], sharing: [String: String] = [:],
    members given: [String: [UInt8]], metadata: CheckpointMetadata, file: String
  ) throws(CheckpointError) {
    self.init(metadataMember: input.root + PyTorchWriter.metadataMember)
    let payloads = input.weights
    var config: JSONObject = [:]
    var holders: OrderedDictionary<String, [TensorInfo]> = [:]  // storages that stay, with the weights in them
    var fresh: [(storage: String, spec: TensorSpec)] = []
    var number = Self.firstFree(payloads)
    var names = Set<String>()
    for spec in tensors {
      guard names.insert(spec.name).inserted else {
        throw CheckpointError(
          .invalidArgument, "lay out", file: file, expected: "each tensor name once",
          found: "\(CheckpointError.quote(spec.name)) twice", advice: "rename one of the tensors")
      }
      let source = origins[spec.name] ?? spec.name
      if let owner = sharing[spec.name], let held = fresh.first(where: { $0.spec.name == owner }) {
        config[spec.name] = try Self.entry(spec, storage: held.storage, like: payloads.config[source], file: file)
        continue
      }
      if origins[spec.name] == nil, let old = payloads.tensors[spec.name], old.type == spec.type,
        old.shape == spec.shape, let storage = payloads.storages[spec.name]
      {
        holders[storage, default: []].append(old)
        config[spec.name] = payloads.config[spec.name]
      } else {
        let storage = "weight_\(number)"
        number += 1
        fresh.append((storage, spec))
        config[spec.name] = try Self.entry(spec, storage: storage, like: payloads.config[source], file: file)
      }
    }
    for name in payloads.unread where config[name] == nil { config[name] = payloads.config[name] }

    let root = input.root
    var written = Set<String>()
    for entry in input.archive.entries {
      let name = String(entry.name.dropFirst(entry.name.hasPrefix(root) ? root.count : 0))
      guard written.insert(name).inserted else { continue }
      let range = try input.archive.range(of: entry)
      if entry.name == payloads.configMember {
        for (storage, spec) in fresh {
          let size = spec.type.byteCount(shape: spec.shape) ?? 0
          places[spec.name] = (add(payloads.folder + storage, size: size, .stream), nil)
        }
        let isSame = config == payloads.config
        var document = payloads.document
        document["config"] = .object(config)
        let bytes = isSame ? input.archive.file.bytes(range) : JSONValue.object(document).text
        add(entry.name, size: bytes.count, .bytes(bytes))
      } else if let bytes = given[name] {
        add(entry.name, size: bytes.count, .bytes(bytes))
      } else if entry.name.hasPrefix(payloads.folder),
        case let storage = String(entry.name.dropFirst(payloads.folder.count)),
        payloads.storages.values.contains(storage)
      {
        guard let holders = holders[storage] else { continue }  // nobody needs it any more
        add(entry.name, storage: range, holding: holders)
      } else if name == PyTorchWriter.metadataMember {
        continue
      } else {
        add(entry.name, size: entry.size, .copy(range))
      }
    }
    add(metadata)
  }

  /// The first number N for which there is no `weight_N`, nor any after it.
  private static func firstFree(_ payloads: PT2Payloads) -> Int {
    let numbers = payloads.storages.values.compactMap { Int($0.split(separator: "_").last ?? "") }
    return (numbers.max() ?? -1) + 1
  }

  /// The index's entry of a weight that lies contiguously in a storage of its own.
  static func entry(
    _ spec: TensorSpec, storage: String, like old: JSONValue?, file: String
  ) throws(CheckpointError) -> JSONValue {
    guard let code = spec.type.exportCode, spec.type.byteCount(shape: spec.shape) != nil else {
      throw CheckpointError(
        .invalidArgument, "lay out tensor \(CheckpointError.quote(spec.name)) for", file: file,
        expected: "a type that exported models have", found: "\(spec.type) \(spec.shape)",
        advice: "convert the tensor first")
    }
    var strides = [Int](repeating: 1, count: spec.shape.count)
    for axis in spec.shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * max(spec.shape[axis + 1], 1)
    }
    func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .object(["as_int": .int($0)]) }) }
    var meta =
      old?["tensor_meta"]?.object ?? [
        "dtype": .null, "sizes": .null, "requires_grad": .bool(false),
        "device": ["type": .string("cpu"), "index": .null],
        "strides": .null, "storage_offset": .null, "layout": .int(7),
      ]
    meta["dtype"] = .int(code)
    meta["sizes"] = list(spec.shape)
    meta["strides"] = list(strides)
    meta["storage_offset"] = .object(["as_int": .int(0)])
    var entry = old?.object ?? ["path_name": .null, "is_param": .bool(false), "use_pickle": .bool(false)]
    entry["path_name"] = .string(storage)
    entry["tensor_meta"] = .object(meta)
    return .object(entry)
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  /// An object of the members given.
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(JSONObject(uniqueKeysWithValues: members))
  }
}
