import Checkpoints
import Graphs
import NN
import OrderedCollections
import Torch

/// The tensors of a model. Of those read from a file, names that stand for the same entries of one storage get one tensor.
struct GraphWeights {
  /// Parameters and persistent buffers by name, in the order of the state dict.
  private(set) var state: OrderedDictionary<String, Slot> = [:]
  /// Constants and buffers that are not in the state dict.
  private(set) var constants: OrderedDictionary<String, Tensor> = [:]

  /// Tensors that are there already.
  init(state: OrderedDictionary<String, Slot>, constants: OrderedDictionary<String, Tensor>) {
    (self.state, self.constants) = (state, constants)
  }

  init(_ model: ModelFile, device: Device) throws {
    switch model {
    case .exported(let program): try self.init(program, device: device)
    case .onnx(let model): try self.init(model, device: device)
    }
  }

  /// The tensors that the graph takes, under their names in the file.
  private init(_ model: ONNXModel, device: Device) throws {
    var problems: [String] = []
    let parameters = Set(model.graph.parameters.keys)
    for source in model.weights {
      let spec = source.spec
      guard let dtype = DType(spec.type) else {
        problems.append("'\(spec.name)' is of type \(spec.type)")
        continue
      }
      let tensor = Tensor.empty(spec.shape, dtype: dtype)
      try tensor.withUnsafeMutableBytes { target in
        var place = 0
        try source.produce { bytes in
          if let base = target.baseAddress, let from = bytes.baseAddress, place + bytes.count <= target.count {
            (base + place).copyMemory(from: from, byteCount: bytes.count)
          }
          place += bytes.count
        }
      }
      let placed = device == .cpu ? tensor : tensor.to(device)
      if parameters.contains(spec.name) {
        placed.requiresGrad = dtype.isFloatingPoint
        state[spec.name] = .parameter(placed)
      } else {
        state[spec.name] = .buffer(placed)
      }
    }
    guard problems.isEmpty else { throw GraphRunError.weights(problems) }
  }

  init(_ program: ExportedProgram, device: Device) throws {
    let file = program.file
    let weights = Checkpoint(file)
    var problems: [String] = []
    var known: [Place: Tensor] = [:]
    for info in file.tensors {
      guard let dtype = DType(info.type) else {
        problems.append("'\(info.name)' is of type \(info.type)")
        continue
      }
      let kind = file.isParameter(info.name)
      let place = Place(info, isParameter: kind.isParameter)
      let tensor: Tensor
      if let shared = known[place], info.byteCount > 0 {
        tensor = shared
      } else {
        tensor = try Self.tensor(info, dtype, device) { try weights.read(info.name, into: $0) }
        known[place] = tensor
        if kind.isParameter { tensor.requiresGrad = kind.requiresGrad && dtype.isFloatingPoint }
      }
      state[info.name] = kind.isParameter ? .parameter(tensor) : .buffer(tensor)
    }
    for input in program.graph.inputs {
      guard let path = input.role.path, state[path] == nil, constants[path] == nil else { continue }
      guard let info = file[constant: path], let dtype = DType(info.type) else {
        problems.append("there are no readable bytes for '\(path)'")
        continue
      }
      constants[path] = try Self.tensor(info, dtype, device) { try file.read(constant: path, into: $0) }
    }
    guard problems.isEmpty else { throw GraphRunError.weights(problems) }
  }

  /// Tensors in memory: the state dict in its order, each with whether it is a parameter.
  init(state tensors: [(name: String, tensor: Tensor, isParameter: Bool)]) {
    for (name, tensor, isParameter) in tensors {
      if isParameter { tensor.requiresGrad = tensor.dtype.isFloatingPoint }
      state[name] = isParameter ? .parameter(tensor) : .buffer(tensor)
    }
  }

  /// Adds a tensor that the graph needs and the state dict does not have.
  mutating func addConstant(_ name: String, _ tensor: Tensor) { constants[name] = tensor }

  /// Exchanges all tensors of real numbers; those that are one stay one.
  mutating func convertFloats(_ convert: (Tensor) -> Tensor) {
    var known: [ObjectIdentifier: Tensor] = [:]
    func converted(_ tensor: Tensor) -> Tensor {
      guard tensor.dtype.isFloatingPoint else { return tensor }
      let key = ObjectIdentifier(tensor)
      let result = known[key] ?? convert(tensor.detach())
      result.requiresGrad = tensor.requiresGrad
      known[key] = result
      return result
    }
    for (name, slot) in state {
      state[name] = slot.parameter == nil ? .buffer(converted(slot.tensor)) : .parameter(converted(slot.tensor))
    }
    for (name, tensor) in constants { constants[name] = converted(tensor) }
  }

  /// Which entries of which storage.
  private struct Place: Hashable {
    let start: Int
    let shape: [Int]
    let strides: [Int]?
    let type: StoredType
    let isParameter: Bool

    init(_ info: TensorInfo, isParameter: Bool) {
      (start, shape, strides, type) = (info.byteRange.lowerBound, info.shape, info.strides, info.type)
      self.isParameter = isParameter
    }
  }

  /// A tensor of memory of its own with the file's strides: no view, since LibTorch's matmul takes another path for views
  /// of what has no gradients.
  private static func tensor(
    _ info: TensorInfo, _ dtype: DType, _ device: Device, _ read: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws -> Tensor {
    let plain = Tensor.empty(info.shape, dtype: dtype)
    try plain.withUnsafeMutableBytes { if !$0.isEmpty { try read($0) } }
    var tensor = plain
    if let strides = info.strides, isDense(info.shape, strides) {
      tensor = .emptyStrided(info.shape, strides: strides, dtype: dtype)
      tensor.copy(from: plain)
    }
    return device == .cpu ? tensor : tensor.to(device)
  }

  /// Whether strides are those of a permuted contiguous tensor.
  private static func isDense(_ shape: [Int], _ strides: [Int]) -> Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).filter({ $0.0 != 1 }).sorted(by: { $0.1 < $1.1 }) {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }
}
