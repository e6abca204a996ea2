import Checkpoints
import Compaction
import Graphs
import NN
import Torch

/// What a smaller module must compute, taken from the masked model before anything is changed.
struct ModuleProof {
  /// How far a module is from it.
  struct Differences {
    /// In the module's precision.
    var single: Double
    /// In numbers of 64 bits.
    var double: Double
    /// What the module's precision lets the first be.
    var limit: Double

    /// Whether rounding explains them.
    var areSmall: Bool { single <= limit && double <= 1e-9 }
    /// The one that rounding does not explain.
    var worst: Double { single <= limit ? double : single }
  }

  /// The example, and random numbers of its shapes where it is of real numbers.
  private let inputs: [[Tensor]]
  private let single: [[Tensor]]
  private let double: [[Tensor]]
  private let limit: Double

  /// - Parameters:
  ///   - traced: the module as it is.
  ///   - masked: its graph with zeros where units go.
  init(_ traced: TracedModule, _ masked: CompactedModel) throws {
    let (example, generator) = (traced.example, Generator(seed: 0))
    let random = example.map { given in
      given.dtype.isFloatingPoint
        ? Tensor.randn(given.shape, generator: generator).to(given.dtype).to(given.device) : given
    }
    inputs = [example] + (example.contains(where: \.dtype.isFloatingPoint) ? [random] : [])
    limit =
      switch traced.state.values.lazy.compactMap(\.parameter).first?.dtype {
      case .float64?: 1e-9
      case .float32?, nil: 1e-4
      default: 5e-2
      }
    let (plain, exact) = try (traced.module(masked, isDouble: false), traced.module(masked, isDouble: true))
    single = try inputs.map { try plain.run($0.map { $0.clone() }) }
    double = try inputs.map { try exact.run($0.map(\.doubled)) }
  }

  /// How far the module, called so, and its new graph are from what they must compute.
  func differences(_ call: ([Tensor]) throws -> [Tensor], _ anew: TracedModule) throws -> Differences {
    let twin = try anew.module(nil, isDouble: true)
    var result = Differences(single: 0, double: 0, limit: limit)
    for (index, input) in inputs.enumerated() {
      result.single = max(
        result.single, try call(input.map { $0.clone() }).relativeDifference(from: single[index]))
      result.double = max(
        result.double, try twin.run(input.map(\.doubled)).relativeDifference(from: double[index]))
    }
    return result
  }
}

extension Tensor {
  /// Real numbers in 64 bits.
  fileprivate var doubled: Tensor { dtype.isFloatingPoint ? to(.float64) : clone() }
}

extension TracedModule {
  /// A model made out of the graph, or the graph itself, ready to run on copies of the weights.
  fileprivate func module(_ model: CompactedModel?, isDouble: Bool) throws -> GraphModule {
    var graph = model?.graph ?? self.graph
    let device = state.values.lazy.compactMap(\.parameter).first?.device ?? .cpu
    var slots = state
    for source in model?.tensors ?? [] {
      guard constants[source.spec.name] == nil else { continue }
      let isParameter = state[source.spec.name]?.parameter != nil
      let tensor = try Tensor.reading(source).to(device)
      slots[source.spec.name] = isParameter ? .parameter(tensor) : .buffer(tensor)
    }
    var weights = GraphWeights(state: slots, constants: constants)
    if isDouble {
      graph.useDoublePrecision()
      weights.convertFloats { $0.to(.float64) }
    }
    return try GraphModule(graph, weights: weights, device: device).eval()
  }
}
