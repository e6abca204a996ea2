/// The files of a model being written: the model's own, made of messages with holes, and data beside it.
///
/// All grow beside their targets. The data take their places first, the model last, so that no model is ever there
/// without its data.
final class ONNXOutput {
  /// Where a payload lies in the output.
  struct Slot {
    /// 0 is the model's own file.
    var file: Int
    var range: Range<Int>
  }

  private let files: [AtomicFile]
  /// Where each payload lies, by its number.
  private(set) var slots: [Int: Slot]
  /// The path of the model.
  var path: String { files[0].target }
  /// The size of the model's own file.
  let size: Int

  /// Begins the files and writes the messages.
  ///
  /// - Parameters:
  ///   - path: The path of the model.
  ///   - image: Its messages, with holes for the payloads that lie among them.
  ///   - data: The files beside it, with their sizes.
  ///   - slots: The payloads that lie in those.
  ///   - replacing: Whether existing files may be replaced.
  init(
    path: String, image: WireImage, data: [(path: String, size: Int)], slots: [Int: Slot], replacing: Bool
  ) throws(CheckpointError) {
    guard image.size < 1 << 31 else {
      throw CheckpointError(
        .limitExceeded, "write ONNX model", file: path, expected: "less than 2 GiB in the model's own file",
        found: "\(image.size) bytes", advice: "put tensors into a file of data beside it")
    }
    size = image.size
    var files: [AtomicFile] = []
    var slots = slots
    do throws(CheckpointError) {
      files.append(try AtomicFile(target: path, size: image.size, replacing: replacing))
      for file in data { files.append(try AtomicFile(target: file.path, size: file.size, replacing: replacing)) }
      var place = 0
      var before = 0
      for hole in image.holes {
        if hole.place > place { try files[0].write(Array(image.bytes[place..<hole.place]), at: place + before) }
        place = hole.place
        slots[hole.payload] = Slot(file: 0, range: place + before..<place + before + hole.size)
        before += hole.size
      }
      if place < image.bytes.count { try files[0].write(Array(image.bytes[place...]), at: place + before) }
    } catch {
      for file in files { file.discard() }
      throw error
    }
    (self.files, self.slots) = (files, slots)
  }

  /// Writes a part of a payload.
  func write(_ bytes: UnsafeRawBufferPointer, to payload: Int, at offset: Int) throws(CheckpointError) {
    guard let slot = slots[payload] else { return }
    try files[slot.file].write(bytes, at: slot.range.lowerBound + offset)
  }

  /// Writes a part of a payload as a file holds it.
  func copy(_ part: FilePart, to payload: Int, at offset: Int) throws(CheckpointError) {
    guard let slot = slots[payload] else { return }
    try files[slot.file].copy(part, at: slot.range.lowerBound + offset)
  }

  /// Writes a part of one of the files, whatever it is.
  func copy(_ part: FilePart, toFile file: Int, at offset: Int) throws(CheckpointError) {
    try files[file].copy(part, at: offset)
  }

  /// Writes over bytes of the model's own file.
  func overwrite(_ bytes: [UInt8], at offset: Int) throws(CheckpointError) { try files[0].write(bytes, at: offset) }

  /// Puts all files in their places.
  func commit() throws(CheckpointError) {
    for file in files.dropFirst() { try file.commit() }
    try files[0].commit()
  }

  /// Deletes what was written.
  func discard() { for file in files { file.discard() } }
}
