import OrderedCollections

/// The header of a safetensors file: what tensors there are and where, in the order of the header.
struct SafetensorsHeader {
  /// The longest header that is read, as in the reference.
  static let maximumLength = 100_000_000

  /// Tensors by name, in the order of the header; byte ranges count from the beginning of the file.
  var tensors: OrderedDictionary<String, TensorInfo> = [:]
  /// The text members of `__metadata__`, in their order.
  var metadata: CheckpointMetadata = [:]
}

extension SafetensorsHeader {
  /// Reads and checks the header at the beginning of `file`.
  ///
  /// Checked as in huggingface/safetensors, tensor.rs: the length is at most 100 MB and within the file; UTF-8 JSON;
  /// known element types; shape and offsets agree in checked arithmetic; the ranges lie one after the other without
  /// hole or overlap and end with the file. Beyond the reference, names given twice are refused.
  ///
  /// - Complexity: O(h log h) in the length of the header; the tensors' bytes are not read.
  static func read(from file: MappedFile) throws(CheckpointError) -> SafetensorsHeader {
    let operation = "read safetensors header of"
    guard file.size >= 8 else {
      throw .damaged(
        operation, file: file.path, expected: "at least 8 bytes", found: "\(file.size)",
        advice: "the file is cut short or no safetensors file: download or save it again")
    }
    let length = file.bytes(0..<8).enumerated().reduce(into: UInt64(0)) { $0 |= UInt64($1.element) << (8 * $1.offset) }
    guard length <= UInt64(maximumLength) else {
      throw .damaged(
        operation, file: file.path, expected: "a header length of at most \(maximumLength) bytes", found: "\(length)",
        advice: "the file is damaged or no safetensors file: download or save it again")
    }
    guard length <= UInt64(file.size - 8) else {
      throw .damaged(
        operation, file: file.path, expected: "a header of at most the \(file.size - 8) bytes that follow its length",
        found: "a length of \(length)",
        advice: "the file is cut short or no safetensors file: download or save it again")
    }
    let end = 8 + Int(length)
    let text = try file.contents(8..<end)
    do throws(JSONScanner.Fault) {
      var scanner = JSONScanner(text)
      let header = try parse(&scanner, dataStart: end)
      try header.checkCoverage(dataStart: end, fileSize: file.size)
      return header
    } catch {
      let place = error.offset >= 0 ? " at byte \(8 + error.offset)" : ""
      throw .damaged(operation, file: file.path, expected: error.expected + place, found: error.found)
    }
  }

  private static func parse(
    _ scanner: inout JSONScanner, dataStart: Int
  ) throws(JSONScanner.Fault) -> SafetensorsHeader {
    var header = SafetensorsHeader()
    var hasMetadata = false
    var shapes: [[Int]: [Int]] = [:]
    try scanner.object { (scanner, key) throws(JSONScanner.Fault) in
      if key == "__metadata__" {
        guard !hasMetadata else { throw duplicate(key, scanner) }
        hasMetadata = true
        header.metadata = try textMembers(&scanner)
      } else {
        guard header.tensors[key] == nil else { throw duplicate(key, scanner) }
        var info = try tensor(named: key, &scanner, dataStart: dataStart)
        // Many tensors have the same shape: one array for all of them.
        if let known = shapes[info.shape] {
          info.shape = known
        } else if shapes.count < 1024 {
          shapes[info.shape] = info.shape
        }
        header.tensors[key] = info
      }
    }
    try scanner.expectEnd()
    return header
  }

  private static func duplicate(_ key: String, _ scanner: JSONScanner) -> JSONScanner.Fault {
    JSONScanner.Fault(
      offset: scanner.offset, expected: "each name once", found: "\(CheckpointError.quote(key)) twice")
  }

  private static func textMembers(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> CheckpointMetadata {
    var members: CheckpointMetadata = [:]
    if scanner.peek() == UInt8(ascii: "n") {
      try scanner.literal("null")
      return members
    }
    try scanner.object { (scanner, key) throws(JSONScanner.Fault) in
      guard members[key] == nil else { throw duplicate(key, scanner) }
      members[key] = try scanner.string()
    }
    return members
  }

  private static func tensor(
    named name: String, _ scanner: inout JSONScanner, dataStart: Int
  ) throws(JSONScanner.Fault) -> TensorInfo {
    let start = scanner.offset
    func fault(_ expected: String, _ found: String) -> JSONScanner.Fault {
      JSONScanner.Fault(
        offset: start, expected: "\(expected) for tensor \(CheckpointError.quote(name))", found: found)
    }
    var type: StoredType?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { (scanner, key) throws(JSONScanner.Fault) in
      switch key {
      case "dtype":
        guard type == nil else { throw duplicate(key, scanner) }
        let text = try scanner.string()
        type = StoredType(rawValue: text)
        guard type?.isSafetensors == true else {
          throw fault("a dtype of safetensors (F32, BF16, I64, ...)", CheckpointError.quote(text))
        }
      case "shape":
        guard shape == nil else { throw duplicate(key, scanner) }
        shape = try wholeNumbers(&scanner)
      case "data_offsets":
        guard offsets == nil else { throw duplicate(key, scanner) }
        offsets = try wholeNumbers(&scanner)
      default:
        try scanner.skipValue()
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw fault("dtype, shape and data_offsets [begin, end]", "a member missing or of another length")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= Int.max - dataStart else {
      throw fault("data_offsets with begin <= end", "[\(offsets[0]), \(offsets[1])]")
    }
    guard let count = type.byteCount(shape: shape) else {
      throw fault("a whole number of bytes below 2^63", "\(type) of shape \(shape)")
    }
    guard count == offsets[1] - offsets[0] else {
      throw fault(
        "\(count) bytes (\(type) of shape \(shape))", "\(offsets[1] - offsets[0]) in data_offsets")
    }
    let range = dataStart + offsets[0]..<dataStart + offsets[1]
    return TensorInfo(name: name, type: type, shape: shape, byteRange: range)
  }

  private static func wholeNumbers(_ scanner: inout JSONScanner) throws(JSONScanner.Fault) -> [Int] {
    var numbers: [Int] = []
    try scanner.array { (scanner) throws(JSONScanner.Fault) in numbers.append(try scanner.wholeNumber()) }
    return numbers
  }

  private func checkCoverage(dataStart: Int, fileSize: Int) throws(JSONScanner.Fault) {
    var position = dataStart
    for tensor in tensors.values.sorted(by: TensorInfo.liesBefore) {
      guard tensor.byteRange.lowerBound == position else {
        let kind = tensor.byteRange.lowerBound < position ? "an overlap" : "a hole"
        throw JSONScanner.Fault(
          offset: -1,
          expected: "tensor \(CheckpointError.quote(tensor.name)) to begin at data offset \(position - dataStart)",
          found: "\(tensor.byteRange.lowerBound - dataStart) (\(kind))")
      }
      position = tensor.byteRange.upperBound
    }
    guard position == fileSize else {
      throw JSONScanner.Fault(
        offset: -1, expected: "\(position - dataStart) bytes of tensors after the header",
        found: "\(fileSize - dataStart)")
    }
  }
}

extension TensorInfo {
  /// The order of bytes in a file: by beginning, then end, so that empty tensors come before what begins with them.
  package static func liesBefore(_ first: TensorInfo, _ second: TensorInfo) -> Bool {
    (first.fileIndex, first.byteRange.lowerBound, first.byteRange.upperBound)
      < (second.fileIndex, second.byteRange.lowerBound, second.byteRange.upperBound)
  }
}
