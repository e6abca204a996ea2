import NN
import Torch

/// The weights that kernels were made of, to see whether they have been changed since: written to, exchanged, given other memory,
/// pruned anew or no more.
struct WatchedLayers {
  private struct Entry {
    let path: String
    let module: Module
    let name: String
    let seen: Seen
  }

  /// What stood behind a name.
  private enum Seen {
    /// A tensor; an alias keeps its memory, so that no other can come to lie there.
    case tensor(Tensor, alias: Tensor, version: Int)
    /// What is computed of others, which are watched themselves, or kept in a form of its own that counts its changes.
    case computed(any ComputedTensor, version: Int)

    init(_ slot: Slot) {
      switch slot {
      case .parameter(let tensor), .buffer(let tensor):
        self = .tensor(tensor, alias: tensor.detach(), version: tensor.version)
      case .computed(let computed): self = .computed(computed, version: 0)
      case .computedBuffer(let computed): self = .computed(computed, version: computed.version)
      }
    }

    func isStill(_ slot: Slot) -> Bool {
      switch (self, slot) {
      case (.tensor(let tensor, let alias, let version), .parameter(let now)),
        (.tensor(let tensor, let alias, let version), .buffer(let now)):
        now.isSame(as: tensor) && now.version == version && now.sharesStorage(with: alias)
      case (.computed(let computed, _), .computed(let now)): now === computed
      case (.computed(let computed, let version), .computedBuffer(let now)): now === computed && now.version == version
      default: false
      }
    }
  }

  private let entries: [Entry]

  /// All that layers hold now.
  ///
  /// - Parameter layers: modules by their paths.
  init(_ layers: [(path: String, module: Module)]) {
    entries = layers.flatMap { path, module in
      module.slots.map { name, slot in
        Entry(path: path.isEmpty ? name : "\(path).\(name)", module: module, name: name, seen: Seen(slot))
      }
    }
  }

  /// - Throws: ``AccelerationError/changed(_:)`` for the first that was changed.
  func check() throws {
    for entry in entries {
      guard let slot = entry.module.slots[entry.name], entry.seen.isStill(slot) else {
        throw AccelerationError.changed(entry.path)
      }
    }
  }
}
