import Checkpoints
import Foundation
import Graphs
import Recipes
import Runtime
import Sparsity
import TestSupport
import Testing

@testable import Compaction

/// Small models out of Python: what hangs together, and that what is left computes the same.
@Suite(.serialized, .enabled(if: Small.folder != nil, "needs a python3 with torch")) struct SmallModelTests {
  static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: Small.folder?.path ?? "")) ?? []
    return files.filter { $0.hasSuffix(".pt2") }.map { String($0.dropLast(4)) }.sorted()
  }

  /// The units of each group, where whole heads go and where their sizes do: joining or freezing too much would show.
  @Test func unitsAreThoseExpected() throws {
    for name in Self.names {
      let found = try HeadPolicy.allCases.map { heads in
        try Compactor(Small.program(name), options: CompactionOptions(heads: heads)).groups.map(\.units.count).sorted()
      }
      #expect(SmallUnits.expected[name] == found, "\"\(name)\": \(found),")
    }
    #expect(Set(SmallUnits.expected.keys) == Set(Self.names))
  }

  @Test func eachIsExact() throws {
    for name in Self.names {
      let program = try Small.program(name)
      for heads in HeadPolicy.allCases {
        let compactor = try Compactor(program, options: CompactionOptions(heads: heads))
        #expect(compactor.unknownSteps.isEmpty, "\(name): \(compactor.unknownSteps)")
        guard compactor.unitCount > 0 else { continue }
        for seed in 0..<2 as Range<UInt64> {
          let choice = try compactor.choose(CompactionRecipe(RandomUnits(seed: seed), target: .amount(0.5)))
          do {
            let error = try compactor.error(of: choice)
            #expect(error < 1e-9, "\(name) \(heads) \(seed): \(error)")
          } catch {
            Issue.record("\(name) \(heads) \(seed): \(error)")
          }
        }
      }
    }
  }

  @Test func pythonLoadsWhatIsWritten() throws {
    let scratch = Scratch()
    let names = [
      "shuffle", "layernorm2d", "weight_norm", "tied", "rotary", "index_shared", "lstm_both", "fused", "gqa_expand",
      "split_uneven", "channel_mean", "depthwise",
    ]
    for name in names {
      let compactor = try Compactor(Small.program(name))
      let choice = try compactor.choose(CompactionRecipe(target: .amount(0.5)))
      try compactor.compacted(choice).write(to: scratch("\(name).small.pt2"))
      try compactor.masked(choice).write(to: scratch("\(name).masked.pt2"))
    }
    let lines = try Python.run(
      """
      import sys, torch
      folder = sys.argv[1]
      for name in sys.argv[2:]:
          small, masked = (torch.export.load(f"{folder}/{name}.{kind}.pt2") for kind in ("small", "masked"))
          shape = [i for i in small.graph.nodes if i.op == "placeholder"][-1].meta["val"]
          sizes = [3 if isinstance(n, torch.SymInt) else n for n in shape.shape]
          torch.manual_seed(0)
          x = torch.randn(sizes) if shape.dtype.is_floating_point else torch.randint(0, 50, sizes)
          a, b = (torch.utils._pytree.tree_leaves(p.module()(x))[0] for p in (small, masked))
          tied = len({id(p) for p in small.state_dict.values()}), len({p.data_ptr() for p in small.state_dict.values()})
          print(name, float((a - b).abs().max() / b.abs().max()) < 1e-4, tied[0] != tied[1] or name != "tied")
      """, [scratch.path] + names)
    #expect(lines == names.map { "\($0) True True" })
  }

  /// The units of the group that a weight puts out.
  private func units(_ compactor: Compactor, of path: String) throws -> [Int] {
    try #require(compactor.groups.first { $0.members.contains { $0.path == path && $0.isOutput } }).units
  }

  /// Torch-Pruning: LeNet without channels 0, 2 and 6 of the second convolution.
  @Test func flattenedChannelsTakeTheirSpaceAlong() throws {
    let compactor = try Compactor(Small.program("lenet"))
    let units = try units(compactor, of: "c2.weight")
    let small = try compactor.compacted(.init(units: [units[0], units[2], units[6]]))
    let shapes = Dictionary(uniqueKeysWithValues: small.tensors.map { ($0.spec.name, $0.spec.shape) })
    #expect(shapes["c2.weight"] == [13, 6, 5, 5] && shapes["f1.weight"] == [120, 208])
  }

  /// Torch-Pruning: a fully connected 128-256-256 network with a skip, without outputs 0, 4 and 6 of the first layer.
  @Test func aSkipTakesBothLayersAlong() throws {
    let compactor = try Compactor(Small.program("skip"))
    let units = try units(compactor, of: "f1.weight")
    let small = try compactor.compacted(.init(units: [units[0], units[4], units[6]]))
    let shapes = Dictionary(uniqueKeysWithValues: small.tensors.map { ($0.spec.name, $0.spec.shape) })
    #expect(
      shapes["f1.weight"] == [253, 128] && shapes["f2.weight"] == [253, 253] && shapes["f3.weight"] == [10, 253])
  }

  /// Torch-Pruning: of 3-16-64-1 convolutions the first group has the layer, its norm and the next layer; three parts of
  /// 64 of one tensor are [1, 64, 7, 7] each.
  @Test func groupsHaveTheMembersExpected() throws {
    let chain = try Compactor(Small.program("chain"))
    let layers = Set(chain.groups[0].members.filter(\.isParameter).map { $0.path.split(separator: ".")[0] })
    #expect(layers == ["a", "n", "b"])
    let thirds = try Compactor(Small.program("split_thirds"))
    #expect(thirds.groups.map(\.units.count) == [64, 64, 64])
    let split = try #require(thirds.graph.nodes.first { $0.baseName.hasPrefix("split") })
    #expect(
      split.outputNames.map { thirds.graph.values[$0]?.tensor?.sizes.dropFirst().compactMap(\.fixed) } == [
        [64, 7, 7], [64, 7, 7], [64, 7, 7],
      ])
  }

  @Test func theSmallestScaleGoes() throws {
    let compactor = try Compactor(Small.program("chain"))
    let scales = try compactor.lowered.tensors.data("n.weight").values
    let units = try units(compactor, of: "a.weight")
    let recipe = CompactionRecipe(
      BatchNormScale(), target: .amount(.count(5)), selector: Selector(only: [try NamePattern("^a\\.")]))
    let smallest = scales.indices.sorted { abs(scales[$0]) < abs(scales[$1]) }.prefix(5)
    #expect(Set(try compactor.choose(recipe).units) == Set(smallest.map { units[$0] }))
  }

  @Test func unusedWeightsAreLeftOutWhenAsked() throws {
    for drops in [false, true] {
      let compactor = try Compactor(Small.program("unused"), options: CompactionOptions(dropsUnused: drops))
      let small = try compactor.compacted(try compactor.choose(CompactionRecipe(target: .amount(0.5))))
      #expect(small.tensors.contains { $0.spec.name == "never.weight" } == !drops)
    }
  }
}
