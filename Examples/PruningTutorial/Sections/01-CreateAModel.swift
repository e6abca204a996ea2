import NN
import Torch

/// "Create a model": LeNet on the best device there is, or the one asked for.
func createAModel(_ page: Page, seed: UInt64, device: Device) throws -> LeNet {
  page.section("Create a model")
  manualSeed(seed)
  let model = try LeNet().to(device)
  page.show("LeNet().to(\(device))", model)
  return model
}
