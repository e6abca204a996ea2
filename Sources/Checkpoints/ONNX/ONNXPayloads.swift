import ONNXFormat
import SwiftProtobuf

/// Entries of tensors that lie apart from a model's messages: those of the model's files, and new ones.
///
/// ```swift
/// var payloads = ONNXPayloads(of: file)
/// var model = file.model
/// try payloads.set(TensorSource(name: "w", type: .f32, shape: [2], elements: [1, 2] as [Float]), in: &model.graph.initializer[0])
/// try payloads.write(model, to: "new.onnx")
/// ```
package struct ONNXPayloads {
  private enum Content {
    case stored(ONNXPayload)
    case made(TensorSource, size: Int)
  }

  private let skeleton: ONNXSkeleton?
  private var contents: [Content]

  /// The payloads of a model, to which others can be added; none to begin with where there is no model.
  package init(of file: ONNXFile? = nil) {
    skeleton = file?.skeleton
    contents = (file?.skeleton.payloads ?? []).map(Content.stored)
  }

  /// Gives a tensor's message other entries, type and shape, and their name unless that is empty.
  ///
  /// - Throws: ``CheckpointError`` for a type that ONNX does not have.
  package mutating func set(_ source: TensorSource, in tensor: inout ONNXTensorProto) throws(CheckpointError) {
    guard let code = source.spec.type.onnxCode, let size = source.spec.type.byteCount(shape: source.spec.shape) else {
      throw CheckpointError(
        .unsupported, "write tensor \(CheckpointError.quote(source.spec.name)) to an", file: "ONNX model",
        expected: "a type that ONNX has", found: "\(source.spec.type) \(source.spec.shape)",
        advice: "convert the tensor first")
    }
    if !source.spec.name.isEmpty { tensor.name = source.spec.name }
    tensor.dims = source.spec.shape.map(Int64.init)
    tensor.dataType = Int32(code)
    tensor.clearRawData()
    (tensor.floatData, tensor.int32Data, tensor.int64Data) = ([], [], [])
    (tensor.doubleData, tensor.uint64Data, tensor.externalData) = ([], [], [])
    tensor.clearDataLocation()
    tensor.payload = UInt32(contents.count)
    contents.append(.made(source, size: size))
  }

  /// Writes a model whose tensors have their entries here; it takes its place whole or not at all.
  ///
  /// What would make the file larger than a message can be (2 GiB) goes to one file beside it, `NAME.data`, and so do
  /// entries that the model had in another file.
  ///
  /// - Parameters:
  ///   - model: The messages.
  ///   - path: The target.
  ///   - replacing: Whether existing files may be replaced.
  ///   - limit: The most bytes of the model's own file; tests make it small.
  ///   - progress: Called after each block; may throw to stop.
  /// - Throws: ``CheckpointError`` where the system refuses, and what sources and `progress` throw.
  package func write(
    _ model: ONNXModelProto, to path: String, replacing: Bool = true, limit: Int = 2_000_000_000,
    progress: WritingProgress? = nil
  ) throws {
    let bytes = [UInt8](try model.serializedData(partial: true))
    var layout = try layout(bytes, path: path, externalising: false)
    if layout.image.size > limit { layout = try self.layout(bytes, path: path, externalising: true) }
    let data = layout.end > 0 ? [("\(path).data", layout.end)] : []
    let output = try ONNXOutput(
      path: path, image: layout.image, data: data, slots: layout.slots, replacing: replacing)
    do {
      let total = output.slots.keys.reduce(0) { $0 + size($1) }
      var done = 0
      for number in output.slots.keys.sorted() {
        try write(number, to: output, path: path) {
          done += $0
          try progress?(done, total)
        }
      }
      for file in skeleton?.files ?? [] { try file.checkUnchanged() }
      try output.commit()
    } catch {
      output.discard()
      throw error
    }
  }

  private func size(_ number: Int) -> Int {
    switch contents[number] {
    case .stored(let payload): payload.range.count
    case .made(_, let size): size
    }
  }

  private func write(
    _ number: Int, to output: ONNXOutput, path: String, progress: (Int) throws -> Void
  ) throws {
    switch contents[number] {
    case .stored(let payload):
      guard let file = skeleton?.files[payload.file] else { return }
      let part = FilePart(file: file, range: payload.range)
      for start in stride(from: 0, to: payload.range.count, by: 64 << 20) {
        let piece = part.part(from: start, count: 64 << 20)
        try output.copy(piece, to: number, at: start)
        try progress(piece.range.count)
      }
    case .made(let source, let size):
      var written = 0
      try source.produce { block in
        guard written + block.count <= size else { throw Self.wrongSize(source, path, written + block.count) }
        try output.write(block, to: number, at: written)
        written += block.count
        try progress(block.count)
      }
      guard written == size else { throw Self.wrongSize(source, path, written) }
    }
  }

  private static func wrongSize(_ source: TensorSource, _ path: String, _ found: Int) -> CheckpointError {
    CheckpointError(
      .invalidArgument, "write tensor \(CheckpointError.quote(source.spec.name)) to", file: path,
      expected: "the bytes of \(source.spec.type) \(source.spec.shape)", found: "\(found)",
      advice: "hand over the bytes of the shape given")
  }
}

extension ONNXPayloads {
  private struct Layout {
    var image = WireImage()
    var slots: [Int: ONNXOutput.Slot] = [:]
    /// The bytes of the file of data.
    var end = 0
  }

  /// Where entries begin in a file of data: large ones where they can be mapped.
  private static func aligned(_ place: Int, size: Int) -> Int {
    let step = size >= 1 << 16 ? 4096 : 64
    return (place + step - 1) / step * step
  }

  /// Puts payloads back into the messages, or beside them.
  private func layout(_ bytes: [UInt8], path: String, externalising: Bool) throws(CheckpointError) -> Layout {
    var layout = Layout()
    let location = "\(System.lastComponent(path)).data"
    let image: Result<WireImage, CheckpointError> = bytes.withUnsafeBytes { bytes in
      let rewriter = WireRewriter(bytes: bytes, file: path) { range throws(CheckpointError) in
        let message = try Message(bytes, range, file: path)
        guard let number = message.payload, contents.indices.contains(number), !message.hasEntries else {
          return message.image(bytes, without: [ONNXTensorFields.marker])
        }
        let field: Int?
        switch contents[number] {
        case .stored(let payload): field = payload.field
        case .made: field = 9
        }
        let size = size(number)
        guard field == nil || externalising && size >= ONNXSkeleton.threshold && field != 5 && field != 7 && field != 11
        else {
          // Fields stand in the order of their numbers, as writers of messages have it.
          return message.image(bytes, without: [ONNXTensorFields.marker], before: field ?? 9) { image in
            image.append {
              $0.appendTag(field ?? 9, type: 2)
              $0.appendVarint(size)
            }
            image.appendHole(number, size: size)
          }
        }
        if layout.slots[number] == nil {
          let start = Self.aligned(layout.end, size: size)
          layout.slots[number] = ONNXOutput.Slot(file: 1, range: start..<start + size)
          layout.end = start + size
        }
        let start = layout.slots[number]?.range.lowerBound ?? 0
        return message.image(bytes, without: [ONNXTensorFields.marker, 13, 14], before: 13) { image in
          image.append {
            $0.appendEntry(13, key: "location", value: location)
            $0.appendEntry(13, key: "offset", value: "\(start)")
            $0.appendEntry(13, key: "length", value: "\(size)")
            $0.appendTag(14, type: 0)
            $0.appendVarint(1)
          }
        }
      }
      do throws(CheckpointError) {
        return .success(try rewriter.rewrite(.model, 0..<bytes.count))
      } catch { return .failure(error) }
    }
    layout.image = try image.get()
    return layout
  }
}

/// A tensor's message with the number of a payload.
private struct Message {
  private var fields: [WireReader.Field] = []
  private(set) var payload: Int?
  /// Whether the message itself holds entries.
  private(set) var hasEntries = false

  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String) throws(CheckpointError) {
    var reader = WireReader(bytes, range, file: file)
    while let field = try reader.next() {
      if field.number == ONNXTensorFields.marker {
        payload = Int(truncatingIfNeeded: try WireReader.number(field, in: bytes, file: file))
      }
      if ONNXTensorFields.encoding(of: field.number) != nil, !field.content.isEmpty { hasEntries = true }
      fields.append(field)
    }
  }

  /// The message without some fields, and with others before the first whose number is not below one given.
  func image(
    _ bytes: UnsafeRawBufferPointer, without left: Set<Int>, before number: Int = .max,
    adding: (inout WireImage) -> Void = { _ in }
  ) -> WireImage {
    var image = WireImage()
    var isAdded = false
    for field in fields where !left.contains(field.number) {
      if !isAdded, field.number >= number {
        adding(&image)
        isAdded = true
      }
      image.append(bytes, field.whole)
    }
    if !isAdded { adding(&image) }
    return image
  }
}
