import NN
import OrderedCollections
import Pruning
import Torch

/// Both sides after a step, side by side.
struct Comparison {
  let network: Module
  let optimizer: (any Optimizer)?
  let outputs: [(String, Tensor)]
  /// Whether tensors lie strided, so that the two sides may run other kernels, whose roundings differ; otherwise
  /// everything is compared bit for bit.
  let isStrided: Bool
  /// What differs within that tolerance, as torch has it.
  private(set) var close: [(key: String, value: Tensor)] = []

  init(_ network: Module, _ optimizer: (any Optimizer)?, outputs: [(String, Tensor)], isStrided: Bool) {
    self.network = network
    self.optimizer = optimizer
    self.outputs = outputs
    self.isStrided = isStrided
  }

  /// Every tensor here, under the oracle's keys.
  private func tensors() -> OrderedDictionary<String, Tensor> {
    var found: OrderedDictionary<String, Tensor> = [:]
    for (path, module) in network.namedModules {
      for (name, slot) in module.slots {
        found["\(path).\(name)"] = noGrad { slot.tensor }
        if let grad = slot.parameter?.grad { found["\(path).\(name).grad"] = grad }
      }
    }
    for (name, tensor) in optimizer?.stateDict ?? [:] { found["optimizer.\(name)"] = tensor }
    for (name, tensor) in outputs { found[name] = tensor }
    return found
  }

  /// What differs.
  mutating func findings(_ reply: Reply) -> [String] {
    let names = nameFindings(reply)
    guard names.isEmpty else { return names }
    var own = tensors()
    var findings: [String] = []
    for theirs in reply.tensors {
      guard let ours = own.removeValue(forKey: theirs.key) else {
        findings.append("\(theirs.key): only torch has it")
        continue
      }
      findings += compare(theirs, ours)
    }
    return findings + own.keys.map { "\($0): only Bonsai has it" }
  }

  private func nameFindings(_ reply: Reply) -> [String] {
    let modules = network.namedModules.map { path, module in
      Reply.ModuleNames(
        path: path, parameters: module.slots.filter { $0.value.parameter != nil }.keys.elements,
        buffers: module.slots.filter { $0.value.buffer != nil }.keys.elements, hooks: module.pruningHooks,
        isTraining: module.isTraining)
    }
    var findings: [String] = []
    func expect<T: Equatable>(_ what: String, _ ours: T, _ theirs: T?) {
      if ours != theirs { findings.append("\(what): ours \(ours), theirs \(theirs.map { "\($0)" } ?? "nothing")") }
    }
    for (ours, theirs) in zip(modules, reply.modules ?? []) { expect("names of '\(ours.path)'", ours, theirs) }
    expect("modules", modules.count, reply.modules?.count)
    expect("state dict", network.stateDict.keys.elements, reply.stateDict)
    expect("named parameters", network.namedParameters.keys.elements, reply.parameters)
    expect("is pruned", Prune.isPruned(network), reply.isPruned)
    return findings
  }

  private mutating func compare(_ theirs: Reply.RemoteTensor, _ ours: Tensor) -> [String] {
    let key = theirs.key
    guard ours.dtype.description == theirs.dtype, ours.shape == theirs.shape else {
      return ["\(key): ours \(ours.dtype) \(ours.shape), theirs \(theirs.dtype) \(theirs.shape)"]
    }
    if !isStrided, key.hasSuffix("_mask"),
      significant(ours.strides, ours.shape) != significant(theirs.strides, theirs.shape)
    {
      return ["\(key): strides \(ours.strides), theirs \(theirs.strides)"]
    }
    if !key.hasPrefix("output") && !key.hasSuffix("grad") && ours.requiresGrad != theirs.requiresGrad {
      if network.namedParameters[key] != nil { return ["\(key): requires gradients: ours \(ours.requiresGrad)"] }
    }
    if ours.bytes == theirs.data { return [] }
    let expected = theirs.tensor
    if ours.sameEntries(expected) { return [] }
    let a = ours.array(of: Double.self)
    let b = expected.array(of: Double.self)
    if isStrided, !key.hasSuffix("_mask") {
      let scale = max(1, b.filter(\.isFinite).map(abs).max() ?? 0) * tolerance(ours.dtype)
      if zip(a, b).allSatisfy({ $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= scale }) {
        close.append((key, expected))
        return []
      }
    }
    let places = a.indices.filter { a[$0].bitPattern != b[$0].bitPattern }
    let shown = places.prefix(4).map { "[\($0)] ours \(a[$0]), theirs \(b[$0])" }
    return ["\(key): \(places.count) of \(a.count) entries differ: " + shown.joined(separator: "; ")]
  }

  /// How far entries may differ where kernels may, as a part of the tensor's largest magnitude (at least 1).
  private func tolerance(_ dtype: DType) -> Double {
    switch dtype {
    case .float64: 1e-13
    case .float32: 1e-5
    case .float16: 4e-3
    default: 3e-2
    }
  }

  /// The strides that say something: of dimensions longer than 1, of a tensor that is not empty.
  private func significant(_ strides: [Int], _ shape: [Int]) -> [Int] {
    shape.contains(0) ? [] : zip(strides, shape).filter { $1 > 1 }.map(\.0)
  }
}
