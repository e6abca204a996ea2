import Torch

/// Modules by position, named `0`, `1`, ...: the base of ``Sequential`` and of one's own lists. `torch.nn.ModuleList`.
open class ModuleList: Module {
  /// The modules, in order.
  public final var modules: [Module]

  /// A list of the modules given.
  public init(_ modules: [Module] = []) { self.modules = modules }

  /// The module at a position.
  public final subscript(position: Int) -> Module { modules[position] }
}

/// Modules applied one after the other: `torch.nn.Sequential`.
public final class Sequential: ModuleList {
  /// A chain of the modules given.
  public convenience init(_ modules: Module...) { self.init(modules) }

  /// Each module applied to what the one before gave.
  public override func forward(_ x: Tensor) -> Tensor { modules.reduce(x) { $1($0) } }
}
