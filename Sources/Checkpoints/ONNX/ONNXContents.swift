import ONNXFormat
import OrderedCollections

/// The tensors of a model's messages, with their names: what ``ONNXFile`` reads out of them.
struct ONNXContents {
  private(set) var tensors: OrderedDictionary<String, TensorInfo> = [:]
  private(set) var payloads: [String: Int] = [:]
  private(set) var others: [OtherEntry] = []
  private(set) var uses = ONNXUses()
  private let skeleton: ONNXSkeleton
  private let path: String
  /// Entries that are written as numbers of protocol buffers, unpacked.
  private var unpacked: TemporaryFile?

  init(_ skeleton: ONNXSkeleton, path: String) { (self.skeleton, self.path) = (skeleton, path) }

  /// The files that the tensors lie in.
  func mappedFiles() throws(CheckpointError) -> [MappedFile] {
    skeleton.files + (try unpacked.map { file throws(CheckpointError) in [try file.mapped()] } ?? [])
  }

  mutating func add(_ model: ONNXModelProto) throws(CheckpointError) {
    try add(model.graph, prefix: "", [:])
    for function in model.functions {
      var scope: ONNXUses.Scope = [:]
      for node in function.node { try add(node, prefix: "\(function.name)/", &scope) }
    }
  }

  private mutating func add(
    _ graph: ONNXGraphProto, prefix: String, _ outer: ONNXUses.Scope
  ) throws(CheckpointError) {
    var scope = outer
    for tensor in graph.initializer {
      if try add(tensor, as: prefix + tensor.name) {
        scope[tensor.name] = [ONNXUses.Source(tensor: prefix + tensor.name)]
      }
    }
    for tensor in graph.sparseInitializer {
      others.append(OtherEntry(name: prefix + tensor.values.name, what: "a sparse tensor", isTensor: true))
    }
    for node in graph.node { try add(node, prefix: prefix, &scope) }
  }

  private mutating func add(
    _ node: ONNXNodeProto, prefix: String, _ scope: inout ONNXUses.Scope
  ) throws(CheckpointError) {
    if node.opType == "Constant", let output = node.output.first,
      let tensor = node.attribute.first(where: { $0.name == "value" && $0.hasT })?.t, Self.isWorthNaming(tensor)
    {
      if try add(tensor, as: prefix + output) {
        scope[output] = [ONNXUses.Source(tensor: prefix + output)]
      }
    }
    uses.add(node, &scope)
    for attribute in node.attribute {
      if attribute.hasG { try add(attribute.g, prefix: "\(prefix)\(node.label)/\(attribute.name)/", scope) }
      for (number, graph) in attribute.graphs.enumerated() {
        try add(graph, prefix: "\(prefix)\(node.label)/\(attribute.name).\(number)/", scope)
      }
    }
  }

  /// Whether a constant may be a layer's, and not a size or a single number of a computation.
  private static func isWorthNaming(_ tensor: ONNXTensorProto) -> Bool {
    guard let type = StoredType(onnx: Int(tensor.dataType)), type.isFloat || type == .i8 || type == .u8 else {
      return false
    }
    return StoredType.elementCount(shape: tensor.dims.map { Int(clamping: $0) }) ?? 2 > 1
  }

  /// Takes up a tensor; returns whether it can be read.
  private mutating func add(_ tensor: ONNXTensorProto, as name: String) throws(CheckpointError) -> Bool {
    func other(_ what: String) -> Bool {
      others.append(OtherEntry(name: name, what: what, isTensor: true))
      return false
    }
    let shape = tensor.dims.map { Int(clamping: $0) }
    guard let type = StoredType(onnx: Int(tensor.dataType)) else {
      return other(StoredType.otherONNX(Int(tensor.dataType)))
    }
    guard let entries = StoredType.elementCount(shape: shape) else { throw wrong(tensor, "a shape", "\(shape)") }
    guard let count = type.byteCount(shape: shape) else { return other("an odd number of entries of half a byte") }
    guard tensors[name] == nil else { return other("a second tensor of that name") }
    guard tensor.hasPayload, case let number = Int(tensor.payload), skeleton.payloads.indices.contains(number) else {
      guard entries == 0 else { return other("entries in several pieces, or none") }
      tensors[name] = TensorInfo(name: name, type: type, shape: shape, byteRange: 0..<0)
      return true
    }
    let payload = skeleton.payloads[number]
    if let field = payload.field, field != 9, field != type.onnxField {
      throw wrong(tensor, "entries of type \(type)", "them in field \(field)")
    }
    var info = TensorInfo(name: name, type: type, shape: shape, fileIndex: payload.file, byteRange: payload.range)
    if payload.encoding == .varints {
      let bytes = try ONNXIntegers.decoded(skeleton.files[0].contents(payload.range), as: type, file: path)
      guard bytes.count == count else { throw wrong(tensor, "\(count) bytes of shape \(shape)", "\(bytes.count)") }
      if unpacked == nil { unpacked = try TemporaryFile(size: 0, for: path) }
      let start = unpacked?.size ?? 0
      let outcome: Result<Void, CheckpointError>? = bytes.withUnsafeBytes { bytes in
        do throws(CheckpointError) { return .success(try unpacked?.append(bytes) ?? ()) } catch {
          return .failure(error)
        }
      }
      try outcome?.get()
      info.fileIndex = skeleton.files.count
      info.byteRange = start..<start + count
    }
    guard info.byteRange.count == count else {
      throw wrong(tensor, "\(count) bytes (\(type) of shape \(shape))", "\(info.byteRange.count)")
    }
    tensors[name] = info
    payloads[name] = number
    return true
  }

  private func wrong(_ tensor: ONNXTensorProto, _ expected: String, _ found: String) -> CheckpointError {
    .damaged(
      "read tensor \(CheckpointError.quote(tensor.name)) of", file: path, expected: expected, found: found)
  }
}
