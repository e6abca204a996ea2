import Checkpoints
import Foundation
import Graphs
import Recipes
import Runtime
import Sparsity
import Testing

@testable import Compaction

/// Small models out of Python: what hangs together, and that what is left computes the same.
@Suite(.serialized, .enabled(if: Small.folder != nil, "needs a python3 with torch")) struct SmallModelTests {
  /// For each model the numbers of units of its groups, sorted, whole heads; and those of head sizes where they differ.
  static let expected: [String: [Int]] = [:]

  static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: Small.folder?.path ?? "")) ?? []
    return files.filter { $0.hasSuffix(".pt2") }.map { String($0.dropLast(4)) }.sorted()
  }

  @Test func eachIsExact() throws {
    for name in Self.names {
      let program = try Small.program(name)
      for heads in HeadPolicy.allCases {
        let compactor = try Compactor(program, options: CompactionOptions(heads: heads))
        let sizes = compactor.groups.map(\.units.count).sorted()
        print(
          "small \(name) \(heads) \(sizes) \(compactor.unknownSteps.map(\.description)) \(compactor.leftWhole.map { "\($0.path): \($0.reason)" })"
        )
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
}
