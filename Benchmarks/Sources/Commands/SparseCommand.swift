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

  @Option(help: ArgumentHelp("Where the picture goes.", valueName: "file"))
  var svg: String?

  @Flag(help: "Layers and sparsities for the picture, instead of those with a goal.")
  var picture = false

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
    let cases = try (picture ? SparseCases.picture() : all ? SparseCases.all() : SparseCases.goals()).filter {
      only.map($0.name.contains) ?? true
    }
    var output = Output(setting: .init(threads: threads.max() ?? 1, torch: libTorchVersion))
    manualSeed(common.seed)
    for count in threads {
      threadCount = count
      for set in try sets.isEmpty ? [.chosen()] : sets {
        let peak = set.measuredPeak() * Double(count)
        let memory = Self.memoryRate(threads: count)
        print(
          String(
            format:
              "\n%@, %d thread%@, float32; at most %.0f GFLOP/s in registers, %.1f GB/s read and written by copies",
            set.rawValue, count, count == 1 ? "" : "s", peak / 1e9, memory / 1e9))
        print(
          Self.line([
            "layer", "format", "zeros", "dense", "layout", "CSR", "sparse", "ratio", "minima", "goal", "GFLOP/s",
            "peak", "GB/s", "memory", "off",
          ]))
        for entry in cases {
          var result = try entry.measure(turns: turns, instructions: set)
          result.shareOfPeak = result.gigaflops * 1e9 / peak
          result.shareOfMemory = result.gigabytes * 1e9 / memory
          output.results.append(result)
          print(Self.row(result))
        }
      }
    }
    output.setting.loadAfter = Report.Setting.load
    if let path = common.json { try write(output, toJSON: path) }
    if let svg, let plot = SparsityPlot(output.results, setting: output.setting) {
      try write(Data(plot.source.utf8), to: svg)
      print("Picture: \(svg)")
    }
  }

  /// Bytes that all threads together read and write in a second.
  private static func memoryRate(threads: Int) -> Double {
    let floor = CopyFloor(bytes: 128 << 20, threads: threads)
    return 1 / (0..<5).map { _ in floor.secondsPerByte() }.reduce(.infinity, min)
  }

  private static func row(_ result: SparseCase.Result) -> String {
    line([
      result.name, result.format.rawValue + (result.storage == .float32 ? "" : " \(result.storage.rawValue)"),
      String(format: "%.0f %%", result.sparsity * 100),
      ResultTable.time(result.dense.median), result.denseLayout,
      result.csr.map { ResultTable.time($0.median) } ?? "", ResultTable.time(result.sparse.median),
      String(format: "%.2f", result.ratio), String(format: "%.2f", result.ratioOfMinima),
      result.goal.map { String(format: "%.1f%@", $0, result.ratio >= $0 ? " +" : " -") } ?? "",
      String(format: "%.0f", result.gigaflops), String(format: "%.0f %%", result.shareOfPeak * 100),
      String(format: "%.1f", result.gigabytes), String(format: "%.0f %%", result.shareOfMemory * 100),
      String(format: "%.0e", result.difference),
    ])
  }

  private static func line(_ cells: [String]) -> String {
    let widths = [-30, -16, 5, 8, -13, 8, 8, 6, 6, 6, 8, 6, 6, 6, 6]
    return zip(cells, widths).map { cell, width in
      let space = String(repeating: " ", count: max(0, abs(width) - cell.count))
      return width < 0 ? cell + space : space + cell
    }.joined(separator: "  ")
  }
}
