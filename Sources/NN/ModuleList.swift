import OrderedCollections
import Torch

/// Modules by position, named `0`, `1`, ...: the base of ``Sequential`` and of one's own lists. `torch.nn.ModuleList`.
open class ModuleList: Module {
  /// The modules, in order.
  public final var modules: [Module]

  /// A list of the modules given.
  public init(_ modules: [Module] = []) { self.modules = modules }

  /// The module at a position.
  public final subscript(position: Int) -> Module { modules[position] }

  /// The modules stand under their positions alone.
  open override var childNames: [String: String] { ["modules": ""] }
}

/// Modules applied one after the other: `torch.nn.Sequential`.
open class Sequential: ModuleList {
  /// A chain of the modules given.
  public convenience init(_ modules: Module...) { self.init(modules) }

  /// Each module applied to what the one before gave.
  open override func forward(_ x: Tensor) -> Tensor { modules.reduce(x) { $1($0) } }
}

/// Modules by key, in order: `torch.nn.ModuleDict`.
open class ModuleDict: Module {
  /// The modules by key, in order.
  public final var modules: OrderedDictionary<String, Module>

  /// A dictionary of the modules given.
  public init(_ modules: OrderedDictionary<String, Module> = [:]) { self.modules = modules }

  /// The module of that key, or nil.
  public final subscript(key: String) -> Module? { modules[key] }

  /// The modules stand under their keys alone.
  open override var childNames: [String: String] { ["modules": ""] }
}
