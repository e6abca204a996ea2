import OrderedCollections
import Torch

/// The children that a module's properties held when they were looked through, and how to see whether they still do.
///
/// Any assignment to a stored property changes the module's bytes. What arrays and dictionaries hold lies elsewhere; a
/// copy of them is kept, so that changing one moves it and changes the bytes as well.
struct KnownChildren {
  private struct Child {
    let name: String
    /// Not owned: a property may refer to a module weakly.
    weak var module: Module?
  }

  private let children: [Child]
  private let collections: [Any]
  private let bytes: [UInt8]

  /// Notes what a search through the properties of a module has found.
  init(of module: Module, _ search: ChildSearch) {
    bytes = module.withPropertyBytes { Array($0) }
    collections = search.collections
    children = search.found.map { Child(name: $0, module: $1) }
  }

  /// The children, where the properties are still what they were.
  func current(in module: Module) -> OrderedDictionary<String, Module>? {
    guard module.withPropertyBytes({ $0.elementsEqual(bytes) }) else { return nil }
    var current = OrderedDictionary<String, Module>(minimumCapacity: children.count)
    for child in children {
      guard let module = child.module else { return nil }
      current[child.name] = module
    }
    return current
  }
}

extension Module {
  /// The memory of the properties that subclasses store: what follows an object's two words and ``store``.
  fileprivate func withPropertyBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    let object = Unmanaged.passUnretained(self).toOpaque()
    defer { withExtendedLifetime(self) {} }
    let skipped = 3 * MemoryLayout<Int>.size
    let size = blockSize(of: object)
    return body(UnsafeRawBufferPointer(start: object + skipped, count: max(0, size - skipped)))
  }
}
