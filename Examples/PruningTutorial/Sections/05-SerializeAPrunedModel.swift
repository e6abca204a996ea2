import NN

/// "Serializing a pruned model": originals and masks are in the state dict, and so in the file.
func serializeAPrunedModel(_ page: Page, _ model: LeNet, to path: String) throws {
  page.section("Serialize a pruned model")
  page.show("model.stateDict.keys", model.stateDict.keys.joined(separator: "\n"))

  page.did("model.save(to: \"\(path)\")")
  try model.save(to: path)
  page.show(
    "StateDict(contentsOf: \"\(path)\").keys == model.stateDict.keys",
    try StateDict(contentsOf: path).keys == model.stateDict.keys)
}
