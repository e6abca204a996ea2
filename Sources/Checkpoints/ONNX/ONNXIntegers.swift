/// Entries that ONNX writes as numbers of protocol buffers: half floats and whole numbers that do not lie in `raw_data`.
enum ONNXIntegers {
  /// The entries as they lie in memory, little-endian; the lower bytes of each number.
  static func decoded(_ bytes: [UInt8], as type: StoredType, file: String) throws(CheckpointError) -> [UInt8] {
    let width = type.byteCount ?? 1
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * width)
    let outcome: Result<Void, CheckpointError> = bytes.withUnsafeBytes { bytes in
      var reader = WireReader(bytes, 0..<bytes.count, file: file)
      do throws(CheckpointError) {
        while reader.place < reader.end {
          let value = try reader.varint()
          for byte in 0..<width { result.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))) }
        }
        return .success(())
      } catch { return .failure(error) }
    }
    try outcome.get()
    return result
  }

  /// The numbers anew, each in as many bytes as before, so that nothing moves; equal entries stay as they were.
  ///
  /// - Parameters:
  ///   - bytes: The numbers as they were.
  ///   - entries: The new entries, little-endian, as many as there are numbers.
  /// - Throws: `CheckpointError` for a number that takes more bytes than before; 0 fits everywhere.
  static func patched(
    _ bytes: [UInt8], with entries: UnsafeRawBufferPointer, as type: StoredType, name: String, file: String
  ) throws(CheckpointError) -> [UInt8] {
    let width = type.byteCount ?? 1
    var result = bytes
    let outcome: Result<Void, CheckpointError> = bytes.withUnsafeBytes { bytes in
      var reader = WireReader(bytes, 0..<bytes.count, file: file)
      var entry = 0
      do throws(CheckpointError) {
        while reader.place < reader.end, entry + width <= entries.count {
          let start = reader.place
          let old = try reader.varint()
          var new: UInt64 = 0
          for byte in 0..<width { new |= UInt64(entries[entry + byte]) << UInt64(8 * byte) }
          entry += width
          let mask = width == 8 ? UInt64.max : (1 << UInt64(8 * width)) - 1
          guard old & mask != new else { continue }
          let size = reader.place - start
          guard size == 10 || new >> UInt64(7 * size) == 0 else {
            throw CheckpointError(
              .unsupported, "write tensor \(CheckpointError.quote(name)) to", file: file,
              expected: "entries that take no more bytes than before", found: "\(new) in place of \(old & mask)",
              advice: "save the model with raw_data first (onnx.save in Python does)")
          }
          for byte in 0..<size {
            let more: UInt8 = byte + 1 < size ? 0x80 : 0
            result[start + byte] = UInt8(truncatingIfNeeded: new >> UInt64(7 * byte)) & 0x7f | more
          }
        }
        return .success(())
      } catch { return .failure(error) }
    }
    try outcome.get()
    return result
  }
}
