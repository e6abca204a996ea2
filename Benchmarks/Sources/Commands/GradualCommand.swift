import ArgumentParser
import Foundation
import NN
import Pruning
import Recipes
import Torch

/// Masks that change during training: what a masked step costs, and what many masks do to memory.
struct GradualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradual",
    abstract: "Masked against dense training steps of LeNet, and memory over many mask updates.",
    discussion: """
      Each side trains a dense LeNet and a pruned one, a pass over the images each in turns. Then it is timed what a \
      pruner takes of a step, and Bonsai alone makes a \
      training step and a mask update in turns, most of them pruning further, every tenth one growing entries back.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Images in a pass.", valueName: "n"))
  var images = 6_400

  @Option(help: ArgumentHelp("Images in a batch.", valueName: "n"))
  var batch = 64

  @Option(help: ArgumentHelp("Passes of each network.", valueName: "n"))
  var runs = 9

  @Option(help: ArgumentHelp("How much is pruned.", valueName: "share"))
  var amount = 0.9

  @Option(help: ArgumentHelp("Mask updates for the memory.", valueName: "n"))
  var updates = 1_000

  func run() throws {
    keepFreedMemory()
    let peer = try common.startPeer()
    let (set, source) = try TrainingRun.images(images, seed: common.seed)
    let dense = try TrainingRun(set, batch: batch, seed: common.seed, amount: nil)
    let masked = try TrainingRun(set, batch: batch, seed: common.seed, amount: amount)
    if let peer {
      try dense.hand(to: peer, as: "dense")
      try masked.hand(to: peer, as: "masked")
    }
    var ours = ["dense": Samples(), "masked": Samples()]
    var theirs = ours
    for turn in -1..<runs {
      for (name, run) in turn % 2 == 0
        ? [("dense", dense), ("masked", masked)] : [("masked", masked), ("dense", dense)]
      {
        let mine = run.pass().seconds
        let other = try peer?.ask("training", ["batch": batch, "name": name]).seconds
        guard turn >= 0 else { continue }  // the first passes warm up
        ours[name]?.add(mine)
        if let other { theirs[name]?.add(other) }
      }
    }
    let steps = Double(set.batches(of: batch).count)
    print(
      "LeNet, \(source), batches of \(batch), \(amount) pruned, \(threadCount) threads: steps a second, median of \(runs)"
    )
    for (side, samples) in [("Bonsai ", ours), ("PyTorch", theirs)] {
      guard let dense = samples["dense"], let masked = samples["masked"], !dense.values.isEmpty else { continue }
      print(
        String(
          format: "\(side)  dense %.1f, masked %.1f: a masked step takes %.3f of a dense one", steps / dense.median,
          steps / masked.median, masked.median / dense.median))
    }
    try overhead()
    try memory()
  }

  /// What a pruner takes of a training step, when masks change and when they do not.
  private func overhead() throws {
    let steps = 300
    let (set, _) = try TrainingRun.images(batch * 8, seed: common.seed)
    let batches = Array(set.batches(of: batch))
    let recipes: [(String, Recipe)] = [
      ("curvature", .gradual(amount, from: 0.1, to: 0.9, updates: 30)),
      ("magnitude", Recipe(.magnitude, target: .sparsity(amount), schedule: .cubic(from: 0.1, to: 0.9, updates: 30))),
      ("movement", Recipe(.movement, target: .sparsity(amount), schedule: .cubic(from: 0.1, to: 0.9, updates: 30))),
      ("RigL", .rigL(amount, seed: common.seed, updates: 30)),
    ]
    for (name, recipe) in recipes {
      manualSeed(common.seed)
      let net = LeNet()
      let optimizer = Adam(net.parameters, learningRate: 1e-3)
      let pruner = try Pruner(net, recipe, steps: steps, optimizer: optimizer)
      var (whole, idle, busy) = (Samples(), Samples(), Samples())
      for step in 0..<steps {
        let (images, labels) = batches[step % batches.count]
        var (changed, own) = (false, 0.0)
        let time = try seconds {
          optimizer.zeroGrad()
          crossEntropy(net(images), labels).backward()
          own = try seconds { changed = try pruner.step() != nil }
          optimizer.step()
        }
        if changed {
          busy.add(own)
        } else if step > 20 {
          whole.add(time)
          idle.add(own)
        }
      }
      print(
        String(
          format: "Pruner.step, %@: %.1f us of a step of %.2f ms, %.2f %%; %.2f ms when masks change", name,
          idle.median * 1e6, whole.median * 1e3, idle.median / whole.median * 100, busy.median * 1e3))
    }
  }

  /// Resident memory after some of many mask updates, with a training step before each.
  private func memory() throws {
    let (set, _) = try TrainingRun.images(batch, seed: common.seed)
    let run = try TrainingRun(set, batch: batch, seed: common.seed, amount: nil)
    let weights = run.net.weights
    var early: Int?
    for update in 1...max(updates, 1) {
      _ = run.step(set.images, set.labels)
      if update % 10 == 0 {
        for (layer, name) in weights {
          try Prune.replaceMask(layer, name: name, mask: Tensor.rand(layer[name].shape) .> 0.2)
        }
      } else {
        try Prune.globalUnstructured(weights, method: L1Unstructured.self, amount: 0.02)
      }
      guard update == 10 || update == 100 || update == updates, let now = ProcessMemory.resident else { continue }
      early = early ?? now
      print(
        String(
          format: "update %5d: %.1f MiB resident, %.3f of that at update 10", update, Double(now) / 1_048_576,
          Double(now) / Double(early ?? now)))
    }
  }
}
