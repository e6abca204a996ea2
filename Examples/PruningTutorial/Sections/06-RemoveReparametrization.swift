import Console
import NN
import Pruning

/// "Remove pruning re-parametrization": the zeros stay, the mask and the hook go. It does not undo the pruning.
func removeReparametrization(_ page: Page, _ module: Conv2d) throws {
  page.section("Remove pruning re-parametrization")
  page.list("module.namedParameters", module.namedParameters, brief: true)
  page.list("module.namedBuffers", module.namedBuffers, brief: true)

  page.did("Prune.remove(module, name: \"weight\")")
  try Prune.remove(module, name: "weight")
  page.list("module.namedParameters", module.namedParameters, brief: true)
  page.list("module.namedBuffers", module.namedBuffers, brief: true)
  page.show("module.weight.sparsity", module.weight.sparsity.percent)
}
