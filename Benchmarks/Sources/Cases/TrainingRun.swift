import Datasets
import Foundation
import NN
import Pruning
import Torch

/// The network that is trained, as on PyTorch's side.
final class LeNet: Module {
  let conv1 = Conv2d(1, 6, kernelSize: 5)
  let conv2 = Conv2d(6, 16, kernelSize: 5)
  let fc1 = Linear(16 * 5 * 5, 120)
  let fc2 = Linear(120, 84)
  let fc3 = Linear(84, 10)

  /// The five weights, as pruning takes them.
  var weights: [(Module, String)] { [conv1, conv2, fc1, fc2, fc3].map { ($0, "weight") } }

  override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    x = relu(fc1(x.flatten(1)))
    x = relu(fc2(x))
    return fc3(x)
  }
}

/// A network in training by Adam: a LeNet as it is on PyTorch's side too, or one that comes as a graph.
final class TrainingRun<Network: Module> {
  let net: Network
  private let set: ImageSet
  private let batch: Int
  private let seed: UInt64
  private let amount: Double?
  private let fused: Bool
  private let optimizer: Adam
  private let generator: Generator

  /// - Parameters:
  ///   - seed: where the order of the images begins.
  ///   - amount: how much of the network has been pruned, for PyTorch's side.
  init(_ net: Network, on set: ImageSet, batch: Int, seed: UInt64, amount: Double? = nil, fused: Bool = false) {
    (self.net, self.set, self.batch, self.seed, self.amount, self.fused) = (net, set, batch, seed, amount, fused)
    optimizer = Adam(net.parameters, learningRate: 1e-3, fused: fused)
    generator = Generator(seed: seed)
  }

  /// One step on a batch.
  func step(_ images: Tensor, _ labels: Tensor) -> Tensor {
    optimizer.zeroGrad()
    let loss = crossEntropy(net(images), labels)
    loss.backward()
    optimizer.step()
    return loss
  }

  /// One pass over the images: its time and its last loss.
  func pass() -> (seconds: Double, loss: Double) {
    var last = Tensor.zeros([])
    let time = secondsAfterRest {
      for (images, labels) in set.batches(of: batch, shuffledBy: generator) { last = step(images, labels) }
    }
    return (time, last.item())
  }

}

extension TrainingRun where Network == LeNet {
  /// A LeNet with the values that the seed gives it.
  ///
  /// - Parameter amount: how much of the five weights to prune globally by L1 first; nil for none.
  convenience init(_ set: ImageSet, batch: Int, seed: UInt64, amount: Double?, fused: Bool = false) throws {
    manualSeed(seed)
    let net = LeNet()
    if let amount {
      try Prune.globalUnstructured(net.weights, method: L1Unstructured.self, amount: .fraction(amount))
    }
    self.init(net, on: set, batch: batch, seed: seed, amount: amount, fused: fused)
  }

  /// Fashion-MNIST's images where `make data` has put them, otherwise random ones of their shape.
  static func images(_ count: Int, seed: UInt64) throws -> (ImageSet, String) {
    if FileManager.default.fileExists(atPath: FashionMNIST.defaultFolder) {
      return (try FashionMNIST.load(.train).prefix(count), "Fashion-MNIST")
    }
    manualSeed(seed)
    let set = ImageSet(images: .randn([count, 1, 32, 32]), labels: .randint(0..<10, [count]))
    return (set, "random images")
  }

  /// Has PyTorch's side make the same network, under a name, and gives it the same images, in files.
  func hand(to peer: PythonPeer, as name: String = "") throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (images, labels) = (folder.appendingPathComponent("images"), folder.appendingPathComponent("labels"))
    try set.images.contiguous().withUnsafeBytes { try Data($0).write(to: images) }
    try set.labels.contiguous().withUnsafeBytes { try Data($0).write(to: labels) }
    try peer.ask(
      "training_model",
      [
        "name": name, "seed": seed, "images": images.path, "labels": labels.path, "count": set.count, "fused": fused,
        "amount": amount.map { $0 as Any } ?? NSNull(),
      ])
  }
}

/// The share of the images whose class the model finds, in evaluation; its mode stays as it was.
func accuracy(of net: Module, on set: ImageSet) -> Double {
  net.evaluating { set.accuracy { net($0) } }
}
