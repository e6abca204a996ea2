/// The bytes of an archive as torch.export writes it, of one graph and no weights.
func exportedModel(graph: [UInt8]) -> [UInt8] {
  let members: [(name: String, bytes: [UInt8])] = [
    ("m/archive_format", Array("pt2".utf8)), ("m/models/model.json", graph),
    ("m/data/weights/model_weights_config.json", Array(#"{"config":{}}"#.utf8)),
    ("m/data/constants/model_constants_config.json", Array(#"{"config":{}}"#.utf8)),
  ]
  var archive: [UInt8] = []
  var directory: [UInt8] = []
  func little<T: FixedWidthInteger>(_ values: T...) -> [UInt8] {
    values.flatMap { value in (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * T($0))) } }
  }
  for (name, bytes) in members {
    let (size, length) = (UInt32(bytes.count), UInt16(name.utf8.count))
    // Version, flags, method, time, date; checksum; both sizes; lengths of the name and of an extra field.
    let common = little(20, 0, 0, 0, 0x21 as UInt16) + little(0, size, size) + little(length, 0)
    directory += little(0x0201_4b50 as UInt32) + little(20 as UInt16) + common + little(0, 0, 0 as UInt16)
    directory += little(0, UInt32(archive.count)) + Array(name.utf8)
    archive += little(0x0403_4b50 as UInt32) + common + Array(name.utf8) + bytes
  }
  let count = UInt16(members.count)
  return archive + directory + little(0x0605_4b50 as UInt32) + little(0, 0, count, count)
    + little(UInt32(directory.count), UInt32(archive.count)) + little(0 as UInt16)
}
