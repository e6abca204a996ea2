import NN
import Pruning

/// "Pruning multiple parameters in a model", by the type of the layer.
func pruneSeveralParameters(_ page: Page) throws {
  page.section("Prune multiple parameters in a model")
  let model = LeNet()
  for (_, module) in model.namedModules {
    if module is Conv2d {
      try Prune.l1Unstructured(module, name: "weight", amount: 0.2)  // 20 % of all convolutions
    } else if module is Linear {
      try Prune.l1Unstructured(module, name: "weight", amount: 0.4)  // 40 % of all linear layers
    }
  }
  page.show(
    "model.namedBuffers.keys  // to verify that all masks exist", model.namedBuffers.keys.joined(separator: "\n"))
}
