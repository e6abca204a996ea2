import ArgumentParser
import Foundation
import SparseKernels
import Torch

/// What zeros are worth: sparse kernels beside LibTorch.
struct SparseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sparse",
    abstract: "Sparse layers beside LibTorch's dense ones and its compressed rows, in turns, without gradients.",
    discussion: """
      Dense is the faster of LibTorch's memory formats; each format is tried with several cuts, and the fastest told. The \
      ratio is the median over turns, beside it that of the shortest times. Random weights: single entries anywhere, or blocks.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Turns of each way.", valueName: "n"))
  var turns = 15

  @Option(help: ArgumentHelp("Numbers of threads.", valueName: "n"))
  var threads: [Int] = [1]

  @Option(
    help: ArgumentHelp("Instructions: plain, neon, avx2, avx512; those of BONSAI_ISA by default.", valueName: "set"))
  var isa: [String] = []

  @Option(help: ArgumentHelp("Only cases whose name contains this.", valueName: "text"))
  var only: String?

  @Flag(help: "Sparsities from 50 to 98 % and more layers, instead of those with a goal.")
  var all = false

  private struct Output: Encodable {
    var schema = 1
    var setting: Report.Setting
    var results: [SparseCase.Result] = []
  }

  func run() throws {
    let sets = try isa.map { name in
      guard let set = InstructionSet(rawValue: name), InstructionSet.available.contains(set) else {
        throw SparseKernelError.instructionSet(name, available: InstructionSet.available.map(\.rawValue))
      }
      return set
    }
    let cases = try (all ? SparseCases.all() : SparseCases.goals()).filter { only.map($0.name.contains) ?? true }
    var output = Output(setting: .init(threads: threads.max() ?? 1, torch: libTorchVersion))
    manualSeed(common.seed)
    for count in threads {
      threadCount = count
      for set in try sets.isEmpty ? [.chosen()] : sets {
        print("\n\(set.rawValue), \(count) thread\(count == 1 ? "" : "s"), float32")
        print(
          Self.line([
            "layer", "format", "zeros", "dense", "layout", "CSR", "sparse", "ratio", "minima", "goal", "GFLOP/s",
            "GB/s", "off",
          ]))
        for entry in cases {
          let result = try entry.measure(turns: turns, instructions: set)
          output.results.append(result)
          print(Self.row(result))
        }
      }
    }
    output.setting.loadAfter = Report.Setting.load
    if let path = common.json { try write(output, toJSON: path) }
  }

  private static func row(_ result: SparseCase.Result) -> String {
    line([
      result.name, result.format.rawValue, String(format: "%.0f %%", result.sparsity * 100),
      ResultTable.time(result.dense.median), result.denseLayout,
      result.csr.map { ResultTable.time($0.median) } ?? "", ResultTable.time(result.sparse.median),
      String(format: "%.2f", result.ratio), String(format: "%.2f", result.ratioOfMinima),
      result.goal.map { String(format: "%.1f%@", $0, result.ratio >= $0 ? " +" : " -") } ?? "",
      String(format: "%.0f", result.gigaflops), String(format: "%.1f", result.gigabytes),
      String(format: "%.0e", result.difference),
    ])
  }

  private static func line(_ cells: [String]) -> String {
    let widths = [-30, -8, 5, 8, -13, 8, 8, 6, 6, 6, 8, 6, 6]
    return zip(cells, widths).map { cell, width in
      let space = String(repeating: " ", count: max(0, abs(width) - cell.count))
      return width < 0 ? cell + space : space + cell
    }.joined(separator: "  ")
  }
}
