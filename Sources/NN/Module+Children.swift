import OrderedCollections

extension Module {
  /// The child modules, in the order in which the properties that hold them are declared, superclass first: modules,
  /// optional modules, arrays (`blocks.0`) and dictionaries (`heads.name`, in order of their keys) of modules.
  /// A module that two properties hold stands under both names; ``childNames`` gives names other than the properties'.
  public final var children: OrderedDictionary<String, Module> {
    _ = Self.reflectionWorks
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.append(current)
      mirror = current.superclassMirror
    }
    let names = childNames
    var found: OrderedDictionary<String, Module> = [:]
    for case (let label?, let value) in mirrors.reversed().flatMap(\.children) {
      let property = label.hasPrefix("$__lazy_storage_$_") ? String(label.dropFirst(18)) : label
      collect(value, names[property] ?? property, into: &found)
    }
    return found
  }

  private func collect(_ value: Any, _ name: String, into found: inout OrderedDictionary<String, Module>) {
    let prefix = name.isEmpty ? "" : "\(name)."
    switch value {
    case let module as Module: found[name] = module
    case let modules as [Module]:
      for (i, module) in modules.enumerated() { found["\(prefix)\(i)"] = module }
    case let modules as [String: Module]:
      for (key, module) in modules.sorted(by: { $0.key < $1.key }) { found["\(prefix)\(key)"] = module }
    case let modules as OrderedDictionary<String, Module>:
      for (key, module) in modules { found["\(prefix)\(key)"] = module }
    case Optional<Any>.some(let wrapped) where Mirror(reflecting: value).displayStyle == .optional:
      collect(wrapped, name, into: &found)
    default: break
    }
  }

  /// This module (under the empty path) and all below it, each once, under its first path: `named_modules()`.
  public final var namedModules: OrderedDictionary<String, Module> {
    var seen: Set<ObjectIdentifier> = []
    return paths { seen.insert(ObjectIdentifier($0)).inserted }
  }

  /// This module and all below it, a shared one under each of its paths, as the state dict names them.
  final var allPaths: OrderedDictionary<String, Module> { paths { _ in true } }

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

  /// Children are found by reflection. A program built without reflection metadata must not lose them silently.
  private static let reflectionWorks: Void = {
    final class Probe { let stored = 1 }
    guard Mirror(reflecting: Probe()).children.count == 1 else {
      fatalError("Bonsai finds child modules by reflection: build without -disable-reflection-metadata")
    }
  }()
}
