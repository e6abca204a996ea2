import NN
import Pruning
import Torch

/// Prunes every other entry of a tensor.
struct FooBar: PruningMethod {
  let pruningType = PruningType.unstructured

  func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor {
    let mask = defaultMask.clone()
    mask.view(-1)[.slice(nil, nil, step: 2)].zero()
    return mask
  }
}

/// Prunes the parameter `name` of `module` by removing every other entry.
@discardableResult
func fooBarUnstructured<M: Module>(_ module: M, name: String) throws -> M {
  try Prune.apply(FooBar(), to: module, name: name)
}

/// "Extending torch.nn.utils.prune with custom pruning functions": the two declarations above.
func extendWithAMethod(_ page: Page) throws {
  page.section("Extend with a pruning method of your own")
  let model = LeNet()
  page.did("fooBarUnstructured(model.fc3, name: \"bias\")")
  try fooBarUnstructured(model.fc3, name: "bias")
  page.show("model.fc3[\"bias_mask\"]", model.fc3["bias_mask"])
}
