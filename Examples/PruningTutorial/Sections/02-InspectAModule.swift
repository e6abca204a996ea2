import NN

/// "Inspect a module": two parameters, `weight` and `bias`, and no buffers at present.
func inspectAModule(_ page: Page, _ module: Conv2d) {
  page.section("Inspect a module")
  page.list("module.namedParameters", module.namedParameters)
  page.list("module.namedBuffers", module.namedBuffers)
}
