import Checkpoints
import FilePruning
import NN
import Pruning
import Recipes
import Sparsity
import Torch

/// A random model and a random recipe, carried out in memory and on a store of the same tensors.
struct RecipePair {
  let seed: UInt64
  let model: ModuleList
  let recipe: Recipe
  /// Bytes of a block of the file.
  let blockSize: Int

  init(seed: UInt64) throws {
    self.seed = seed
    var random = RandomSource(seed &* 0x9e37_79b9 &+ 1)
    model = try Self.model(&random)
    recipe = try RandomRecipe(model).recipe(&random)
    blockSize = [256, 5000, 1 << 23].randomElement(using: &random) ?? 256
  }

  /// Up to four layers of any kind, size and dtype, some of them pruned before.
  private static func model(_ random: inout RandomSource) throws -> ModuleList {
    func size(_ values: [Int]) -> Int { values.randomElement(using: &random) ?? 1 }
    manualSeed(random.next() >> 1)
    let layers = (0..<Int.random(in: 1...4, using: &random)).map { _ -> Module in
      switch Int.random(in: 0..<6, using: &random) {
      case 0: return Conv2d(size([1, 4, 8, 12]), size([4, 6, 8, 16]), kernelSize: size([1, 3]))
      case 1: return Conv1d(size([4, 8]), size([3, 8, 12]), kernelSize: size([1, 2, 5]))
      case 2: return BatchNorm2d(size([3, 8]))
      default:
        return Linear(size([1, 4, 7, 8, 16, 60, 130]), size([1, 4, 6, 8, 12, 40]), bias: Bool.random(using: &random))
      }
    }
    let dtypes: [DType] = [.float32, .float32, .float64, .bfloat16, .float16]
    for layer in layers {
      layer.to(dtypes.randomElement(using: &random) ?? .float32)
      // Few magnitudes, so that many are tied.
      if Bool.random(using: &random), layer.slots["weight"]?.parameter != nil {
        let levels = Double(Int.random(in: 1...6, using: &random))
        noGrad {
          let weight = layer["weight"]
          weight.copy(from: (weight.to(.float32) * (levels * 4)).round().to(weight.dtype))
        }
      }
      guard layer is Linear, Int.random(in: 0..<3, using: &random) == 0 else { continue }
      if Bool.random(using: &random) {
        try Prune.randomUnstructured(layer, name: "weight", amount: 0.4)
      } else {
        try Prune.lnStructured(layer, name: "weight", amount: 0.3, n: 1, dim: 0)
      }
    }
    return ModuleList(layers)
  }

  /// What differs between the two ways; nil where nothing does, and why the recipe was refused by both, if it was.
  func difference() throws -> (difference: String?, refusal: String?) {
    let store = MemoryStore(
      model.stateDict.map { name, tensor in
        let plain = tensor.detach().contiguous()
        return (name, Self.stored(tensor.dtype), tensor.shape, plain.withUnsafeBytes { Array($0) })
      })
    var pruners: [(PrunedForm, Result<FileReport, any Error>, MemoryStore.Output)] = []
    for form in PrunedForm.allCases {
      let result = Result<FileReport, any Error> {
        let pruner = try FilePruner(store, recipe, draws: EngineDraws())
        pruner.context.blockSize = blockSize
        if seed % 2 == 0 { pruner.context.sampledCount = 1 }
        return try pruner.run(to: .init(path: "out", format: .safetensors, form: form))
      }
      let output = MemoryStore.Output()
      output.copy(store.output)
      pruners.append((form, result, output))
    }
    let memory = Result { try Prune.apply(recipe, to: model) }
    for (form, file, output) in pruners {
      switch (memory, file) {
      case (.failure(let error), .failure(let other)):
        // Both name the same reason.
        let advice = (error as? RecipeError)?.advice
        if advice != ((other as? RecipeError)?.advice ?? (other as? CheckpointError)?.advice) {
          return ("memory: \(error); file: \(other)", nil)
        }
      case (.failure(let error), .success): return ("only memory refuses: \(error)", nil)
      case (.success, .failure(let error)): return ("only the file refuses: \(error)", nil)
      case (.success(let report), .success(let other)):
        if form == .masks, report != other.weights { return ("reports: \(report) and \(other.weights)", nil) }
        for tensor in report.tensors {
          if let difference = try difference(tensor.name, form, output) { return ("\(form): \(difference)", nil) }
        }
      }
    }
    guard case .failure(let error) = memory else { return (nil, nil) }
    return (nil, "\((error as? RecipeError)?.kind.rawValue ?? "\(error)")")
  }

  private func difference(_ name: String, _ form: PrunedForm, _ output: MemoryStore.Output) throws -> String? {
    func bytes(_ tensor: Tensor) -> [UInt8] { tensor.detach().contiguous().withUnsafeBytes { Array($0) } }
    let parts = name.split(separator: ".")
    let module = model[Int(parts[0]) ?? 0]
    let weight = String(parts[1])
    let names = form == .zeros ? [""] : ["_orig", "_mask"]
    for suffix in names where output[name + suffix] != bytes(module[weight + suffix]) { return name + suffix }
    return nil
  }

  private static func stored(_ dtype: DType) -> StoredType {
    switch dtype {
    case .float64: .f64
    case .float16: .f16
    case .bfloat16: .bf16
    case .int64: .i64
    default: .f32
    }
  }
}

extension MemoryStore.Output {
  /// Takes over what another has.
  func copy(_ other: MemoryStore.Output) { tensors = other.tensors }
}
