import ONNXFormat
import OrderedCollections
import SwiftProtobuf

/// A model in ONNX's format, opened read-only: a graph, and tensors that lie in the file or beside it.
///
/// ```swift
/// let file = try ONNXFile(path: "model.onnx")
/// for tensor in file.tensors { print(tensor.name, tensor.type, tensor.shape) }
/// ```
///
/// This type reads the tensors; what the graph says is read by `Graphs`. Their entries stay where they are until they are
/// asked for: a model of many gigabytes opens in the memory of its graph. The tensors are the initialisers and those of
/// `Constant` nodes that have floating-point or 8-bit entries, more than one; those in the subgraph of a node, such as
/// `If`, are called by the node's name, the attribute's and their own, those of a function by its name and their own,
/// joined by slashes. Nothing in the file is run, and data beside it are taken out of its own directory only.
public struct ONNXFile: TensorReader {
  /// The path, as it was given.
  public var path: String { file.path }
  /// The size of the model's own file in bytes.
  public var size: Int { file.size }
  /// The tensors, in the order of the file.
  public let table: TensorTable
  /// The model's `metadata_props`.
  public let metadata: CheckpointMetadata
  /// Tensors that are kept and not read: of text, of fewer than 8 bits an entry, sparse.
  public let others: [OtherEntry]
  /// The paths of the files that hold the tensors: the model, then those beside it.
  public let files: [String]
  /// The nodes that take each tensor.
  public let uses: [String: [TensorUse]]

  /// The messages, where tensors of 1 kB or more have no entries but the number of a payload; see ``bytes(of:)``.
  package let model: ONNXModelProto
  let skeleton: ONNXSkeleton
  /// The number of each tensor's payload.
  let payloadNumbers: [String: Int]

  var file: MappedFile { skeleton.files[0] }

  /// Opens and checks the file at `path`.
  ///
  /// - Throws: ``CheckpointError`` where it cannot be read or is damaged, or data beside it are missing.
  public init(path: String) throws(CheckpointError) { try self.init(MappedFile(path: path)) }

  init(_ file: MappedFile) throws(CheckpointError) {
    let skeleton = try ONNXSkeleton(file)
    let model = try Self.messages(skeleton.bytes, file: file.path)
    var contents = ONNXContents(skeleton, path: file.path)
    try contents.add(model)
    self.skeleton = skeleton
    self.model = model
    table = TensorTable(contents.tensors, in: try contents.mappedFiles(), path: file.path)
    payloadNumbers = contents.payloads
    others = contents.others
    uses = contents.uses.byTensor
    files = skeleton.files.map(\.path)
    metadata = CheckpointMetadata(model.metadataProps.map { ($0.key, $0.value) }) { first, _ in first }
  }

  /// The messages in bytes.
  static func messages(_ bytes: [UInt8], file: String) throws(CheckpointError) -> ONNXModelProto {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 3 * WireRewriter.depthLimit
    do {
      return try ONNXModelProto(serializedBytes: bytes, partial: true, options: options)
    } catch {
      throw .damaged("read ONNX model", file: file, expected: "messages of ONNX", found: "\(error)")
    }
  }
}

extension ONNXFile {
  /// The entries of a tensor of this model, row-major and little-endian, wherever they lie; also of a message made anew.
  ///
  /// - Throws: ``CheckpointError`` for text and types of less than a byte, where there are too many or too few, and
  ///   where reading fails.
  package func bytes(of tensor: ONNXTensorProto) throws(CheckpointError) -> [UInt8] {
    let shape = tensor.dims.map { Int(clamping: $0) }
    guard let type = StoredType(onnx: Int(tensor.dataType)), let count = type.byteCount(shape: shape) else {
      throw CheckpointError(
        .unsupported, "read tensor \(CheckpointError.quote(tensor.name)) of", file: path,
        expected: "numbers of 8 bits or more", found: StoredType.otherONNX(Int(tensor.dataType)),
        advice: "leave the tensor as it is")
    }
    var bytes: [UInt8]
    if let inline = tensor.inlineBytes(type) {
      bytes = inline
    } else if tensor.hasPayload, skeleton.payloads.indices.contains(Int(tensor.payload)) {
      let payload = skeleton.payloads[Int(tensor.payload)]
      bytes = try skeleton.files[payload.file].contents(payload.range)
      if payload.encoding == .varints { bytes = try ONNXIntegers.decoded(bytes, as: type, file: path) }
    } else {
      bytes = []
    }
    guard bytes.count == count else {
      throw .damaged(
        "read tensor \(CheckpointError.quote(tensor.name)) of", file: path,
        expected: "\(count) bytes (\(type) of shape \(shape))", found: "\(bytes.count)")
    }
    return bytes
  }

  /// Whether bytes are those of a model: ONNX's files have no mark, but their outermost fields are few.
  static func isModel(_ file: MappedFile) -> Bool {
    file.withBytes(0..<file.size) { bytes in
      var reader = WireReader(bytes, 0..<file.size, file: file.path)
      var seen: Set<Int> = []
      do throws(CheckpointError) {
        while let field = try reader.next() {
          let wanted: Int? =
            switch field.number {
            case 1, 5: 0
            case 2, 3, 4, 6, 7, 8, 14, 20, 25, 26: 2
            default: nil
            }
          guard wanted.map({ $0 == field.type }) ?? (field.number > 26) else { return false }
          seen.insert(field.number)
        }
      } catch { return false }
      return seen.contains(7) && (seen.contains(1) || seen.contains(8))
    }
  }
}

extension ONNXTensorProto {
  /// The entries that the message itself holds, little-endian; nil where it holds none.
  func inlineBytes(_ type: StoredType) -> [UInt8]? {
    func little(_ values: some Collection<some FixedWidthInteger>) -> [UInt8] {
      var result: [UInt8] = []
      result.reserveCapacity(values.count * (type.byteCount ?? 1))
      for value in values {
        let bits = UInt64(truncatingIfNeeded: value)
        for byte in 0..<(type.byteCount ?? 1) { result.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte))) }
      }
      return result
    }
    if hasRawData { return [UInt8](rawData) }
    if !floatData.isEmpty {
      return floatData.withUnsafeBytes { [UInt8]($0) }
    }
    if !doubleData.isEmpty {
      return doubleData.withUnsafeBytes { [UInt8]($0) }
    }
    if !int32Data.isEmpty { return little(int32Data) }
    if !int64Data.isEmpty { return little(int64Data) }
    if !uint64Data.isEmpty { return little(uint64Data) }
    return nil
  }
}
