import Console
import NN
import Pruning

/// "Global pruning": the smallest 20 % of all connections, wherever they are, so that each layer loses another share.
func pruneGlobally(_ page: Page) throws {
  page.section("Global pruning")
  let model = LeNet()
  let parametersToPrune: [(Module, String)] = [
    (model.conv1, "weight"),
    (model.conv2, "weight"),
    (model.fc1, "weight"),
    (model.fc2, "weight"),
    (model.fc3, "weight"),
  ]
  page.did("Prune.globalUnstructured(parametersToPrune, method: L1Unstructured.self, amount: 0.2)")
  try Prune.globalUnstructured(parametersToPrune, method: L1Unstructured.self, amount: 0.2)

  var lines: [String] = []
  var zeros = 0
  var entries = 0
  for (name, layer) in model.children {
    let weight = layer["weight"]
    lines.append("Sparsity in \(name).weight: \(weight.sparsity.exactPercent)")
    zeros += weight.count - weight.countNonzero()
    entries += weight.count
  }
  lines.append("Global sparsity: \((Double(zeros) / Double(entries)).exactPercent)")
  page.say(lines.joined(separator: "\n"))
}
