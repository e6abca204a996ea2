import NN
import Torch

/// The weights of a module that are computed from an original and a mask, as parameters for a while.
struct PrunedWeights {
  private let places: [(module: Module, name: String, slot: Slot, original: Tensor)]

  init(of module: Module) {
    places = module.namedModules.values.flatMap { module in
      module.slots.compactMap { name, slot in
        guard case .computed = slot, let original = module.slots[name + "_orig"]?.parameter else { return nil }
        return (module, name, slot, original)
      }
    }
  }

  /// Runs `body` with products of originals and masks in the place of what is computed; what has become of their entries
  /// goes into the originals, those that are masked excepted.
  func asParameters<R>(_ body: () throws -> R) throws -> R {
    let products = noGrad { places.map { $0.slot.tensor.detach().clone() } }
    for (place, product) in zip(places, products) {
      product.requiresGrad = place.original.requiresGrad
      place.module.slots[place.name] = .parameter(product)
    }
    defer {
      for (place, product) in zip(places, products) {
        place.module.slots[place.name] = place.slot
        noGrad {
          let changed = product.detach()
          place.original.copy(from: changed.where(changed .!= 0, else: place.original.detach()))
        }
      }
    }
    return try body()
  }
}
