import Foundation
import NN
import OrderedCollections
import Pruning
import Testing
import Torch

/// Replays one recorded case of kind `module`, comparing everything after every step.
final class GoldenReplay {
  let golden: GoldenCase
  let decisions: Set<Decision>
  var modules: OrderedDictionary<String, Module> = [:]
  /// The methods applied to each pruned tensor, by `module.name`, in the order in which each was first pruned.
  var histories: OrderedDictionary<String, [String]> = [:]
  /// Set at the first step that goes otherwise by decision: PyTorch's later results do not apply.
  var diverged = false

  init(_ golden: GoldenCase, decisions: Set<Decision>) throws {
    self.golden = golden
    self.decisions = decisions
    let specs = golden.fields["modules"] as! [String: [String: Any]]
    // The manifest's order of modules is lost in a dictionary; no step depends on it.
    for (name, spec) in specs.sorted(by: { $0.key < $1.key }) {
      let module = try GoldenModules.make(spec)
      for (parameter, key) in spec["inputs"] as! [String: String] {
        let tensor = try module.tensor(parameter)
        let value = try golden.tensor(key)
        if let strides = (spec["strides"] as? [String: [Int]])?[parameter] {
          tensor.setData(Tensor.emptyStrided(value.shape, strides: strides, dtype: value.dtype).copy(from: value))
        } else {
          tensor.setData(value)
        }
      }
      modules[name] = module
      try compare(module, name, spec["before"] as! [String: Any], "before")
    }
  }

  func run() throws {
    for (i, op) in golden.ops.enumerated() {
      let before = modules.mapValues(State.init)
      let label = "\(golden.id) op \(i) \(op["op"]!)"
      let raises = (op["raises"] != nil && !decisions.contains(.worksHere(i))) || decisions.contains(.refusedHere(i))
      if raises {
        if perform(op) == nil { throw GoldenMismatch("\(label): expected an error") }
        for (name, module) in modules {
          #expect(State(module) == before[name]!, "\(label): the failing call changed \(name)")
        }
        diverged = diverged || decisions.contains(.unchangedByFailure) || decisions.contains(.refusedHere(i))
        continue
      }
      if let error = perform(op) { throw GoldenMismatch("\(label): \(error)") }
      diverged = diverged || decisions.contains(.worksHere(i)) || decisions.contains(.neverStale(i))
      if !diverged {
        try compareMasks(op, label)
        for (name, snapshot) in op["after"] as! [String: [String: Any]] {
          try compare(modules[name]!, name, snapshot, label)
        }
      }
      try compareOutputs(op, label, withPyTorch: !diverged)
    }
    if !diverged && !decisions.contains(.eachParameterOnce) { try compareFinal() }
  }

  /// Does one step; returns the error it threw.
  private func perform(_ op: [String: Any]) -> (any Error)? {
    do {
      try step(op)
      return nil
    } catch { return error }
  }

  private func step(_ op: [String: Any]) throws {
    let kind = op["op"] as! String
    let module = (op["module"] as? String).flatMap { modules[$0] }
    let name = op["name"] as? String ?? ""
    if let seed = op["seed"] as? Int { manualSeed(UInt64(seed)) }
    func amount() throws -> Amount {
      guard let amount = GoldenNumber(op["amount"])?.amount else { throw NotExpressible() }
      return amount
    }
    func norm() throws -> Norm {
      guard let norm = GoldenNumber(op["n"])?.norm else { throw NotExpressible() }
      return norm
    }
    let scores = try (op["importance"] as? String).map(golden.tensor)
    var applied: String?
    switch kind {
    case "l1_unstructured":
      try Prune.l1Unstructured(
        module!, name: name, amount: amount(), importanceScores: scores, nan: .rankLargest)
      applied = "L1Unstructured"
    case "random_unstructured":
      try Prune.randomUnstructured(module!, name: name, amount: amount())
      applied = "RandomUnstructured"
    case "random_structured":
      try Prune.randomStructured(module!, name: name, amount: amount(), dim: op["dim"] as! Int)
      applied = "RandomStructured"
    case "ln_structured":
      try Prune.lnStructured(
        module!, name: name, amount: amount(), n: norm(), dim: op["dim"] as! Int, importanceScores: scores,
        nan: .rankLargest)
      applied = "LnStructured"
    case "identity":
      try Prune.identity(module!, name: name)
      applied = "Identity"
    case "custom_from_mask":
      try Prune.customFromMask(module!, name: name, mask: golden.tensor(op["mask"] as! String))
      applied = "CustomFromMask"
    case "remove":
      try Prune.remove(module!, name: name)
      histories["\(op["module"]!).\(name)"] = nil
    case "global_unstructured": try global(op, amount)
    case "forward": try check(forward(module!, op), op["y"] as! String, "forward")
    case "backward":
      for module in modules.values { module.zeroGrad() }
      try (forward(module!, op) * golden.tensor(op["w"] as! String)).sum().backward()
      for (parameter, key) in op["grads"] as! [String: String] {
        try check(module!.tensor(parameter).grad!, key, "gradient of \(parameter)")
      }
    case "sgd_step":
      noGrad { for p in module!.parameters { p.addInPlace(p.grad!, scale: -(op["lr"] as! Double)) } }
    case "add_to_param":
      try noGrad { _ = try module!.tensor(name).addInPlace(golden.tensor(op["delta"] as! String)) }
    case "to_dtype": module!.to(DType(op["dtype"] as! String)!)
    default: throw GoldenMismatch("unknown op \(kind)")
    }
    if let applied { histories["\(op["module"]!).\(name)", default: []].append(applied) }
  }

  private func global(_ op: [String: Any], _ amount: () throws -> Amount) throws {
    let pairs = (op["parameters"] as! [[String]]).map { (modules[$0[0]]!, $0[1]) }
    var scores: [ParameterID: Tensor] = [:]
    for entry in op["importance"] as? [[String]] ?? [] {
      scores[ParameterID(modules[entry[0]]!, entry[1])] = try golden.tensor(entry[2])
    }
    let method: any PruningMethod
    let type = op["method"] as! String
    switch type {
    case "L1Unstructured": method = L1Unstructured(amount: try amount(), nan: .rankLargest)
    case "RandomUnstructured": method = RandomUnstructured(amount: try amount())
    case "Identity": method = Identity()
    case "LnStructured": method = LnStructured(amount: 0.25, n: 2, dim: 0)
    case "CustomFromMask": method = CustomFromMask(mask: Tensor.ones([12]))
    default: throw GoldenMismatch("unknown method \(type)")
    }
    try Prune.globalUnstructured(pairs, method: method, importanceScores: scores)
    let listed = OrderedSet(op["parameters"] as! [[String]])
    if !decisions.contains(.eachParameterOnce) { precondition(listed.count == pairs.count) }
    for parameter in listed {
      histories[parameter.joined(separator: "."), default: []].append(type)
    }
  }

  private func forward(_ module: Module, _ op: [String: Any]) throws -> Tensor {
    let x = try golden.tensor(op["x"] as! String)
    return GoldenModules.forward(module, x)
  }

  private func check(_ found: Tensor, _ key: String, _ what: String) throws {
    guard !diverged else { return }
    let expected = try golden.tensor(key)
    #expect(found.dtype == expected.dtype, "\(golden.id): dtype of \(what)")
    let difference = found.shape == expected.shape ? (found.detach() - expected).abs().max().item() : .infinity
    #expect(difference <= 1e-5, "\(golden.id): \(what) differs by \(difference)")
  }
}

/// What the recorded call says and Swift's types cannot: `amount="a string"`, `n="foo"`. The compiler refuses it.
struct NotExpressible: Error {}

/// A step that did not go as recorded.
struct GoldenMismatch: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Everything that a failing call must leave alone, bit for bit.
struct State: Equatable {
  let names: [String]
  let bytes: [[UInt8]]
  let hooks: [Int]
  let pruned: Bool

  init(_ module: Module) {
    names = module.slots.map { "\($0.key) \($0.value.tensor.shape) \($0.value.tensor.dtype)" }
    bytes = module.slots.values.map { slot in
      let tensor = noGrad { slot.tensor.detach().contiguous() }
      return tensor.withUnsafeBytes { Array($0) }
    }
    hooks = Array(module.forwardPreHooks.keys)
    pruned = Prune.isPruned(module)
  }
}
