import Foundation
import Graphs
import Recipes
import Runtime
import Sparsity
import Testing
import Torch

@testable import Compaction

/// Random networks with random units removed, against the masked network, in numbers of 64 bits.
@Suite(.serialized) struct RandomGraphTests {
  /// `BONSAI_RANDOM_GRAPHS` asks for more than the usual number.
  static let count = ProcessInfo.processInfo.environment["BONSAI_RANDOM_GRAPHS"].flatMap { Int($0) } ?? 120
  static let first = ProcessInfo.processInfo.environment["BONSAI_RANDOM_SEED"].flatMap { UInt64($0) } ?? 0

  @Test func compactedEqualsMasked() throws {
    threadCount = 1
    var (units, whole, removed) = (0, 0, 0)
    var wrong: [String] = []
    for seed in Self.first..<Self.first + UInt64(Self.count) {
      let model = RandomModel(seed: seed, layers: 4 + Int(seed % 12))
      let heads: HeadPolicy = seed % 2 == 0 ? .whole : .size
      let compactor = try Compactor(
        model.graph, ModelTensors(model.tensors),
        options: CompactionOptions(heads: heads, padsNorms: seed % 3 != 0))
      units += compactor.unitCount
      #expect(compactor.unknownSteps.isEmpty, "seed \(seed)")
      guard compactor.unitCount > 0 else {
        whole += 1
        continue
      }
      let recipe = CompactionRecipe(
        RandomUnits(seed: seed), target: .amount(.fraction([0.2, 0.5, 0.9][Int(seed / 2 % 3)])),
        distribution: seed % 5 == 0 ? .global : .uniform)
      let choice = try compactor.choose(recipe)
      removed += choice.units.count
      do {
        let error = try compactor.error(of: choice)
        if error > 1e-9 { wrong.append("seed \(seed): \(error)") }
      } catch {
        wrong.append("seed \(seed): \(error)")
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) of \(Self.count): \(wrong.prefix(5))")
    // The test would say little if little went.
    #expect(removed * 4 > units && whole * 5 < Self.count)
    print(
      "random graphs: \(Self.count), \(whole) of them whole, \(removed) of \(units) units removed, \(wrong.count) wrong"
    )
  }

  @Test func zerosThatAreThereGo() throws {
    threadCount = 1
    var (models, removed, folds, kept) = (0, 0, 0, 0)
    var wrong: [String] = []
    for seed in Self.first..<Self.first + UInt64(Self.count) {
      let model = RandomModel(seed: seed, layers: 3 + Int(seed % 8))
      let compactor = try Compactor(model.graph, ModelTensors(model.withDeadChannels(seed: seed)))
      let (choice, left) = try compactor.zeros()
      kept += left.reduce(0) { $0 + $1.count }
      guard !choice.units.isEmpty else { continue }
      models += 1
      removed += choice.units.count
      folds += choice.folds.count
      do {
        let inputs = try inputs(model.graph)
        let (wanted, found) = try noGrad {
          (
            try compactor.compacted(.init(units: [])).module().run(inputs)[0],
            try compactor.compacted(choice).module().run(inputs)[0]
          )
        }
        let error = relativeDifference(wanted, found)
        if error > 1e-9 { wrong.append("seed \(seed): \(error)") }
      } catch {
        wrong.append("seed \(seed): \(error)")
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(5))")
    #expect(models * 4 > Self.count && folds > 0 && kept > 0)
    print(
      "zeros: \(models) models, \(removed) units removed, \(folds) biases made, \(kept) dead units kept, \(wrong.count) wrong"
    )
  }
}
