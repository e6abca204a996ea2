import Foundation
import NN
import Pruning
import Recipes
import Testing
import Torch

/// Several threads: the same masks for any number of them, and modules pruned and used at once.
@Suite(.serialized) struct ConcurrencyTests {
  /// What a thread does with a network of its own: every call that changes one, forward and backward passes in between.
  private static func story(_ seed: Int) throws -> State {
    let layer = Linear(70, 60)
    noGrad {
      for (i, parameter) in layer.parameters.enumerated() {
        parameter.copy(
          from: Tensor.randn(parameter.shape, generator: Generator(seed: UInt64(2 * seed + i))))
      }
    }
    let other = try layer.copy(into: Linear(70, 60))
    let x = Tensor.randn([3, 70], generator: Generator(seed: UInt64(seed)))
    try Prune.l1Unstructured(layer, name: "weight", amount: 0.3)
    try Prune.lnStructured(layer, name: "weight", amount: 4, n: 2, dim: 0)
    try Prune.globalUnstructured(
      [(layer, "weight"), (layer, "bias"), (other, "weight")], method: L1Unstructured.self, amount: 0.4)
    for _ in 0..<3 {
      layer.zeroGrad()
      layer(x).sum().backward()
      noGrad { for p in layer.parameters { p.addInPlace(p.grad!, scale: -0.1) } }
      try Prune.l1Unstructured(layer, name: "weight", amount: 50)
      try Prune.undo(layer, name: "weight")
      _ = noGrad { layer(x) }
    }
    try Prune.remove(other, name: "weight")
    try Prune.apply(Recipe(.magnitude, pattern: .nOfM(1, 2)), to: other)
    try Prune.customFromMask(layer, name: "weight", mask: other["weight_mask"])
    return State(try layer.copy(into: Linear(70, 60)))
  }

  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var found: [Int: Result<State, any Error>] = [:]
    func note(_ index: Int, _ result: Result<State, any Error>) { lock.withLock { found[index] = result } }
    subscript(index: Int) -> Result<State, any Error>? { lock.withLock { found[index] } }
  }

  @Test("modules pruned at once are what they are one after the other") func modulesAtOnce() throws {
    let count = 24
    let expected = try (0..<count).map { try Self.story($0) }
    let results = Results()
    DispatchQueue.concurrentPerform(iterations: count) { index in
      results.note(index, Result { try Self.story(index) })
    }
    for index in 0..<count { #expect(try results[index]?.get() == expected[index], "module \(index)") }
  }

  @Test("several threads use one pruned network without gradients") func oneNetworkAtOnce() throws {
    manualSeed(0)
    let net = Sequential(Linear(64, 64), ReLU(), Linear(64, 64))
    for layer in [net[0], net[2]] { try Prune.l1Unstructured(layer, name: "weight", amount: 0.5) }
    let x = Tensor.randn([2, 64])
    let expected = noGrad { net(x) }
    struct Shared: @unchecked Sendable {
      let net: Sequential
      let x: Tensor
      let expected: Tensor
    }
    let shared = Shared(net: net, x: x, expected: expected)
    for round in 0..<40 {
      // A change between rounds makes all threads compute the product anew at once.
      noGrad { for layer in [net[0], net[2]] { layer["weight_orig"].addInPlace(Tensor.zeros([64, 64])) } }
      let wrong = Results()
      DispatchQueue.concurrentPerform(iterations: 8) { index in
        for _ in 0..<5 where !noGrad({ shared.net(shared.x) }).equal(shared.expected) {
          wrong.note(index, .failure(CancellationError()))
        }
      }
      for index in 0..<8 { #expect(wrong[index] == nil, "round \(round), thread \(index)") }
    }
  }

  @Test("the same masks for any number of the engine's threads") func anyNumberOfThreads() throws {
    let threads = threadCount
    defer { threadCount = threads }
    let calls: [(String, (Module, String) throws -> Void)] = [
      ("l1", { try Prune.l1Unstructured($0 as! Linear, name: $1, amount: 0.5) }),
      ("random", { try Prune.randomUnstructured($0 as! Linear, name: $1, amount: 0.5) }),
      ("ln 2, rows", { try Prune.lnStructured($0 as! Linear, name: $1, amount: 0.5, n: 2, dim: 0) }),
      ("ln 1, columns", { try Prune.lnStructured($0 as! Linear, name: $1, amount: 0.5, n: 1, dim: 1) }),
      ("ln 3, rows", { try Prune.lnStructured($0 as! Linear, name: $1, amount: 0.5, n: 3, dim: 0) }),
      ("random rows", { try Prune.randomStructured($0 as! Linear, name: $1, amount: 0.5, dim: 0) }),
      ("global", { try Prune.globalUnstructured([($0, $1)], method: L1Unstructured.self, amount: 0.5) }),
    ]
    for (name, call) in calls {
      for dtype in [DType.float32, .float64, .bfloat16] {
        var masks: [Tensor] = []
        for count in [1, 2, 8] {
          threadCount = count
          manualSeed(3)
          let layer = Linear(260, 300).to(dtype)
          // In float32 whole numbers, with many ties; otherwise as drawn, so that sums depend on their order.
          if dtype == .float32 { noGrad { _ = layer.weight.copy(from: (layer.weight * 1000).round()) } }
          try call(layer, "weight")
          try call(layer, "weight")
          masks.append(layer["weight_mask"])
          // A product that is made anew, in several pieces.
          let (made, expected) = noGrad {
            let original = layer["weight_orig"].multiplyInPlace(2)
            return (layer["weight"], original * layer["weight_mask"].to(dtype))
          }
          #expect(sameBits(made, expected), "\(name), \(dtype), \(count) threads")
        }
        for mask in masks { #expect(sameBits(mask, masks[0]), "\(name), \(dtype)") }
      }
    }
  }
}
