import ArgumentParser
import Console
import Foundation
import NN
import Runtime
import Torch

/// One large layer refitted by least squares, beside NumPy.
struct LeastSquaresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "least-squares",
    abstract: "A convolution of 4608 inputs refitted on 100000 rows: seconds and memory beside NumPy's.",
    discussion: """
      Bonsai runs both models, unfolds, sums in float64, solves for three dampings and judges them on rows held out. NumPy sums \
      rows that it has already, in blocks of 10000 in float64, and solves once.
      """)

  @Option(help: "The number of channels that the layer takes in, nine inputs each.") var channels = 512
  @Option(help: "The number of outputs.") var outputs = 512
  @Option(help: "The number of rows.") var rows = 100_000
  @Flag(help: "Without NumPy.") var noNumpy = false

  private final class Single: Module {
    let conv: Conv2d
    init(_ conv: Conv2d) { self.conv = conv }
    override func forward(_ x: Tensor) -> Tensor { conv(x) }
  }

  func run() throws {
    manualSeed(0)
    // 49 rows an image; one image of eight is held out.
    let images = (rows + 48) / 49 * 8 / 7 + 1
    let x = Tensor.randn([images, channels, 7, 7])
    let big = Single(Conv2d(channels, outputs, kernelSize: 3, padding: 1)).eval()
    let small = try big.copy(into: Single(Conv2d(channels, outputs, kernelSize: 3, padding: 1)))
    noGrad { _ = small.conv.weight.narrow(1, start: 0, length: channels / 2).zero() }
    var report: RecoveryReport?
    let clock = ContinuousClock()
    var seconds = 0.0
    let peak = try ProcessMemory.peak {
      let start = clock.now
      report = try Recovery([.leastSquares]).run(small, teacher: big, inputs: x)
      seconds = (clock.now - start).inSeconds
    }
    print(
      "Bonsai: \(channels * 9) inputs, \(outputs) outputs, \((report?.samples ?? 0) * 49) rows, \(threadCount) threads: "
        + "\(seconds.fixed(1)) s, \(peak.map(\.bytes) ?? "?") beyond inputs and models, relative error "
        + "\((report?.before.relativeError ?? 0).significant(4)) to \((report?.after.relativeError ?? 0).significant(4))"
    )
    guard !noNumpy else { return }
    let script = """
      import sys, time, resource
      import numpy as np
      n, d, o = map(int, sys.argv[1:])
      r = np.random.default_rng(0)
      def blocks():
          for s in range(0, n, 10000):
              yield r.standard_normal((10000, d), dtype=np.float32).astype(np.float64), r.standard_normal((10000, o))
      A, C, t = np.zeros((d, d)), np.zeros((d, o)), 0.
      for X, Y in blocks():
          s = time.time(); A += X.T @ X; C += X.T @ Y; t += time.time() - s
      s = time.time(); A[np.diag_indices(d)] += 1e-3 * A.diagonal().mean(); W = np.linalg.solve(A, C); t += time.time() - s
      print(f"NumPy: sums and one solution {t:.1f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB at most")
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, "\(rows)", "\(channels * 9)", "\(outputs)"]
    var environment = ProcessInfo.processInfo.environment
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"] { environment[name] = "\(threadCount)" }
    process.environment = environment
    try process.run()
    process.waitUntilExit()
  }
}
