import OrderedCollections

/// The tensors of one folder of a `.pt2` archive, weights or constants, as its index tells them.
struct PT2Payloads: Sendable {
  /// The index's members by tensor name, as they stand in the file.
  private(set) var config: JSONObject = [:]
  /// The whole index, for what it has besides.
  private(set) var document: JSONObject = [:]
  /// The tensors whose bytes lie plainly in the archive.
  private(set) var tensors: OrderedDictionary<String, TensorInfo> = [:]
  /// Names of what is pickled.
  private(set) var unread: [String] = []
  /// The member that holds each tensor's storage, without the folder.
  private(set) var storages: [String: String] = [:]

  let folder: String
  let configMember: String

  init(_ archive: ZipArchive, root: String, folder: String, config member: String) throws(CheckpointError) {
    self.folder = root + folder
    configMember = root + folder + member
    guard archive[configMember] != nil else {
      // Constants used to be one pickle; they are not needed to read weights.
      if archive[root + folder + member.replacingSuffix("_constants_config.json", by: ".pt")] != nil {
        unread = ["constants"]
      }
      return
    }
    let file = archive.file.path
    let json = try JSONValue(parsing: Self.text(configMember, in: archive), file: file, maximumDepth: 32)
    guard let document = json.object, let config = document["config"]?.object else {
      throw Self.damaged(file, expected: "an index of tensors in \(CheckpointError.quote(member))", found: "none")
    }
    self.document = document
    self.config = config
    for (name, entry) in config {
      guard let storage = entry["path_name"]?.string, entry["use_pickle"]?.bool != true,
        let meta = entry["tensor_meta"], !meta.isNull
      else {
        unread.append(name)
        continue
      }
      guard let member = archive[self.folder + storage] else {
        throw Self.damaged(
          file, expected: "member \(CheckpointError.quote(storage)) for \(CheckpointError.quote(name))", found: "none")
      }
      tensors[name] = try Self.info(name, meta, storage: archive.range(of: member), file: file)
      storages[name] = storage
    }
  }

  /// What `TensorMeta` says, checked against the storage's bytes.
  private static func info(
    _ name: String, _ meta: JSONValue, storage: Range<Int>, file: String
  ) throws(CheckpointError) -> TensorInfo {
    let quoted = CheckpointError.quote(name)
    func ints(_ key: String) -> [Int]? {
      guard let list = meta[key]?.array else { return nil }
      let numbers = list.compactMap { $0["as_int"]?.int }
      return numbers.count == list.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
    }
    guard let code = meta["dtype"]?.int, let type = StoredType(exportCode: code), let width = type.byteCount else {
      throw CheckpointError(
        .unsupported, "read tensor \(quoted) of", file: file, expected: "a known dtype",
        found: "number \(meta["dtype"]?.int ?? -1)", advice: "update bonsai, or convert the tensor in Python")
    }
    guard meta["layout"]?.int ?? 7 == 7 else {
      throw CheckpointError(
        .unsupported, "read tensor \(quoted) of", file: file, expected: "a dense tensor", found: "a sparse layout",
        advice: "make it dense in Python before exporting")
    }
    guard let shape = ints("sizes"), let strides = ints("strides"), shape.count == strides.count, shape.count <= 64,
      let offset = meta["storage_offset"]?["as_int"]?.int, offset >= 0,
      type.byteCount(shape: shape) != nil
    else {
      throw damaged(file, expected: "sizes, strides and an offset of \(quoted)", found: "others")
    }
    // The elements from the first to the last that the tensor touches.
    var span = shape.contains(0) ? 0 : 1
    var overflow = false
    if span > 0 {
      for (size, stride) in zip(shape, strides) {
        let (reach, first) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, second) = span.addingReportingOverflow(reach)
        overflow = overflow || first || second
        span = sum
      }
    }
    let (end, third) = span.addingReportingOverflow(span == 0 ? 0 : offset)
    let (bytes, fourth) = end.multipliedReportingOverflow(by: width)
    guard !overflow, !third, !fourth, bytes <= storage.count else {
      throw damaged(
        file, expected: "\(quoted) within its storage of \(storage.count) bytes", found: "a reach beyond it")
    }
    let start = storage.lowerBound + (span == 0 ? 0 : offset * width)
    return TensorInfo(
      name: name, type: type, shape: shape, strides: isContiguous(shape, strides) ? nil : strides,
      byteRange: start..<start + span * width)
  }

  private static func isContiguous(_ shape: [Int], _ strides: [Int]) -> Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected && !shape.contains(0) { return false }
      expected *= max(size, 1)
    }
    return true
  }

  /// The bytes of a text in the archive.
  static func text(_ member: String, in archive: ZipArchive) throws(CheckpointError) -> [UInt8] {
    guard let entry = archive[member] else {
      throw damaged(archive.file.path, expected: "member \(CheckpointError.quote(member))", found: "none")
    }
    guard entry.size <= 1 << 30 else {
      throw CheckpointError(
        .limitExceeded, "read member \(CheckpointError.quote(member)) of", file: archive.file.path,
        expected: "at most 1 GiB of JSON", found: "\(entry.size) bytes", advice: "the file is damaged or hostile")
    }
    return archive.file.bytes(try archive.range(of: entry))
  }

  static func damaged(_ file: String, expected: String, found: String) -> CheckpointError {
    .damaged("read exported model", file: file, expected: expected, found: found)
  }
}

extension String {
  /// The text with its last letters exchanged, where it ends so.
  fileprivate func replacingSuffix(_ suffix: String, by other: String) -> String {
    hasSuffix(suffix) ? dropLast(suffix.count) + other : self
  }
}

extension StoredType {
  /// The type behind a number in an exported model; these numbers are not LibTorch's.
  ///
  /// Source: `ScalarType` of torch/_export/serde/schema.py.
  public init?(exportCode: Int) {
    guard let type = Self.exportCodes.first(where: { $0.code == exportCode })?.type else { return nil }
    self = type
  }

  /// The number by which exported models know the type, or nil where they have none.
  public var exportCode: Int? { Self.exportCodes.first { $0.type == self }?.code }

  private static let exportCodes: [(code: Int, type: StoredType)] = [
    (1, .u8), (2, .i8), (3, .i16), (4, .i32), (5, .i64), (6, .f16), (7, .f32), (8, .f64), (9, .c32), (10, .c64),
    (11, .c128), (12, .bool), (13, .bf16), (28, .u16), (29, .f8E4M3), (30, .f8E5M2), (31, .f8E4M3FNUZ),
    (32, .f8E5M2FNUZ), (33, .f8E8M0), (34, .u32), (35, .u64),
  ]
}
