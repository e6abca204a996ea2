import OrderedCollections
import Torch

extension Optimizer {
  /// What the optimiser keeps of each parameter, under the parameter's path in a model: `fc1.weight.exp_avg`. It can be
  /// loaded into an optimiser whose parameters stand in another order.
  /// - Throws: ``ModuleError/foreignParameter(shape:optimizer:)`` where the model lacks a parameter.
  public func stateDict(naming model: Module) throws(ModuleError) -> StateDict {
    let paths = try paths(in: model)
    var named: StateDict = [:]
    for (key, tensor) in stateDict {
      let parts = key.split(separator: ".")
      if let index = Int(parts[1]) { named["\(paths[index]).\(parts[2])"] = tensor }
    }
    return named
  }

  /// Takes over what ``stateDict(naming:)`` gave.
  /// - Throws: ``ModuleError/stateDict(module:missing:unexpected:mismatched:)``, before anything is changed, and
  ///   ``ModuleError/foreignParameter(shape:optimizer:)`` where the model lacks a parameter.
  public func loadStateDict(_ state: StateDict, naming model: Module) throws {
    let paths = try paths(in: model)
    let indices = Dictionary(uniqueKeysWithValues: paths.enumerated().map { ($1, $0) })
    var numbered: StateDict = [:]
    var names: [String: String] = [:]
    for (name, tensor) in state {
      let dot = name.lastIndex(of: ".") ?? name.startIndex
      let key = indices[String(name[..<dot])].map { "state.\($0)\(name[dot...])" } ?? "no parameter: \(name)"
      numbered[key] = tensor
      names[key] = name
    }
    do { try loadStateDict(numbered) } catch ModuleError.stateDict(let module, let missing, let unexpected, let wrong) {
      func named(_ key: String) -> String {
        if let name = names[key] { return name }
        let parts = key.split(separator: ".")
        return Int(parts[1]).map { "\(paths[$0]).\(parts[2])" } ?? key
      }
      throw ModuleError.stateDict(
        module: module, missing: missing.map(named), unexpected: unexpected.map(named), mismatched: wrong)
    }
  }

  /// The path of each parameter, in order.
  private func paths(in model: Module) throws(ModuleError) -> [String] {
    var known: [UnsafeRawPointer: String] = [:]
    for (path, parameter) in model.namedParameters { known[parameter.identity] = path }
    var paths: [String] = []
    for parameter in parameters {
      guard let path = known[parameter.identity] else {
        throw .foreignParameter(shape: parameter.shape, optimizer: "\(Self.self)")
      }
      paths.append(path)
    }
    return paths
  }
}
