import ArgumentParser
import Datasets
import Foundation
import Torch

/// PyTorch's pruning tutorial, section by section, and the training that it leaves to the reader.
@main
struct Tutorial: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pruning-tutorial",
    abstract: "The pruning tutorial on LeNet and Fashion-MNIST.",
    discussion: """
      Inspects and prunes LeNet as PyTorch's tutorial does, then trains it, prunes it to several sparsities, fine-tunes \
      it, writes a table and a picture, and takes half of the channels out. `make data` fetches the images.
      """)

  @Option(help: ArgumentHelp("How often to go over the training images.", valueName: "n"))
  var epochs = 3

  @Option(help: ArgumentHelp("How often to go over them after pruning.", valueName: "n"))
  var finetune = 1

  @Option(help: ArgumentHelp("Where random numbers begin.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The shares of the weights to prune, above 0 and below 1.", valueName: "share"))
  var amounts = [0.5, 0.8, 0.9, 0.95]

  @Option(help: ArgumentHelp("cpu, cuda, cuda:1, mps, or auto for the best there is.", valueName: "name"))
  var device = "auto"

  @Option(
    help: ArgumentHelp(
      "The folder of Fashion-MNIST's files. (default: $FASHION_MNIST, or .data/fashion-mnist)", valueName: "folder"))
  var data: String?

  @Option(
    name: [.customShort("o"), .customLong("out")], help: ArgumentHelp("The folder for results.", valueName: "folder"))
  var output = "out"

  @Flag(help: "One epoch over the first 6 000 images: a look in a few seconds.")
  var quick = false

  @Flag(help: "Print every tensor in full each time, as the tutorial's page does.")
  var full = false

  func validate() throws {
    guard (1...10_000).contains(epochs) else {
      throw ValidationError("--epochs: expected 1 to 10000, found \(epochs)")
    }
    guard (0...10_000).contains(finetune) else {
      throw ValidationError("--finetune: expected 0 to 10000, found \(finetune)")
    }
    for amount in amounts where !(amount > 0 && amount < 1) {
      throw ValidationError("--amounts: expected shares above 0 and below 1, such as 0.9, found \(amount)")
    }
  }

  func run() throws {
    keepFreedMemory()  // from training step to training step
    let device = try device == "auto" ? Device.best : Device.named(device)
    let folder = try OutputFolder(output)
    let (train, test) = try FashionMNIST.load(from: data ?? FashionMNIST.defaultFolder)

    let page = Page(full: full)
    let model = try createAModel(page, seed: seed, device: device)
    inspectAModule(page, model.conv1)
    try pruneAModule(page, model.conv1)
    try pruneIteratively(page, model.conv1)
    try serializeAPrunedModel(page, model, to: folder.path("lenet-pruned.safetensors"))
    try removeReparametrization(page, model.conv1)
    try pruneSeveralParameters(page)
    try pruneGlobally(page)
    try extendWithAMethod(page)

    var experiment = Experiment(
      train: try (quick ? train.prefix(6_000) : train).to(device), test: try test.to(device), device: device)
    experiment.epochs = quick ? 1 : epochs
    experiment.fineTuningEpochs = finetune
    experiment.amounts = Set(amounts).sorted()
    experiment.seed = seed
    try trainPruneFineTune(page, experiment, to: folder)

    // On the processor, where its time is measured.
    guard case .cpu = device else { return }
    var shrinking = Shrinking(train: experiment.train, test: experiment.test)
    shrinking.epochs = experiment.epochs
    shrinking.fineTuningEpochs = max(1, finetune)
    shrinking.seed = seed
    try makeItSmaller(page, shrinking, to: folder)
  }

  /// Runs the command; an error is one line on standard error.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let code = exitCode(for: error)
      guard !code.isSuccess else { exit(withError: error) }  // --help
      let message = message(for: error).split(separator: "\n").first ?? "failed"
      FileHandle.standardError.write(Data("pruning-tutorial: \(message)\n".utf8))
      exit(withError: code)
    }
  }
}
