import OrderedCollections
import Torch

/// One look through the properties of a module for child modules.
struct ChildSearch {
  private let owner: Module
  /// The property at hand, for messages.
  private var property = ""
  private(set) var found: OrderedDictionary<String, Module> = [:]
  /// The values that keep modules in memory of their own.
  private(set) var collections: [Any] = []

  init(_ owner: Module) {
    _ = Self.reflectionWorks
    self.owner = owner
    run()
  }

  private mutating func run() {
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: owner)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.append(current)
      mirror = current.superclassMirror
    }
    let names = owner.childNames
    let skipped = owner.propertiesWithoutChildren
    for case (let label?, let value) in mirrors.reversed().flatMap(\.children) {
      property = label.hasPrefix("$__lazy_storage_$_") ? String(label.dropFirst(18)) : label
      guard !skipped.contains(property) else { continue }
      collect(value, names[property] ?? property)
    }
  }

  private mutating func collect(_ value: Any, _ name: String) {
    if let module = value as? Module { return add(module, name) }
    guard !holdsNoModule(type(of: value)) else { return }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional, .enum:
      if let payload = mirror.children.first { collect(payload.value, name) }
    case .collection:
      collections.append(value)
      for (position, element) in mirror.children.enumerated() { collect(element.value, join(name, "\(position)")) }
    case .dictionary:
      collections.append(value)
      var entries = mirror.children.map { entry in
        let parts = Array(Mirror(reflecting: entry.value).children)
        return (key: "\(parts[0].value)", value: parts[1].value)
      }
      if value is any Unordered {
        entries.sort { a, b in
          if let a = Int(a.key), let b = Int(b.key) { a < b } else { a.key < b.key }
        }
      }
      for (key, value) in entries { collect(value, join(name, key)) }
    case .tuple:
      for (position, part) in mirror.children.enumerated() {
        // Parts without a name are labelled ".0".
        let label = part.label.flatMap { $0.hasPrefix(".") ? nil : $0 } ?? "\(position)"
        collect(part.value, join(name, label))
      }
    case .struct: collectFields(of: mirror, name)
    case .class, .set:
      if let path = Self.module(in: value) { refuse("\(type(of: value)) that holds a module (\(path))") }
    default: break
    }
  }

  /// A struct's fields stand under its name; the one field of a property wrapper stands for the property.
  private mutating func collectFields(of mirror: Mirror, _ name: String) {
    if name.hasPrefix("_"), mirror.children.count == 1, let field = mirror.children.first, field.label == "wrappedValue"
    {
      return collect(field.value, String(name.dropFirst()))
    }
    for case (let label?, let value) in mirror.children { collect(value, join(name, label)) }
  }

  private mutating func add(_ module: Module, _ name: String) {
    guard !name.isEmpty else { refuse("module with an empty name; childNames gives those to collections only") }
    guard found.updateValue(module, forKey: name) == nil else {
      refuse("second child named '\(name)'; childNames gives another name")
    }
  }

  private func refuse(_ what: String) -> Never {
    fatalError(
      "property '\(property)' of \(type(of: owner)) has a \(what). Children are modules, also in optionals, arrays, "
        + "dictionaries, tuples and structs; propertiesWithoutChildren names properties that have none")
  }

  private func join(_ name: String, _ part: String) -> String { name.isEmpty ? part : "\(name).\(part)" }

  /// Where an object that is no module, or a set, holds one in its own properties; nil where it holds none.
  private static func module(in value: Any) -> String? {
    func search(_ value: Any, _ path: String) -> String? {
      if value is Module { return path }
      guard !holdsNoModule(type(of: value)) else { return nil }
      let mirror = Mirror(reflecting: value)
      guard mirror.displayStyle != .class else { return nil }
      return parts(of: mirror, path)
    }
    func parts(of mirror: Mirror, _ path: String) -> String? {
      for (position, part) in mirror.children.enumerated() {
        let name = part.label ?? "\(position)"
        if let found = search(part.value, path.isEmpty ? name : "\(path).\(name)") { return found }
      }
      return mirror.superclassMirror.flatMap { parts(of: $0, path) }
    }
    return parts(of: Mirror(reflecting: value), "")
  }

  /// Children are found by reflection. A program built without reflection metadata must not lose them silently.
  private static let reflectionWorks: Void = {
    final class Probe { let stored = 1 }
    guard Mirror(reflecting: Probe()).children.count == 1 else {
      fatalError("Bonsai finds child modules by reflection: build without -disable-reflection-metadata")
    }
  }()
}

/// Whether values of a type cannot hold modules, so that large ones need not be looked through.
private func holdsNoModule(_ type: Any.Type) -> Bool {
  if let container = type as? any Container.Type { return container.contents.allSatisfy(holdsNoModule) }
  return type == Tensor.self || type == Bool.self || type is any BinaryInteger.Type
    || type is any BinaryFloatingPoint.Type || type is any StringProtocol.Type || type == DType.self
    || type == Device.self || type == Generator.self
}

/// A type that holds values of types that it names.
private protocol Container { static var contents: [Any.Type] { get } }
extension Array: Container { fileprivate static var contents: [Any.Type] { [Element.self] } }
extension ArraySlice: Container { fileprivate static var contents: [Any.Type] { [Element.self] } }
extension ContiguousArray: Container { fileprivate static var contents: [Any.Type] { [Element.self] } }
extension Optional: Container { fileprivate static var contents: [Any.Type] { [Wrapped.self] } }
extension Set: Container { fileprivate static var contents: [Any.Type] { [Element.self] } }
extension Dictionary: Container { fileprivate static var contents: [Any.Type] { [Value.self] } }
extension OrderedDictionary: Container { fileprivate static var contents: [Any.Type] { [Value.self] } }

/// A collection whose order changes from run to run.
private protocol Unordered {}
extension Dictionary: Unordered {}
