import Compaction
import Graphs
import NN
import Torch

/// The tensors of a module that lose entries, and the sizes that it keeps beside them.
struct ModuleSlicing {
  private struct Change {
    let tensor: Tensor
    /// The memory that it had.
    let before: Tensor
    let gradient: Tensor?
    var slices: [Compactor.Slice]

    func part(_ tensor: Tensor) -> Tensor {
      slices.reduce(tensor) { $0.part($1.dimension, Tensor($1.kept).to($0.device)) }
    }
  }

  /// A number that a layer keeps itself.
  private struct Setting {
    let set: (Int) -> Void
    let before: Int
    let after: Int
  }

  private let changes: [Change]
  private let settings: [Setting]

  /// What a choice asks of a module; nothing is changed yet.
  ///
  /// - Parameter smaller: the smaller graph, which says the groups.
  /// - Throws: ``ModuleCompactionError/problems(_:)`` for weights that cannot be cut.
  init(_ module: Module, _ slices: [Compactor.Slice], _ smaller: Graph) throws(ModuleCompactionError) {
    let (slots, modules) = (module.tracedSlots, module.allPaths)
    var changes: [Change] = []
    var places: [UnsafeRawPointer: Int] = [:]
    var settings: [Setting] = []
    var problems: [FreezeReason] = []
    func refuse(_ path: String, _ text: String) {
      let problem = FreezeReason(module: path.splitAtLastDot.0, text: "'\(path)' \(text)")
      if !problems.contains(problem) { problems.append(problem) }
    }
    for slice in slices {
      let (parent, name) = slice.path.splitAtLastDot
      guard let slot = slots[slice.path], let owner = modules[parent] else {
        refuse(slice.path, "is no parameter or buffer of the module; register it")
        continue
      }
      guard let tensor = slot.plainTensor, !owner.slots.values.contains(where: { $0.plainTensor == nil }) else {
        refuse(slice.path, "is pruned or computed; make that permanent first (Prune.remove)")
        continue
      }
      if let attention = owner as? MultiheadAttention, slice.dimension == 0,
        ["in_proj_weight", "q_proj_weight"].contains(name)
      {
        let width = attention.projectedWidth / attention.heads
        let kept = slice.kept.count / (name == "in_proj_weight" ? 3 : 1)
        guard kept % width == 0 else {
          refuse(slice.path, "would lose parts of heads, which this layer cannot")
          continue
        }
        settings.append(Setting(set: { attention.heads = $0 }, before: attention.heads, after: kept / width))
      }
      if let place = places[tensor.identity] {
        if changes[place].slices.contains(where: { $0.dimension == slice.dimension && $0.kept == slice.kept }) {
          continue
        }
        guard changes[place].slices.allSatisfy({ $0.dimension != slice.dimension }) else {
          refuse(slice.path, "stands at several places that would lose unlike parts")
          continue
        }
        changes[place].slices.append(slice)
        continue
      }
      if let other = slots.first(where: { _, slot in
        slot.plainTensor.map { !$0.isSame(as: tensor) && $0.sharesStorage(with: tensor) } ?? false
      }) {
        refuse(slice.path, "lies in the same memory as '\(other.key)' without being the same tensor")
        continue
      }
      places[tensor.identity] = changes.count
      changes.append(Change(tensor: tensor, before: tensor.detach(), gradient: tensor.grad, slices: [slice]))
    }
    guard problems.isEmpty else { throw .problems(problems) }
    for node in smaller.nodes {
      switch modules[node.modulePath] {
      case let layer as Convolution:
        guard case .int(let groups)? = node["groups"], groups != layer.groups else { continue }
        settings.append(Setting(set: { layer.groups = $0 }, before: layer.groups, after: groups))
      case let layer as GroupNorm:
        guard case .int(let groups)? = node["num_groups"], groups != layer.groups else { continue }
        settings.append(Setting(set: { layer.groups = $0 }, before: layer.groups, after: groups))
      default: continue
      }
    }
    (self.changes, self.settings) = (changes, settings)
  }

  /// Makes the tensors smaller, without their gradients.
  func apply() {
    noGrad {
      for change in changes {
        change.tensor.grad = nil
        change.tensor.setData(change.part(change.before))
      }
    }
    for setting in settings { setting.set(setting.after) }
  }

  /// Puts everything back.
  func restore() {
    for change in changes { restore(change) }
    for setting in settings.reversed() { setting.set(setting.before) }
  }

  private func restore(_ change: Change) {
    noGrad {
      change.tensor.grad = nil
      change.tensor.setData(change.before)
      change.tensor.grad = change.gradient
    }
  }

  /// Has gradients and the optimiser follow, after ``apply()``.
  func commit(_ optimizer: (any Optimizer)?) throws {
    for change in changes {
      if let optimizer, optimizer.holds(change.tensor) {
        restore(change)
        for slice in change.slices {
          try optimizer.slice(change.tensor, dim: slice.dimension, indices: slice.kept)
        }
      } else {
        noGrad { change.tensor.grad = change.gradient.map(change.part) }
      }
    }
  }
}
