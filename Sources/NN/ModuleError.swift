/// What can go wrong with the names and the state of a module.
public enum ModuleError: Error, Equatable, Sendable {
  /// The module has no tensor of that name.
  case noTensor(String, module: String, names: [String])
  /// The module has no module of that name in it.
  case noModule(String, module: String, names: [String])
  /// The name is already in use.
  case nameTaken(String, module: String)
  /// A state dict does not fit. Nothing has been loaded.
  case stateDict(module: String, missing: [String], unexpected: [String], mismatched: [String])
  /// A parameter that only one of an optimiser and a model has.
  case foreignParameter(shape: [Int], optimizer: String)
  /// Two modules are not of the same architecture.
  case architecture(expected: String, found: String)
}

extension ModuleError: CustomStringConvertible {
  /// One sentence: what was found and what to do.
  public var description: String {
    switch self {
    case .noTensor(let name, let module, let names):
      "\(module) has no tensor '\(name)'; \(Self.choices(names, "there are", "it has none"))"
    case .noModule(let name, let module, let names):
      "\(module) has no module '\(name)'; \(Self.choices(names.filter { !$0.isEmpty }, "there are", "it has none"))"
    case .nameTaken(let name, let module):
      "\(module) already has a tensor '\(name)'; choose another name"
    case .stateDict(let module, let missing, let unexpected, let mismatched):
      "the state dict does not fit \(module), and nothing was loaded:"
        + Self.part(" missing ", missing) + Self.part(" unexpected ", unexpected) + Self.part(" wrong ", mismatched)
    case .foreignParameter(let shape, let optimizer):
      "a parameter of shape \(shape) is not among those that both the \(optimizer) and the model have; "
        + "make the optimiser with the model's parameters"
    case .architecture(let expected, let found):
      "the modules differ: expected \(expected), found \(found)"
    }
  }

  private static func choices(_ names: [String], _ some: String, _ none: String) -> String {
    names.isEmpty ? none : "\(some): \(names.joined(separator: ", "))"
  }

  private static func part(_ title: String, _ names: [String]) -> String {
    names.isEmpty ? "" : title + names.joined(separator: ", ") + ";"
  }
}
