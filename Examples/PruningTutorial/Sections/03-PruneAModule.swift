import NN
import Pruning

/// "Pruning a module": 30 % of the weights at random, then the 3 smallest entries of the bias.
func pruneAModule(_ page: Page, _ module: Conv2d) throws {
  page.section("Prune a module")

  // The parameter `weight` becomes `weight_orig`; `bias` stays as it is.
  page.did("Prune.randomUnstructured(module, name: \"weight\", amount: 0.3)")
  try Prune.randomUnstructured(module, name: "weight", amount: 0.3)
  page.list("module.namedParameters", module.namedParameters, brief: true)

  // The mask is a buffer.
  page.list("module.namedBuffers", module.namedBuffers)

  // `weight` is now a plain tensor, the product of the two.
  page.show("module.weight", module.weight)

  // It is computed by a hook that runs before each forward pass.
  page.show("module.forwardPreHooks", module.forwardPreHooks)

  page.did("Prune.l1Unstructured(module, name: \"bias\", amount: 3)")
  try Prune.l1Unstructured(module, name: "bias", amount: 3)
  page.list("module.namedParameters", module.namedParameters, brief: true)
  page.list("module.namedBuffers", module.namedBuffers, brief: true)
  page.show("module[\"bias_mask\"]", module["bias_mask"])
  page.show("module[\"bias\"]", module["bias"])
  page.show("module.forwardPreHooks", module.forwardPreHooks)
}
