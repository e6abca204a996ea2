import OrderedCollections

/// The index of a sharded checkpoint, `model.safetensors.index.json`: which file holds which tensor.
///
/// The layout is Hugging Face's: `{"metadata": {"total_size": 123}, "weight_map": {"a.weight": "x-00001-of-00002..."}}`.
struct ShardIndex {
  /// File names of shards by tensor name, in the order of the index.
  var weightMap: OrderedDictionary<String, String> = [:]
  /// The members of `metadata` that are text, in their order.
  var metadata: CheckpointMetadata = [:]

  /// The names of the shards, sorted: the order of the shards' numbers.
  var shards: [String] { Set(weightMap.values).sorted() }

  static let suffix = ".safetensors.index.json"
  static let pytorchSuffix = ".bin.index.json"

  /// The path of the index for a target that is an index or a directory.
  static func path(for target: String) -> String {
    target.hasSuffix(suffix) ? target : "\(System.plain(target))/model\(suffix)"
  }

  /// The path of the one file of a checkpoint that needs no index; nil where the target is an index.
  static func soleFile(for target: String) -> String? {
    target.hasSuffix(suffix) ? nil : "\(System.plain(target))/model.safetensors"
  }
}

extension ShardIndex {
  /// Reads the index at `path`.
  ///
  /// Names of shards must be plain file names, so that an index cannot reach outside its directory; tensors named
  /// twice, an index without `weight_map` and one larger than a safetensors header may be are refused.
  static func read(path: String, endings: [String] = [".safetensors"]) throws(CheckpointError) -> ShardIndex {
    let operation = "read shard index"
    let file = try MappedFile(path: path)
    guard file.size <= SafetensorsHeader.maximumLength else {
      throw CheckpointError(
        .limitExceeded, operation, file: path, expected: "at most \(SafetensorsHeader.maximumLength) bytes",
        found: "\(file.size)", advice: "name the index of a sharded checkpoint")
    }
    do throws(JSONScanner.Fault) {
      return try parse(file.bytes(0..<file.size), endings)
    } catch {
      throw .damaged(
        operation, file: path, expected: "\(error.expected) at byte \(error.offset)", found: error.found,
        advice: "the index is damaged or no index of a sharded checkpoint: download or save it again")
    }
  }

  private static func parse(_ bytes: [UInt8], _ endings: [String]) throws(JSONScanner.Fault) -> ShardIndex {
    var index = ShardIndex()
    var seen = Set<String>()
    var scanner = JSONScanner(bytes)
    try scanner.object { (scanner, key) throws(JSONScanner.Fault) in
      guard seen.insert(key).inserted else { throw duplicate(key, scanner) }
      switch key {
      case "weight_map":
        try scanner.object { (scanner, name) throws(JSONScanner.Fault) in
          guard index.weightMap[name] == nil else { throw duplicate(name, scanner) }
          let start = scanner.offset
          let shard = try scanner.string()
          guard isPlain(shard, endings) else {
            let kind = endings == [".safetensors"] ? "safetensors" : "PyTorch"
            throw JSONScanner.Fault(
              offset: start, expected: "the name of a \(kind) file in the same directory",
              found: CheckpointError.quote(shard))
          }
          index.weightMap[name] = shard
        }
      case "metadata" where scanner.peek() == UInt8(ascii: "{"):
        try scanner.object { (scanner, name) throws(JSONScanner.Fault) in
          if scanner.peek() == UInt8(ascii: "\"") {
            index.metadata[name] = try scanner.string()
          } else {
            try scanner.skipValue()
          }
        }
      default:
        try scanner.skipValue()
      }
    }
    try scanner.expectEnd()
    guard seen.contains("weight_map") else {
      throw JSONScanner.Fault(offset: 0, expected: "an object with \"weight_map\"", found: "none")
    }
    return index
  }

  private static func duplicate(_ key: String, _ scanner: JSONScanner) -> JSONScanner.Fault {
    JSONScanner.Fault(
      offset: scanner.offset, expected: "each name once", found: "\(CheckpointError.quote(key)) twice")
  }

  /// Whether `name` stays within its directory and has one of some endings.
  static func isPlain(_ name: String, _ endings: [String] = [".safetensors"]) -> Bool {
    !name.contains("/") && !name.contains("\\") && !name.contains("\0") && !name.hasPrefix(".")
      && endings.contains { name.hasSuffix($0) } && name.utf8.count <= 255
  }

  /// The text of an index file, its members in the order given.
  func text(totalSize: Int) -> String {
    var members = metadata.filter { $0.key != "total_size" }
      .map { "    \(JSONText.string($0.key)): \(JSONText.string($0.value))" }
    members.insert("    \"total_size\": \(totalSize)", at: 0)
    let names = weightMap.map { "    \(JSONText.string($0.key)): \(JSONText.string($0.value))" }
    return """
      {
        "metadata": {
      \(members.joined(separator: ",\n"))
        },
        "weight_map": {
      \(names.joined(separator: ",\n"))
        }
      }

      """
  }
}
