import NN
import Pruning

/// "Iterative pruning": half of the channels that are left, by their L2 norm, on top of the random mask.
func pruneIteratively(_ page: Page, _ module: Conv2d) throws {
  page.section("Iterative pruning")
  page.did("Prune.lnStructured(module, name: \"weight\", amount: 0.5, n: 2, dim: 0)")
  try Prune.lnStructured(module, name: "weight", amount: 0.5, n: 2, dim: 0)

  // 3 of the 6 channels are zero; the others keep the effect of the earlier mask.
  page.show("module.weight", module.weight)

  // The hook holds the history of all that was done to the tensor.
  for case let hook as PruningHook in module.forwardPreHooks.values where hook.tensorName == "weight" {
    page.show("hook.history", hook.history)
  }
}
