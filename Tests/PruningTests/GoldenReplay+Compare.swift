import Foundation
import NN
import Pruning
import Testing
import Torch

extension GoldenReplay {
  /// Order, shape and dtype of parameters and buffers, state dict keys, hooks with their histories.
  func compare(_ module: Module, _ name: String, _ snapshot: [String: Any], _ label: String) throws {
    let own = module.slots
    let parameters = (snapshot["parameters"] as! [[Any]]).filter { $0.count > 2 }
    #expect(
      own.compactMap { $0.value.parameter.map { [$0.shape.description, "\($0.dtype)"] } }
        == parameters.map { ["\($0[1] as! [Int])", $0[2] as! String] }
        && own.filter { $0.value.parameter != nil }.keys.elements == parameters.map { $0[0] as! String },
      "\(label): parameters of \(name)")
    let buffers = snapshot["buffers"] as! [[Any]]
    #expect(
      own.compactMap { key, slot in
        slot.buffer.map { "\(key) \($0.shape) \($0.dtype) \($0.count == 0 ? [] : $0.strides)" }
      }
        == buffers.map {
          let shape = $0[1] as! [Int]
          return "\($0[0]) \(shape) \($0[2]) \(shape.contains(0) ? [] : $0[3] as! [Int])"
        },
      "\(label): buffers of \(name)")
    #expect(
      module.stateDict.keys.elements == snapshot["state_dict"] as! [String], "\(label): state dict of \(name)")
    #expect(Prune.isPruned(module) == snapshot["is_pruned"] as! Bool, "\(label): isPruned of \(name)")
    compareHooks(module, name, snapshot["forward_pre_hooks"] as! [[String: Any]], label)
  }

  /// The hooks are PyTorch's but for two decisions: they keep their order, and global pruning records its method.
  private func compareHooks(_ module: Module, _ name: String, _ expected: [[String: Any]], _ label: String) {
    let hooks = module.forwardPreHooks.values.compactMap { $0 as? PruningHook }
    let firstPruned = histories.keys.filter { $0.hasPrefix(name + ".") }.map { String($0.dropFirst(name.count + 1)) }
    #expect(hooks.map(\.tensorName) == firstPruned, "\(label): order of hooks of \(name)")
    #expect(Set(hooks.map(\.tensorName)) == Set(expected.map { $0["tensor"] as! String }), "\(label): hooks of \(name)")
    for hook in hooks {
      let history = histories["\(name).\(hook.tensorName)"] ?? []
      #expect(hook.history.map(\.description) == history, "\(label): history of \(hook.tensorName)")
      guard let recorded = expected.first(where: { $0["tensor"] as? String == hook.tensorName }) else { continue }
      let methods = recorded["methods"] as? [String] ?? [recorded["class"] as! String]
      #expect(methods.count == history.count || decisions.contains(.eachParameterOnce), "\(label): length of history")
      for (method, own) in zip(methods, history) {
        #expect(method == own || method == "CustomFromMask", "\(label): \(method) recorded, \(own) found")
      }
    }
  }

  /// Masks bit for bit; where equal scores lie on both sides of the cut, as multisets, going on from PyTorch's choice.
  func compareMasks(_ op: [String: Any], _ label: String) throws {
    let ties = (op["compare"] as! String).contains("multiset")
    var found: [Double] = []
    var expected: [Double] = []
    for (path, key) in op["masks"] as? [String: String] ?? [:] {
      let (module, name) = split(path)
      let theirs = try golden.tensor(key)
      let ours = try module.tensor(name)
      #expect(ours.dtype == theirs.dtype, "\(label): dtype of \(path)")
      if !ties {
        #expect(ours.equal(theirs) || decisions.contains(.eachParameterOnce), "\(label): \(path) differs")
        continue
      }
      found += try keptScores(op, module, name, ours)
      expected += try keptScores(op, module, name, theirs)
      try module.loadStateDict([name: theirs], strict: false)
    }
    // Within the rounding of the dtype in which PyTorch compares the norms.
    let halves = Set(modules.values.flatMap(\.parameters).map(\.dtype))
    let tolerance = halves.contains(.bfloat16) ? 8e-3 : halves.contains(.float16) ? 1e-3 : 1e-6
    // Ranked as PyTorch does, NaN above infinity.
    func ranked(_ scores: [Double]) -> [Double] { scores.sorted { !$0.isNaN && ($1.isNaN || $0 < $1) } }
    let close = zip(ranked(found), ranked(expected)).allSatisfy {
      abs($0 - $1) <= tolerance * max(abs($0), abs($1)) || $0 == $1 || ($0.isNaN && $1.isNaN)
    }
    #expect(found.count == expected.count && close, "\(label): kept scores")
  }

  /// The scores that a mask keeps, as the caller or the weight gives them; for channels, their norms.
  private func keptScores(_ op: [String: Any], _ module: Module, _ name: String, _ mask: Tensor) throws -> [Double] {
    let original = try module.tensor(name.replacingOccurrences(of: "_mask", with: "_orig")).detach()
    let scores = try ((op["importance"] as? String).map(golden.tensor) ?? original).to(.float64)
    guard op["op"] as? String == "ln_structured" else { return scores.abs()[mask .!= 0].array(of: Double.self) }
    let dim = op["dim"] as! Int
    let others = (0..<mask.rank).filter { $0 != (dim < 0 ? dim + mask.rank : dim) }
    guard case .p(let p)? = GoldenNumber(op["n"])?.norm else { throw GoldenMismatch("ties in a matrix norm") }
    let norms = scores.vectorNorm(p, others)
    return norms[(mask .!= 0).to(.int64).sum(others) .> 0].array(of: Double.self)
  }

  /// `m.weight_mask` as the module and the name in it.
  private func split(_ path: String) -> (Module, String) {
    let dot = path.firstIndex(of: ".")!
    return (modules[String(path[..<dot])]!, String(path[path.index(after: dot)...]))
  }

  /// Effective tensors where PyTorch's are fresh.
  func compareOutputs(_ op: [String: Any], _ label: String, withPyTorch: Bool) throws {
    for (path, module) in modules {
      for (name, slot) in module.slots {
        guard case .computed = slot else { continue }
        let product = noGrad { module[name + "_mask"].to(module[name + "_orig"].dtype) * module[name + "_orig"] }
        #expect(sameBits(noGrad { module[name] }, product), "\(label): \(path).\(name) is not mask * orig")
        if withPyTorch, op["op"] as? String == "forward",
          let key = (op["effective"] as? [String: String])?["\(path).\(name)"]
        {
          let expected = try golden.tensor(key)
          #expect(sameBits(noGrad { module[name] }, expected), "\(label): effective \(path).\(name)")
        }
      }
    }
  }

  /// Every entry of the state dict, and the pruned tensors, at the end.
  func compareFinal() throws {
    for (path, key) in golden.fields["final"] as? [String: String] ?? [:] {
      let (module, name) = split(path.replacingOccurrences(of: "(effective)", with: ""))
      let expected = try golden.tensor(key)
      let found = try noGrad { try module.tensor(name) }
      let close =
        found.shape == expected.shape && found.dtype == expected.dtype
        && found.detach().allClose(expected, relative: 1e-6, absolute: 1e-7, equalNaN: true)
      #expect(sameBits(found, expected) || close, "\(golden.id): final \(path)")
    }
  }
}

/// Whether two tensors agree in shape, dtype and every bit.
func sameBits(_ a: Tensor, _ b: Tensor) -> Bool {
  guard a.shape == b.shape, a.dtype == b.dtype else { return false }
  func bytes(_ t: Tensor) -> [UInt8] { t.detach().contiguous().withUnsafeBytes { Array($0) } }
  if bytes(a) == bytes(b) { return true }
  // NaN has many bit patterns, and which one a product gives is the processor's choice.
  return zip(a.array(of: Double.self), b.array(of: Double.self)).allSatisfy {
    ($0.isNaN && $1.isNaN) || $0.bitPattern == $1.bitPattern
  }
}
