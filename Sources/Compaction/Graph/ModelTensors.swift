import Checkpoints
import Graphs
import OrderedCollections

/// The tensors of a model by their names in the module: those of its file or memory, and what has taken their places.
struct ModelTensors {
  private enum Origin {
    case file(PT2File)
    /// Tensors by their paths, and which of them are one tensor.
    case sources(OrderedDictionary<String, TensorSource>, sharing: [[String]])
  }

  private let origin: Origin
  /// Tensors that are not as in the origin.
  private(set) var changed: [String: TensorData] = [:]

  init(_ file: PT2File) { origin = .file(file) }

  /// Tensors in the order of the state dict, each read when its content is asked for.
  init(_ sources: [TensorSource], sharing: [[String]]) {
    let named = OrderedDictionary(sources.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
    origin = .sources(named, sharing: sharing)
  }

  /// Tensors in memory, in the order of the state dict.
  init(_ tensors: [(path: String, data: TensorData)]) {
    self.init(
      tensors.map { TensorSource(name: $0.path, type: $0.data.type, shape: $0.data.shape, bytes: $0.data.bytes) },
      sharing: [])
  }

  mutating func set(_ path: String, _ data: TensorData) { changed[path] = data }

  /// The names of the state dict in its order.
  var names: [String] {
    switch origin {
    case .file(let file): file.tensors.map(\.name)
    case .sources(let tensors, _): Array(tensors.keys)
    }
  }

  /// Whether a tensor stands beside the state dict.
  func isConstant(_ path: String) -> Bool {
    if case .file(let file) = origin { file[path] == nil && file[constant: path] != nil } else { false }
  }

  /// Whether there is a tensor of that name.
  func has(_ path: String) -> Bool {
    if changed[path] != nil { return true }
    switch origin {
    case .file(let file): return file[path] != nil || file[constant: path] != nil
    case .sources(let tensors, _): return tensors[path] != nil
    }
  }

  /// The content of a tensor.
  ///
  /// - Throws: ``CompactionError/weights(_:)`` where there is none, `CheckpointError` where it cannot be read.
  func data(_ path: String) throws -> TensorData {
    if let data = changed[path] { return data }
    switch origin {
    case .sources(let tensors, _):
      guard let source = tensors[path] else { throw CompactionError.weights([path]) }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(source.spec.type.byteCount(shape: source.spec.shape) ?? 0)
      try source.produce { bytes.append(contentsOf: $0) }
      return TensorData(source.spec.type, source.spec.shape, bytes)
    case .file(let file):
      if let info = file[path] {
        return TensorData(info.type, info.shape, try bytes(info) { try file.read(path, into: $0) })
      }
      guard let info = file[constant: path] else { throw CompactionError.weights([path]) }
      return TensorData(info.type, info.shape, try bytes(info) { try file.read(constant: path, into: $0) })
    }
  }

  /// A tensor that is as in the origin, to be read when its turn comes; nil for others.
  func source(_ path: String) -> TensorSource? {
    guard changed[path] == nil else { return nil }
    switch origin {
    case .file(let file): return file[path].map(Checkpoint(file).source(of:))
    case .sources(let tensors, _): return tensors[path]
    }
  }

  private func bytes(_ info: TensorInfo, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: info.byteCount) { buffer, count in
      if info.byteCount > 0 { try read(UnsafeMutableRawBufferPointer(buffer)) }
      count = info.byteCount
    }
  }

  /// Names in the graph of weights that lie in the same memory.
  func tied(_ graph: Graph) -> [[String]] {
    struct Place: Hashable {
      var start: Int
      var shape: [Int]
      var strides: [Int]?
    }
    if case .sources(_, let sharing) = origin {
      let names = Dictionary(
        graph.inputs.compactMap { input in input.role.path.map { ($0, input.name) } }, uniquingKeysWith: { $1 })
      return sharing.map { $0.filter { changed[$0] == nil }.compactMap { names[$0] } }.filter { $0.count > 1 }
    }
    guard case .file(let file) = origin else { return [] }
    var names: [Place: [String]] = [:]
    for input in graph.inputs {
      guard let path = input.role.path, changed[path] == nil, let info = file[path], info.byteCount > 0 else {
        continue
      }
      names[Place(start: info.byteRange.lowerBound, shape: info.shape, strides: info.strides), default: []]
        .append(input.name)
    }
    return names.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
  }
}
