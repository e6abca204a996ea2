import ArgumentParser
import Datasets
import Foundation
import NN
import Pruning
import Torch

/// Training speed.
struct TrainingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training",
    abstract: "Training steps a second: LeNet, Adam 1e-3, cross entropy.",
    discussion: """
      Both sides train the same network from the same seed on the same batches, a pass over the images each in turns; \
      their losses are compared. Images are Fashion-MNIST's where `make data` has put them, otherwise random ones of \
      their shape.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Images in a pass.", valueName: "n"))
  var images = 12_800

  @Option(help: ArgumentHelp("Images in a batch.", valueName: "n"))
  var batch = 64

  @Option(help: ArgumentHelp("Passes of each side.", valueName: "n"))
  var runs = 9

  @Option(help: ArgumentHelp("Prune the five weights globally by L1 first.", valueName: "share"))
  var amount: Double?

  @Flag(help: "Adam's fused step on both sides.")
  var fused = false

  private struct Result: Encodable {
    var setting: Report.Setting
    var steps = 0
    var bonsai = Samples()
    var torch = Samples()
    var lossDifference = 0.0
  }

  private final class LeNet: Module {
    let conv1 = Conv2d(1, 6, kernelSize: 5)
    let conv2 = Conv2d(6, 16, kernelSize: 5)
    let fc1 = Linear(16 * 5 * 5, 120)
    let fc2 = Linear(120, 84)
    let fc3 = Linear(84, 10)

    override func forward(_ x: Tensor) -> Tensor {
      var x = maxPool2d(relu(conv1(x)), 2)
      x = maxPool2d(relu(conv2(x)), 2)
      x = relu(fc1(x.flatten(1)))
      x = relu(fc2(x))
      return fc3(x)
    }
  }

  func run() throws {
    let peer = try common.startPeer()
    var result = Result(setting: .init(threads: threadCount, torch: peer?.version))
    let (set, source) = try load()
    manualSeed(common.seed)
    let net = LeNet()
    if let amount {
      let weights: [(Module, String)] = [net.conv1, net.conv2, net.fc1, net.fc2, net.fc3].map { ($0, "weight") }
      try Prune.globalUnstructured(weights, method: L1Unstructured.self, amount: .fraction(amount))
    }
    let optimizer = Adam(net.parameters, learningRate: 1e-3, fused: fused)
    let generator = Generator(seed: common.seed)
    func pass() -> (seconds: Double, loss: Double) {
      var last = Tensor.zeros([])
      let time = secondsAfterRest {
        for (images, labels) in set.batches(of: batch, shuffledBy: generator) {
          optimizer.zeroGrad()
          last = crossEntropy(net(images), labels)
          last.backward()
          optimizer.step()
        }
      }
      return (time, last.item())
    }
    try peer.map { try hand(set, to: $0) }
    result.steps = set.batches(of: batch).count
    print(
      "LeNet, \(source), batches of \(batch), Adam\(fused ? " (fused)" : "")\(amount.map { ", \($0) pruned" } ?? ""), "
        + "\(threadCount) threads: steps a second, median of \(runs) passes of \(result.steps) steps (best)")
    for turn in -1..<runs {
      var mine = (seconds: 0.0, loss: 0.0)
      var theirs: PythonPeer.Reply?
      for isBonsai in turn % 2 == 0 ? [true, false] : [false, true] {
        if isBonsai { mine = pass() } else { theirs = try peer?.ask("training", ["batch": batch]) }
      }
      if let loss = theirs?.loss { result.lossDifference = max(result.lossDifference, abs(loss - mine.loss)) }
      guard turn >= 0 else { continue }  // the first pass warms up
      result.bonsai.add(mine.seconds)
      if let seconds = theirs?.seconds { result.torch.add(seconds) }
    }
    describe("Bonsai ", result.bonsai, result.steps)
    if peer != nil {
      describe("PyTorch", result.torch, result.steps)
      print(
        String(
          format: "ratio %.2f (best runs %.2f); largest difference of the passes' last losses %.2g",
          result.torch.median / result.bonsai.median, result.torch.minimum / result.bonsai.minimum,
          result.lossDifference))
    }
    result.setting.loadAfter = Report.Setting.load
    if let path = common.json { try write(result, toJSON: path) }
  }

  private func describe(_ name: String, _ samples: Samples, _ steps: Int) {
    print(
      "\(name)  "
        + String(format: "%.1f (%.1f)", Double(steps) / samples.median, Double(steps) / samples.minimum))
  }

  private func load() throws -> (ImageSet, String) {
    if FileManager.default.fileExists(atPath: FashionMNIST.defaultFolder) {
      let set = try FashionMNIST.load(.train).prefix(images)
      return (set, "Fashion-MNIST")
    }
    manualSeed(common.seed)
    let set = ImageSet(images: .randn([images, 1, 32, 32]), labels: .randint(0..<10, [images]))
    return (set, "random images")
  }

  /// Gives PyTorch's side the same images, in files.
  private func hand(_ set: ImageSet, to peer: PythonPeer) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (images, labels) = (folder.appendingPathComponent("images"), folder.appendingPathComponent("labels"))
    try set.images.contiguous().withUnsafeBytes { try Data($0).write(to: images) }
    try set.labels.contiguous().withUnsafeBytes { try Data($0).write(to: labels) }
    try peer.ask(
      "training_model",
      [
        "seed": common.seed, "images": images.path, "labels": labels.path, "count": set.count, "fused": fused,
        "amount": amount.map { $0 as Any } ?? NSNull(),
      ])
  }
}
