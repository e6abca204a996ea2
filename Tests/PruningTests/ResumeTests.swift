import Foundation
import NN
import Pruning
import Testing
import Torch

/// Training with pruning that is cut off, written to files, and goes on elsewhere.
@Suite(.serialized) struct ResumeTests {
  private final class Net: Module {
    let first = Linear(8, 12)
    let dropout = Dropout(0.25)
    let last = Linear(12, 3)
    override func forward(_ x: Tensor) -> Tensor { last(dropout(relu(first(x)))) }
  }

  /// Steps of training on data that the default generator draws, with a mask update in each: pruned a little further,
  /// and in every third step a mask of which entries have grown back.
  private func train(_ net: Net, _ optimizer: any Optimizer, _ steps: Range<Int>) throws -> [Double] {
    try steps.map { step in
      if step % 3 == 2 {
        try Prune.replaceMask(net.first, name: "weight", mask: (Tensor.rand([12, 8]) .> 0.3).to(.float32))
      } else {
        try Prune.globalUnstructured(
          [(net.first, "weight"), (net.last, "weight")], method: L1Unstructured.self, amount: 0.1)
      }
      try Prune.randomUnstructured(net.last, name: "bias", amount: 0)
      optimizer.zeroGrad()
      let loss = crossEntropy(net(Tensor.randn([16, 8])), Tensor.randint(0..<3, [16]))
      loss.backward()
      optimizer.step()
      return loss.item()
    }
  }

  private static let optimizers: [@Sendable ([Tensor]) -> any Optimizer] = [
    { SGD($0, learningRate: 0.1, momentum: 0.9, weightDecay: 0.01) }, { Adam($0, learningRate: 0.01, amsgrad: true) },
  ]

  @Test("training that was cut off goes on bit for bit", arguments: 0..<2, [0, 1, 5])
  func resumed(_ index: Int, cut: Int) throws {
    let make = Self.optimizers[index]
    manualSeed(0)
    let net = Net()
    let optimizer = make(net.parameters)
    _ = try train(net, optimizer, 0..<cut)
    // Model with its masks, optimiser and generator, written to files and read again.
    let place = FileManager.default.temporaryDirectory.appendingPathComponent("ResumeTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let folder = place.path
    try net.save(to: folder + "/net.safetensors")
    try optimizer.stateDict(naming: net).save(to: folder + "/optimizer.safetensors")
    try (["generator": Generator.default().state] as StateDict).save(to: folder + "/generator.safetensors")
    let expected = try train(net, optimizer, cut..<cut + 6)

    manualSeed(99)
    let twin = Net()
    let resumed = make(twin.parameters)  // before pruning, in another order than the parameters have in the file
    try Prune.load(StateDict(contentsOf: folder + "/net.safetensors"), into: twin, .asState)
    try resumed.loadStateDict(StateDict(contentsOf: folder + "/optimizer.safetensors"), naming: twin)
    Generator.default().state = try #require(StateDict(contentsOf: folder + "/generator.safetensors")["generator"])
    #expect(try train(twin, resumed, cut..<cut + 6) == expected)
    for (name, tensor) in net.stateDict { #expect(sameBits(tensor, try #require(twin.stateDict[name])), "\(name)") }
    let states = (try optimizer.stateDict(naming: net), try resumed.stateDict(naming: twin))
    #expect(Set(states.0.keys) == Set(states.1.keys) && !states.0.isEmpty)
    for (name, tensor) in states.0 { #expect(sameBits(tensor, try #require(states.1[name])), "\(name)") }
  }
}
