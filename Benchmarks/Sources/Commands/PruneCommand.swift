import ArgumentParser
import Foundation
import Torch

/// Pruning calls of all methods, sizes, amounts and dtypes.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Pruning calls: time, rate, memory, and the same masks.",
    discussion: """
      Times are medians, with the smallest and largest beside. Bonsai's time is that of the call and of reading the \
      product once without gradients, since PyTorch's call ends with the product made. "GB/s" counts the bytes that \
      any implementation reads and writes (weights, product, a bit an entry for each mask); "× copy" is the time beside \
      that of a plain copy of as many bytes on all processors, measured in the same turns. "memory" is the largest \
      resident size during the call beyond what there was before, product and mask included, by the size of the \
      weights. The system clears fresh pages before a product can be written to them, which can take as long as the \
      call; on Linux, GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=8000000000 before the command \
      has most of them used again.

      Without --dtypes or --amounts: float32 at 20, 50 and 90 %, the other types at 50 %.

      PyTorch takes half a minute and 13 GB for one call on 256M weights: such sizes are left to --sizes, with few \
      --torch-runs, and --add puts what several runs found into one file and one picture.
      """)

  @OptionGroup var common: CommonOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Numbers of weights, multiples of 4; 16M stands for 16 · 2²⁰.", valueName: "n"))
  var sizes = [WeightCount(1000), WeightCount(1 << 20), WeightCount(1 << 22), WeightCount(1 << 24)]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Shares to prune.", valueName: "share"))
  var amounts: [Double] = []

  @Option(parsing: .upToNextOption, help: "Types of the weights.")
  var dtypes: [DType] = []

  @Option(parsing: .upToNextOption, help: "Which calls.")
  var methods = Method.allCases

  @Option(help: ArgumentHelp("Runs of each case; three and ten times as many of small ones.", valueName: "n"))
  var runs = 7

  @Option(help: ArgumentHelp("Runs of PyTorch, where they are to be fewer.", valueName: "n"))
  var torchRuns: Int?

  @Flag(help: "Add to what the file of --json holds already.")
  var add = false

  @Option(help: ArgumentHelp("Where the picture goes.", valueName: "file"))
  var svg = "out/bench.svg"

  @Flag(help: "A short run: 1 000 and 1M weights at 50 %, 3 runs.")
  var quick = false

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs: expected 1 or more, found \(runs)") }
    guard torchRuns ?? 1 > 0 else { throw ValidationError("--torch-runs: expected 1 or more, found \(torchRuns ?? 0)") }
    guard !add || common.json != nil else { throw ValidationError("--add: name the file to add to with --json") }
    for amount in amounts where !(amount >= 0 && amount <= 1) {
      throw ValidationError("--amounts: expected shares in 0...1, found \(amount)")
    }
  }

  func run() throws {
    let peer = try common.startPeer()
    var report = Report(setting: .init(threads: threadCount, torch: peer?.version))
    if add, let path = common.json { try report.continueFile(path) }
    let run = try PruningRun(
      peer: peer, threads: threadCount, repeats: quick ? 3 : runs, torchRepeats: torchRuns ?? .max)
    print(
      "\(threadCount) threads, \(report.setting.processor ?? report.setting.system); LibTorch \(libTorchVersion), "
        + "PyTorch \(peer?.version ?? "left out"); load \(report.setting.loadBefore ?? .nan)")
    for line in ResultTable.headings { print(line) }
    for item in cases {
      let result = try run.run(item)
      report.add(result)
      print(ResultTable.row(result))
      fflush(nil)
    }
    report.setting.loadAfter = Report.Setting.load
    for growth in report.growth where growth.dtype == "float32" {
      print(
        String(
          format: "%@ %.0f %%: time grows with weights to the power of %.2f", growth.method, growth.amount * 100,
          growth.bonsai) + (growth.torch.map { String(format: ", PyTorch's %.2f", $0) } ?? ""))
    }
    if let path = common.json { try write(report, toJSON: path) }
    if let plot = LogLogPlot(report) {
      try write(Data(plot.source.utf8), to: svg)
      print("Picture: \(svg)")
    }
  }

  /// By size, then layers and dtype, so that few models are made.
  private var cases: [PruningCase] {
    let sizes = quick ? [WeightCount(1000), WeightCount(1 << 20)] : sizes
    let all: [DType] = [.float32, .bfloat16, .float16, .float64]
    return sizes.flatMap { size in
      (dtypes.isEmpty ? all : dtypes).flatMap { dtype in
        methods.flatMap { method in
          amounts(of: dtype).map { amount in
            PruningCase(method: method, weights: size.value, dtype: dtype, amount: amount, seed: common.seed)
          }
        }
      }
    }
  }

  private func amounts(of dtype: DType) -> [Double] {
    if !amounts.isEmpty { return amounts }
    return quick || (dtypes.isEmpty && dtype != .float32) ? [0.5] : [0.2, 0.5, 0.9]
  }
}
