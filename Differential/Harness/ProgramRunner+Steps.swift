import NN
import Pruning
import Torch

extension ProgramRunner {
  /// Does a step in Bonsai; returns what is wrong with it in itself.
  func perform(_ step: Step, _ inputs: [InputSpec], _ reply: Reply) throws -> [String] {
    switch step {
    case .prune(let target, let method, let seed, let scores):
      let module = try self.module(target.module)
      let own = parameter(target)
      let drawn = scores?.draw(shape: own?.shape ?? [1], dtype: own?.dtype ?? .float32)
      try method.prune(module, target.name, scores: drawn, seed: seed)
    case .globally(let targets, let method, let seed, let scores):
      try globally(targets, method, seed, scores)
    case .remove(let target): try Prune.remove(module(target.module), name: target.name)
    case .undo(let target): try Prune.undo(module(target.module), name: target.name)
    case .probe(let target, let method, let seed, let removing): return probe(target, method, seed, removing)
    case .fill(let target, let recipe):
      guard let parameter = parameter(target) else { break }
      parameter.setData(recipe.draw(shape: parameter.shape, dtype: parameter.dtype))
    case .add(let target, let recipe):
      guard let parameter = parameter(target) else { break }
      let values = recipe.draw(shape: parameter.shape, dtype: parameter.dtype)
      noGrad { _ = parameter.addInPlace(values) }
    case .forward(let seed, _, let gradients):
      let found = gradients ? pass(inputs, seed).outputs : noGrad { pass(inputs, seed).outputs }
      outputs = named("output", found)
    case .backward(let seed, _, let accumulating): backward(inputs, seed, accumulating)
    case .optimize: optimizer?.step()
    case .save(let slot): try network.save(to: "\(oracle.folder)/bonsai-\(slot).safetensors")
    case .load(let slot, let how):
      let state = try StateDict(contentsOf: "\(oracle.folder)/torch-\(slot).safetensors")
      let found =
        how == .translated
        ? try Prune.load(state, into: network) : try network.loadStateDict(state, strict: how == .strict)
      if Set(found.missing) != Set(reply.missing ?? []) || Set(found.unexpected) != Set(reply.unexpected ?? []) {
        return ["loading: ours \(found), theirs missing \(reply.missing ?? []), unexpected \(reply.unexpected ?? [])"]
      }
    case .hold(let target):
      if let optimizer { try Prune.holdZeros(module(target.module), name: target.name, in: optimizer) }
    case .copy:
      sources.append((network, Snapshot(network)))
      network = try network.copy(into: program.fresh())
      makeOptimizer()
    case .convert(let path, let dtype):
      guard let dtype = DType(dtype) else { break }
      try module(path).to(dtype)
      makeOptimizer()
    case .train(let on): network.train(on)
    case .freeze(let on): network.freeze(on)
    }
    return []
  }

  private func module(_ path: String) throws -> Module {
    guard let module = network.namedModules[path] else {
      throw ModuleError.noTensor(path, module: "\(network)", names: Array(network.namedModules.keys))
    }
    return module
  }

  /// The parameter itself, also where it is pruned.
  private func parameter(_ target: Target) -> Tensor? {
    let slots = network.namedModules[target.module]?.slots
    return slots?[target.name + "_orig"]?.parameter ?? slots?[target.name]?.parameter
  }

  private func globally(_ targets: [Target], _ method: Method, _ seed: UInt64, _ recipes: [TensorRecipe?]) throws {
    var pairs: [(Module, String)] = []
    var scores: [ParameterID: Tensor] = [:]
    for (target, recipe) in zip(targets, recipes) {
      let module = try self.module(target.module)
      pairs.append((module, target.name))
      if let recipe, let own = parameter(target) {
        scores[ParameterID(module, target.name)] = recipe.draw(shape: own.shape, dtype: own.dtype)
      }
    }
    let made = method.make(shape: [4], dtype: .float32)
    manualSeed(seed)
    try Prune.globalUnstructured(pairs, method: made, importanceScores: scores)
  }

  private func probe(_ target: Target, _ method: Method, _ seed: UInt64, _ removing: Bool) -> [String] {
    guard let module = network.namedModules[target.module] else { return [] }
    let before = Snapshot(network)
    var what = "a call refused"
    do {
      if removing {
        try Prune.remove(module, name: target.name, undoable: true)
      } else {
        try method.prune(module, target.name, scores: nil, seed: seed)
      }
      what = "undo failed"
      try Prune.undo(module, name: target.name)
      what = "a call taken back"
    } catch  where what == "a call refused" {
    } catch { return ["\(what): \(error)"] }
    return Snapshot(network).difference(from: before).map { ["\(what): \($0)"] } ?? []
  }

  private func pass(_ specs: [InputSpec], _ seed: UInt64) -> (inputs: [Tensor], outputs: [Tensor]) {
    let dtype = network.parameters.first?.dtype ?? .float32
    let inputs = specs.enumerated().map { i, spec in
      manualSeed(seed + UInt64(i))
      guard let indices = spec.indices else {
        return Tensor.randn(spec.shape).to(dtype).requiringGrad()
      }
      return Tensor.randint(0..<indices, spec.shape)
    }
    manualSeed(seed)
    return (inputs, network.outputs(inputs))
  }

  private func backward(_ specs: [InputSpec], _ seed: UInt64, _ accumulating: Bool) {
    if !accumulating { network.zeroGrad() }
    let (inputs, found) = pass(specs, seed)
    manualSeed(seed)
    (found[0] * Tensor.randn(found[0].shape).to(found[0].dtype)).sum().backward()
    outputs = named("output", found)
    for (i, input) in inputs.enumerated() {
      if let grad = input.grad { outputs.append(("input.\(i).grad", grad)) }
    }
  }

  private func named(_ prefix: String, _ tensors: [Tensor]) -> [(String, Tensor)] {
    tensors.enumerated().map { ("\(prefix).\($0)", $1) }
  }
}
