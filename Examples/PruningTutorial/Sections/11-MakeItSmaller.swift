import Compaction
import Console
import ExampleModels
import Foundation
import Runtime

/// What zeros alone do not do: networks with half the channels, which are smaller and faster.
func makeItSmaller(_ page: Page, _ shrinking: Shrinking, to folder: OutputFolder) throws {
  page.section("Make it smaller")
  page.say(
    "Zeros make nothing faster. Whole channels, taken out through every layer they touch, do:\n"
      + "half of the channels of each layer, those of the smallest L2 norm.")
  page.did("try model.compact(CompactionRecipe(target: .amount(0.5)), example: images, optimizer: optimizer)")
  let outcomes = [
    try shrinking.run("LeNet", savingTo: folder) { LeNet() },
    try shrinking.run("small ResNet", savingTo: folder) { SmallResNet() },
  ]
  var table = TextTable(
    columns: ["network", "", "parameters", "file", "ms a batch", "accuracy"].map { .init($0) })
  for outcome in outcomes {
    let states = [("dense", outcome.dense), ("half", outcome.shrunk), ("half, trained on", outcome.trained)]
    for (label, state) in states {
      table.rows.append([
        label == "dense" ? outcome.name : "", label, state.parameters.grouped, state.bytes.bytes,
        String(format: "%.2f", state.milliseconds), state.accuracy.exactPercent,
      ])
    }
  }
  page.show(table)
  let worst = outcomes.map(\.report.difference).max() ?? 0
  page.say(
    String(
      format: "  Each computes what it computed with those channels at 0: at most %.0e of the largest output apart.\n",
      worst) + "  The same in a file: bonsai compact model.pt2 -o small.pt2 --amount 0.5")
}
