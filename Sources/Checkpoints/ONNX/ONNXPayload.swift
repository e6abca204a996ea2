/// Where the entries of a tensor of a model lie: in the model's file or beside it.
package struct ONNXPayload: Hashable, Sendable {
  /// How entries are written.
  enum Encoding: Hashable, Sendable {
    /// One after the other, little-endian.
    case plain
    /// As numbers of protocol buffers, of one to ten bytes each.
    case varints
  }

  /// The field of the message that holds them: `raw_data` or one by type; nil for data in another file.
  var field: Int?
  var encoding: Encoding
  /// The number of the file: 0 is the model itself.
  var file: Int
  /// Where they lie there.
  var range: Range<Int>
}

/// What the message of a tensor says, apart from its entries.
struct ONNXTensorFields {
  private(set) var dims: [Int64] = []
  private(set) var type = 0
  /// The text of `external_data`, where the entries lie in another file.
  private(set) var external: [String: String]?
  /// The fields that hold entries.
  private(set) var data: [WireReader.Field] = []

  /// The one field that holds the entries, and how; nil where they lie elsewhere, in several pieces, or nowhere.
  var payload: (field: WireReader.Field, encoding: ONNXPayload.Encoding)? {
    guard external == nil, data.count == 1, data[0].type == 2, let encoding = Self.encoding(of: data[0].number) else {
      return nil
    }
    return (data[0], encoding)
  }

  /// The number of the field that stands for a payload kept apart; no file has it.
  static let marker = 536_870_911

  /// The fields in which entries can lie, and how.
  static func encoding(of field: Int) -> ONNXPayload.Encoding? {
    switch field {
    case 4, 9, 10: .plain
    case 5, 7, 11: .varints
    default: nil
    }
  }

  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String) throws(CheckpointError) {
    var reader = WireReader(bytes, range, file: file)
    var entries: [String: String] = [:]
    var isExternal = false
    while let field = try reader.next() {
      switch (field.number, field.type) {
      case (1, 0): dims.append(Int64(bitPattern: try WireReader.number(field, in: bytes, file: file)))
      case (1, 2):
        var packed = WireReader(bytes, field.content, file: file)
        while packed.place < packed.end { dims.append(Int64(bitPattern: try packed.varint())) }
      case (2, 0): type = Int(truncatingIfNeeded: try WireReader.number(field, in: bytes, file: file))
      case (13, 2):
        let (key, value) = try Self.entry(bytes, field.content, file: file)
        entries[key] = value
      case (14, 0): isExternal = try WireReader.number(field, in: bytes, file: file) == 1
      case (Self.marker, _):
        throw .damaged("read ONNX model", file: file, expected: "no field \(Self.marker) in a tensor", found: "one")
      case (4...11, _) where Self.encoding(of: field.number) != nil && !field.content.isEmpty: data.append(field)
      default: break
      }
      guard dims.count <= 1024 else {
        throw CheckpointError(
          .limitExceeded, "read ONNX model", file: file, expected: "at most 1024 dimensions", found: "more",
          advice: "check where the file comes from")
      }
    }
    external = isExternal ? entries : nil
  }

  /// A pair of key and value.
  private static func entry(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String
  ) throws(CheckpointError) -> (String, String) {
    var reader = WireReader(bytes, range, file: file)
    var entry = ("", "")
    while let field = try reader.next() {
      if field.number == 1, field.type == 2 { entry.0 = WireReader.text(field, in: bytes) }
      if field.number == 2, field.type == 2 { entry.1 = WireReader.text(field, in: bytes) }
    }
    return entry
  }
}
