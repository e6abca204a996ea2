import ArgumentParser
import Console
import Datasets
import Foundation
import NN
import Pruning
import Recipes
import Torch

/// What pruning layer by layer lets expect of pruning them all.
struct SensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity",
    abstract: "LeNet on Fashion-MNIST, each layer pruned alone; plans for budgets out of that, predicted and measured.",
    discussion: """
      The last 5000 training images are held out: on them the layers are measured, and the plans. Nothing is trained after \
      pruning. Beside each plan stands the global ranking of all weights at as many that remain. The trained network and all \
      numbers go to files, and what they have already is not done again.
      """)

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Shares of the weights that remain.", valueName: "share"))
  var targets = [0.4, 0.25, 0.15]

  @Option(help: ArgumentHelp("Epochs of training before.", valueName: "n"))
  var epochs = 8

  @Option(help: ArgumentHelp("Where random numbers begin.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("A folder for the network, the numbers and the picture.", valueName: "path"))
  var out = "out/sensitivity"

  func validate() throws {
    for share in targets where !(share > 0 && share <= 1) {
      throw ValidationError("--targets: expected shares above 0 and at most 1, found \(share)")
    }
  }

  func run() throws {
    keepFreedMemory()
    let all = try FashionMNIST.load(.train)
    let train = all.prefix(all.count - 5000)
    let held = ImageSet(
      images: all.images.narrow(0, start: train.count, length: 5000),
      labels: all.labels.narrow(0, start: train.count, length: 5000))
    let test = try FashionMNIST.load(.test)
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    let net = try trained(on: train)
    let start = Date()
    var done = 0
    func measured(_ measure: Sensitivity.Measure, _ value: () -> Double) throws -> Sensitivity {
      let found = try Sensitivity.measured(
        of: net, .magnitude, measure: measure, cachedAt: "\(out)/\(measure.rawValue)-seed\(seed)-\(epochs).json",
        progress: { count, _ in done = count }, value)
      try write(Data(found.svg.utf8), to: "\(out)/\(measure.rawValue)-seed\(seed).svg")
      return found
    }
    let byAccuracy = try measured(.accuracy) { accuracy(of: net, on: held) }
    print(byAccuracy.table)
    print("\(done) numbers in \((Date().timeIntervalSince(start)).fixed(1)) s (those that the file had took none)\n")
    let byLoss = try measured(.loss) { loss(of: net, on: held) }

    var table = TextTable(columns: [
      .init("plan by", .left), .init("weights left"), .init("predicted"), .init("measured"), .init("on test images"),
      .init("global ranking"), .init("on test images"),
    ])
    let before = accuracy(of: net, on: test)
    for found in [byAccuracy, byLoss] {
      let solver = try BudgetSolver(found.budgetTable())
      for share in targets {
        let plan = try solver.plan(costing: share * found.budgetTable().cost(of: found.layers.map { _ in 0 }))
        let (planned, ranked) = (try net.copy(into: LeNet()), try net.copy(into: LeNet()))
        try Prune.apply(found.recipe(for: plan, .magnitude), to: planned)
        let kept = plan.cost / solver.reach.upperBound
        try Prune.apply(Recipe(.magnitude, target: .sparsity(1 - kept)), to: ranked)
        let isLoss = found.measure == .loss
        func value(_ net: Module) -> String {
          isLoss ? loss(of: net, on: held).significant(4) : accuracy(of: net, on: held).exactPercent
        }
        let predicted = found.predictedValue(of: plan)
        table.rows.append([
          found.measure.rawValue, kept.exactPercent, isLoss ? predicted.significant(4) : predicted.exactPercent,
          value(planned), accuracy(of: planned, on: test).exactPercent, value(ranked),
          accuracy(of: ranked, on: test).exactPercent,
        ])
      }
    }
    print(table.lines.joined(separator: "\n"))
    print("dense on test images: \(before.exactPercent); nothing was trained after pruning; pictures in \(out)")
  }

  /// The network out of the folder, or trained at a constant rate and then by a half cosine.
  private func trained(on set: ImageSet) throws -> LeNet {
    manualSeed(seed)
    let net = LeNet()
    let path = "\(out)/lenet-seed\(seed)-\(epochs).safetensors"
    if FileManager.default.fileExists(atPath: path) {
      try net.load(from: path)
      return net
    }
    let optimizer = Adam(net.parameters, learningRate: 2e-3)
    let generator = Generator(seed: seed)
    let steps = epochs * set.batches(of: 64).count
    var step = 0
    for _ in 0..<epochs {
      for (images, labels) in set.batches(of: 64, shuffledBy: generator) {
        let way = Double(step) / Double(steps)
        optimizer.learningRate = 2e-3 * (1 + cos(max(0, way - 0.5) * 2 * .pi)) / 2
        optimizer.zeroGrad()
        crossEntropy(net(images), labels).backward()
        optimizer.step()
        step += 1
      }
    }
    try net.stateDict.save(to: path)
    return net
  }

  private func loss(of net: Module, on set: ImageSet) -> Double {
    noGrad {
      set.batches(of: 1000).reduce(0) { $0 + crossEntropy(net($1.images), $1.labels).item() * Double($1.labels.count) }
    } / Double(set.count)
  }
}
