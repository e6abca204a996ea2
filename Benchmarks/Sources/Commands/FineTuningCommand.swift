import ArgumentParser
import Datasets
import Foundation
import NN
import Runtime
import Torch

/// Training of a model that comes as a file.
struct FineTuningCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fine-tuning",
    abstract: "LeNet exported from Python and trained as a graph, beside the LeNet written in Swift.",
    discussion: """
      PyTorch writes a LeNet with torch.export; both begin with the same values and see the same batches of Fashion-MNIST \
      (`make data`), a pass each in turns. Prints the accuracy on the test images and the steps a second.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Passes over the images.", valueName: "n"))
  var epochs = 3

  @Option(help: ArgumentHelp("Images in a batch.", valueName: "n"))
  var batch = 64

  func run() throws {
    guard let peer = try common.startPeer() else {
      throw BenchError("fine-tuning: PyTorch writes the model, so that --no-torch does not go with it")
    }
    keepFreedMemory()
    let train = try FashionMNIST.load(.train)
    let test = try FashionMNIST.load(.test)
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("lenet-\(UUID().uuidString).pt2").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try peer.ask("export_lenet", ["seed": common.seed, "path": file])

    let written = try TrainingRun(train, batch: batch, seed: common.seed, amount: nil)
    let graph = TrainingRun(try GraphModule(contentsOf: file), on: train, batch: batch, seed: common.seed)
    var samples = (written: Samples(), graph: Samples())
    for epoch in 0..<epochs {
      for isGraph in epoch % 2 == 0 ? [false, true] : [true, false] {
        if isGraph { samples.graph.add(graph.pass().seconds) } else { samples.written.add(written.pass().seconds) }
      }
    }
    let steps = Double(train.batches(of: batch).count)
    print("LeNet, Fashion-MNIST, \(epochs) epochs of \(Int(steps)) steps, Adam, \(threadCount) threads")
    describe("written in Swift", samples.written, steps, accuracy(of: written.net, on: test))
    describe("exported        ", samples.graph, steps, accuracy(of: graph.net, on: test))
    print(String(format: "ratio of the medians %.3f", samples.written.median / samples.graph.median))
    let names = written.net.parameters.count
    let same = zip(written.net.parameters, graph.net.parameters).filter { $0.equal($1) }.count
    print("parameters equal bit for bit after training: \(same) of \(names)")
  }

  private func describe(_ name: String, _ samples: Samples, _ steps: Double, _ accuracy: Double) {
    print(
      "\(name)  "
        + String(
          format: "accuracy %.2f %%, %.1f steps a second (best %.1f)", accuracy * 100, steps / samples.median,
          steps / samples.minimum))
  }
}
