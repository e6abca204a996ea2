import OrderedCollections

extension Module {
  /// The child modules, in the order in which the properties that hold them are declared, superclass first.
  ///
  /// A property may hold a module, or modules in optionals, arrays (`blocks.0`), dictionaries (`heads.name`, in order of
  /// their keys where they have none of their own), tuples (`pair.0`, `pair.left`), structs (`parts.head`) and cases of
  /// enumerations, and these in each other (`stages.0.1`). A module that two properties hold stands under both names;
  /// ``childNames`` gives names other than the properties'. Where modules are held in a way in which they cannot become
  /// children, as in an object that is no module or in a set, the program stops with the property's name; a property
  /// that is meant to hold modules of another network is listed in ``propertiesWithoutChildren``.
  ///
  /// Properties are looked through once, and again only after one of them has been assigned.
  public final var children: OrderedDictionary<String, Module> { store.children(of: self) }

  /// This module (under the empty path) and all below it, each once, under its first path: `named_modules()`.
  public final var namedModules: OrderedDictionary<String, Module> {
    var seen: Set<ObjectIdentifier> = []
    return paths { seen.insert(ObjectIdentifier($0)).inserted }
  }

  /// This module and all below it, a shared one under each of its paths, as the state dict names them.
  package final var allPaths: OrderedDictionary<String, Module> { paths { _ in true } }

  private func paths(_ wanted: (Module) -> Bool) -> OrderedDictionary<String, Module> {
    var found: OrderedDictionary<String, Module> = [:]
    var above: Set<ObjectIdentifier> = []  // a child that refers back to its parent is not walked again
    func walk(_ module: Module, _ path: String) {
      guard !above.contains(ObjectIdentifier(module)), wanted(module) else { return }
      found[path] = module
      above.insert(ObjectIdentifier(module))
      for (name, child) in module.children { walk(child, path.isEmpty ? name : "\(path).\(name)") }
      above.remove(ObjectIdentifier(module))
    }
    walk(self, "")
    return found
  }

  /// Sets this module and all below it to training, or to evaluation.
  @discardableResult
  public final func train(_ training: Bool = true) -> Self {
    for module in namedModules.values { module.isTraining = training }
    return self
  }

  /// Sets this module and all below it to evaluation: dropout off, batch norm with its running statistics.
  @discardableResult
  public final func eval() -> Self { train(false) }

  /// Runs with this module and all below it in evaluation, and puts the mode of each back, also where `body` throws.
  public final func evaluating<Result>(_ body: () throws -> Result) rethrows -> Result {
    let modes = namedModules.values.map { (module: $0, isTraining: $0.isTraining) }
    eval()
    defer { for (module, isTraining) in modes { module.isTraining = isTraining } }
    return try body()
  }
}
