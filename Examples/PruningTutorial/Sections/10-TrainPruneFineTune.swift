import Console
import Foundation
import Torch

/// What the tutorial promises at its beginning: networks with a fraction of their weights that are as good. Trains
/// LeNet, prunes it globally, trains on, and writes table and picture into `folder`.
func trainPruneFineTune(_ page: Page, _ experiment: Experiment, to folder: OutputFolder) throws {
  page.section("Train, prune, fine-tune")
  page.say(
    "\(experiment.train.count.grouped) images to train on, \(experiment.test.count.grouped) to test with; "
      + "LibTorch \(libTorchVersion) on \(experiment.device), \(threadCount) \(threadCount == 1 ? "thread" : "threads")"
  )
  let results = try experiment.run(savingTo: folder) { Terminal.output.write("  \($0)\n") }

  try folder.write(SVGPlot(results).source, to: "pruning.svg")
  try folder.write(results.csv, to: "pruning.csv")
  try folder.write(results.json, to: "pruning.json")

  page.section("Results")
  page.say(
    TerminalPlot(results: results, width: min(76, Terminal.output.width - 1), colored: Terminal.output.hasColor).lines
      .joined(separator: "\n"))
  page.show(results.table)
  page.say(
    "  pruned, fine-tuned: accuracy on the test images; in training: of a network pruned while it was trained, in as many\n"
      + "  epochs in all. packed: the file with a bitmask and without zeros.\n"
      + String(format: "  %.0f training steps a second, ", results.stepsPerSecond)
      + "\(ProgressBar.clock(results.trainingSeconds)) of training\n"
      + "  Picture, table and models: \(folder.path("pruning.svg")), pruning.csv, pruning.json, lenet-*.safetensors")
}
