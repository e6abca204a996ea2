import Checkpoints
import Compaction
import Foundation
import Graphs
import NN
import Testing
import Torch

@testable import Runtime

/// What a smaller model says about the original's channels, in memory and in its file.
@Suite struct RecoveryFileTests {
  @Test func keptChannelsAreTextAndBack() throws {
    var kept = KeptChannels()
    kept.indices = ["a.weight": [0: [0, 1, 2, 5, 7, 8], 1: []], "b": [0: [3]]]
    #expect(KeptChannels(metadata: [KeptChannels.key: kept.text]) == kept)
    #expect(kept.text.contains("0-2,5,7-8"))
    #expect(KeptChannels(metadata: [:]) == nil)
    #expect(KeptChannels(metadata: [KeptChannels.key: "{\"schema\":1,\"weights\":{\"a\":{\"0\":\"4-x\"}}}"]) == nil)
    // Made smaller twice: of the original.
    var again = KeptChannels()
    again.indices = ["a.weight": [0: [1, 3, 4]], "c": [0: [2]]]
    let both = again.following(kept)
    #expect(both.indices["a.weight"]?[0] == [1, 5, 7])
    #expect(both.indices["a.weight"]?[1] == [])
    #expect(both.indices["c"]?[0] == [2])
  }

  @Test func twoFilesAreEnough() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-recovery-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let block = RecoveryTests.block(seed: 7)
    let x = Tensor.randn([64, 2, 8, 8], generator: Generator(seed: 4))
    try TracedModule(block, example: x.narrow(0, start: 0, length: 2)).write(to: path("big.pt2"))
    var source = path("big.pt2")
    // Twice, the second time out of the smaller one.
    for name in ["half.pt2", "less.pt2"] {
      let compactor = try Compactor(ExportedProgram(contentsOf: source))
      let choice = try compactor.choose(CompactionRecipe(RandomUnits(seed: 3), target: .amount(0.3)))
      try compactor.compacted(choice).write(to: path(name))
      source = path(name)
    }
    let small = try GraphModule(contentsOf: source)
    let big = try GraphModule(contentsOf: path("big.pt2"))
    let kept = try #require(small.keptChannels)
    #expect(try small.tensor("conv1.weight").shape[0] == kept.kept("conv1.weight", 0)?.count)
    let indices = Tensor(try #require(kept.kept("norm1.running_mean", 0)).map(Int64.init))
    #expect(difference(try small.tensor("norm1.running_mean"), try big.tensor("norm1.running_mean")[indices]) == 0)
    let report = try Recovery([.leastSquares]).run(small, teacher: big, inputs: [x])
    #expect(report.steps[0].skipped.isEmpty)
    #expect(report.steps[0].layers.count == 4)
    #expect(report.after.relativeError < 0.7 * report.before.relativeError)
    // Without the record, what has other channels is left and named.
    small.keptChannels = nil
    let blind = try Recovery([.leastSquares]).run(small, teacher: big, inputs: [x])
    #expect(blind.steps[0].skipped.contains { $0.name == "conv1.weight" && $0.reason.contains("not recorded") })
  }
}
