/// Walks through the messages of a model and writes them anew with other tensors; all else stays as it was, byte for byte.
///
/// Only what leads to tensors is looked into: graphs, nodes, attributes, functions. One walk takes large payloads out of
/// the messages (``ONNXPayload``), another puts them back.
struct WireRewriter {
  /// The kinds of messages that hold tensors.
  enum Kind {
    case model, graph, node, attribute, tensor, sparse, function, training

    /// The kind of what a field holds, and whether there may be only one of it; nil where there are no tensors in it.
    func child(_ field: Int) -> (kind: Kind, isSingle: Bool)? {
      switch (self, field) {
      case (.model, 7): (.graph, true)
      case (.model, 20): (.training, false)
      case (.model, 25): (.function, false)
      case (.graph, 1), (.function, 7): (.node, false)
      case (.graph, 5): (.tensor, false)
      case (.graph, 15): (.sparse, false)
      case (.node, 5), (.function, 11): (.attribute, false)
      case (.attribute, 5): (.tensor, true)
      case (.attribute, 6): (.graph, true)
      case (.attribute, 10): (.tensor, false)
      case (.attribute, 11): (.graph, false)
      case (.attribute, 22): (.sparse, true)
      case (.attribute, 23): (.sparse, false)
      case (.sparse, 1), (.sparse, 2): (.tensor, true)
      case (.training, 1), (.training, 2): (.graph, true)
      default: nil
      }
    }
  }

  /// Graphs within graphs, each of which takes three messages; real models have two or three.
  static let depthLimit = 96

  let bytes: UnsafeRawBufferPointer
  let file: String
  /// What a tensor's message, which lies in the range given, becomes.
  let tensor: (Range<Int>) throws(CheckpointError) -> WireImage

  /// The message in `range`, written anew.
  func rewrite(_ kind: Kind, _ range: Range<Int>, depth: Int = 0) throws(CheckpointError) -> WireImage {
    if kind == .tensor { return try tensor(range) }
    guard depth < Self.depthLimit else {
      throw CheckpointError(
        .limitExceeded, "read ONNX model", file: file,
        expected: "at most \(Self.depthLimit / 3) graphs within each other",
        found: "more", advice: "check where the file comes from")
    }
    var image = WireImage()
    var reader = WireReader(bytes, range, file: file)
    var plain = range.lowerBound  // from here on nothing is written yet
    var single: Set<Int> = []
    while let field = try reader.next() {
      guard field.type == 2, let child = kind.child(field.number) else { continue }
      if child.isSingle, !single.insert(field.number).inserted {
        throw .damaged(
          "read ONNX model", file: file, expected: "field \(field.number) of a \(kind) once", found: "it twice")
      }
      let part = try rewrite(child.kind, field.content, depth: depth + 1)
      if part.size == field.content.count {
        image.append(bytes, plain..<field.content.lowerBound)
      } else {
        image.append(bytes, plain..<field.whole.lowerBound)
        image.append {
          $0.appendTag(field.number, type: 2)
          $0.appendVarint(part.size)
        }
      }
      image.append(part)
      plain = field.content.upperBound
    }
    image.append(bytes, plain..<range.upperBound)
    return image
  }
}
