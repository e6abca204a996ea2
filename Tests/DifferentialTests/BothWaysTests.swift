import DifferentialHarness
import Foundation
import NN
import Pruning
import Testing
import Torch

/// State dicts of pruned and unpruned networks, written here, read by torch itself, pruned further and trained there,
/// and read back here: `Python/both_ways.py`.
@Suite(.serialized, .enabled(if: Oracle.isAvailable, "needs a python3 with torch and safetensors"))
struct BothWaysTests {
  private static let dtypes: [DType] = [.float32, .float64, .float16, .bfloat16]

  private static func network(_ dtype: DType) -> Sequential {
    Sequential(Conv2d(1, 4, kernelSize: 3), ReLU(), Flatten(), Linear(64, 8), ReLU(), Linear(8, 3)).to(dtype)
  }

  private static func same(_ a: Tensor?, _ b: Tensor?) -> Bool {
    guard let a, let b, a.dtype == b.dtype, a.shape == b.shape else { return false }
    return zip(a.array(of: Double.self), b.array(of: Double.self)).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }

  /// Writes the networks of one dtype.
  /// - Returns: The pruned one.
  private func write(_ dtype: DType, in folder: String) throws -> Sequential {
    manualSeed(1)
    let net = Self.network(dtype)
    let x = Tensor.randn([5, 1, 6, 6]).to(dtype)
    var io: StateDict = ["x": x]
    try net.save(to: "\(folder)/\(dtype)-plain.safetensors")
    io["plain"] = noGrad { net(x) }
    try Prune.randomUnstructured(net[0], name: "weight", amount: 0.25)
    try Prune.l1Unstructured(net[0], name: "weight", amount: 9)
    try Prune.lnStructured(net[3], name: "weight", amount: 2, n: 2, dim: 0)
    try Prune.globalUnstructured([(net[3], "weight"), (net[5], "weight")], method: L1Unstructured.self, amount: 0.3)
    try net.save(to: "\(folder)/\(dtype)-pruned.safetensors")
    io["pruned"] = noGrad { net(x) }
    let removed = try net.copy(into: Self.network(dtype))
    for layer in [0, 3, 5] { try Prune.remove(removed[layer], name: "weight") }
    try removed.save(to: "\(folder)/\(dtype)-removed.safetensors")
    io["removed"] = noGrad { removed(x) }
    try io.save(to: "\(folder)/\(dtype)-x.safetensors")
    return net
  }

  @Test("each side reads what the other wrote, and goes on with it") func bothWays() throws {
    let threads = threadCount
    defer { threadCount = threads }
    threadCount = 1
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("both-ways-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let networks = try Self.dtypes.map { try write($0, in: folder) }

    let script = try #require(Bundle.module.url(forResource: "Python/both_ways", withExtension: "py"))
    let lines = try Interpreter.run(script: script.path, [folder]).split(separator: "\n").map(String.init)
    #expect(lines.filter { !$0.hasPrefix("ok") } == Self.dtypes.map { "done \($0)" })
    #expect(lines.count == 7 * Self.dtypes.count)

    for (dtype, net) in zip(Self.dtypes, networks) {
      let outputs = try StateDict(contentsOf: "\(folder)/torch-\(dtype)-y.safetensors")
      let x = try #require(StateDict(contentsOf: "\(folder)/\(dtype)-x.safetensors")["x"])
      // The network goes on here as it did there: the same masks, gradients, step and output. Half types have equal
      // magnitudes at the cut, of which PyTorch leaves open which go, so that its masks are taken.
      if dtype == .float32 || dtype == .float64 {
        try Prune.globalUnstructured(
          [(net[0], "weight"), (net[3], "weight"), (net[5], "weight")], method: L1Unstructured.self, amount: 100)
        try Prune.lnStructured(net[5], name: "weight", amount: 1, n: 1, dim: 1)
      } else {
        let state = try StateDict(contentsOf: "\(folder)/torch-\(dtype)-pruned.safetensors")
        for layer in [0, 3, 5] {
          let before = net[layer]["weight_mask"].countNonzero()
          try Prune.customFromMask(
            net[layer], name: "weight", mask: #require(state["\(layer).weight_mask"]))
          #expect(net[layer]["weight_mask"].countNonzero() <= before)
        }
      }
      let optimizer = SGD(net.parameters, learningRate: 0.25)
      net(x).sum().backward()
      optimizer.step()
      for suffix in ["safetensors", "pt"] {
        let state = try StateDict(contentsOf: "\(folder)/torch-\(dtype)-pruned.\(suffix)")
        #expect(Set(state.keys) == Set(net.stateDict.keys), "\(dtype) \(suffix)")
        for (name, tensor) in net.stateDict { #expect(Self.same(tensor, state[name]), "\(dtype) \(suffix): \(name)") }
        // Into a network of the same prunings, and into one that has none.
        let twin = try net.copy(into: Self.network(dtype))
        noGrad { for parameter in twin.parameters { parameter.zero() } }
        try twin.loadStateDict(state)
        let fresh = Self.network(dtype)
        try Prune.load(state, into: fresh, .asState)
        #expect(Prune.isPruned(fresh))
        for net in [twin, fresh] { #expect(Self.same(noGrad { net(x) }, outputs["pruned"]), "\(dtype) \(suffix)") }
      }
      let removed = Self.network(dtype)
      try removed.loadStateDict(StateDict(contentsOf: "\(folder)/torch-\(dtype)-removed.safetensors"))
      #expect(!Prune.isPruned(removed))
      #expect(Self.same(noGrad { removed(x) }, outputs["removed"]), "\(dtype) removed")
    }
  }
}
