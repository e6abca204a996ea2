import Checkpoints
import Foundation
import Graphs
import NN
import Pruning
import Recipes
import Runtime
import Testing
import Torch

/// What flows into the layers of an exported model.
@Suite(.serialized) struct GraphCalibrationTests {
  final class Net: Module {
    let conv = Conv2d(2, 4, kernelSize: 3, stride: 2, padding: 1)
    let grouped = Conv2d(4, 6, kernelSize: 3, groups: 2)
    let query = Linear(24, 8)
    let key = Linear(24, 8)
    let last = Linear(8, 4)
    override func forward(_ x: Tensor) -> Tensor {
      let h = relu(grouped(relu(conv(x)))).flatten(1)
      return last(query(h) * key(h).sigmoid())
    }
  }

  @Test("layer by layer on an exported model gives the masks and weights of the module", arguments: 0..<4)
  func exported(_ index: Int) throws {
    let recipe: Recipe =
      [
        Recipe(.wanda, target: .amount(0.5), distribution: .perRow), Recipe(.wanda, pattern: .nOfM(1, 2)),
        Recipe(.sparseGPT, target: .sparsity(0.5), distribution: .uniform),
        Recipe(.activationMean, target: .amount(0.5), pattern: .structured(dim: 1)),
      ][index]
    manualSeed(4)
    let (net, x) = (Net(), Tensor.randn([12, 2, 8, 8]))
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).pt2").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try TracedModule(net, example: x).write(to: path)
    let model = try GraphModule(contentsOf: path)
    func reports(_ model: Module) throws -> PruningReport {
      try Prune.layerByLayer(recipe, to: model) { for batch in x.split(6) { _ = model(batch) } }
    }
    let (own, other) = (try reports(net), try reports(model))
    #expect(own.tensors.map(\.name) == other.tensors.map(\.name) && own.tensors.count == 5)
    #expect(own.tensors.map(\.pruned) == other.tensors.map(\.pruned))
    for (name, tensor) in net.stateDict {
      let found = try #require(model.stateDict[name])
      let apart = (tensor.to(.float64) - found.to(.float64)).abs().max().item()
      #expect(apart <= (name.hasSuffix("_mask") ? 0 : 1e-6), "\(name): \(apart)")
    }
    // Nothing listens any more.
    #expect(try model.module(at: "last").forwardPreHooks.count == 1)
  }
}
