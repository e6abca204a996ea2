import SparseKernels
import Torch

/// The fastest way of running a whole model, out of what was measured of its layers.
enum PlanSearch {
  /// Tries the layers one by one, then the model as a whole: by LibTorch in both memory formats, and with the sparse kernels
  /// that won, or won clearly, between layers of either format. The fastest is taken, so that layers that win alone and lose
  /// in the model, by what they need of their neighbours, do not count.
  ///
  /// - Parameters:
  ///   - trials: the layers with an input of theirs.
  ///   - inputs: the model's.
  ///   - prepare: the model with a choice for each layer, ready to run.
  static func plan(
    _ trials: [LayerTrial], inputs: [Tensor],
    _ prepare: ([LayerChoice]) throws -> () throws -> [Tensor]
  ) throws -> AccelerationPlan {
    let machine = try AccelerationPlan.Machine.current()
    var layers = trials.map { $0.measure() }
    let plain = [LayerChoice](repeating: .dense, count: trials.count)
    let channelsLast = zip(trials, layers).map { trial, layer -> LayerChoice in
      guard case .convolution(_, dimensions: 2) = trial.operation.kind, layer.input.count == 4 else { return .dense }
      return .denseChannelsLast
    }
    /// With kernels that take at most a share of the dense time.
    func mixed(_ dense: [LayerChoice], within share: Double = 1) -> [LayerChoice] {
      zip(layers, dense).map { layer, other in
        let isSlow = layer.choice.isSparse && layer.microseconds > share * layer.denseMicroseconds
        return layer.choice == .dense || isSlow ? other : layer.choice
      }
    }
    var variants = [plain]
    var runs = [try prepare(plain)]
    let wanted = try noGrad { try runs[0]() }
    let clear = mixed(channelsLast, within: 0.5)
    for variant in [channelsLast, mixed(plain), mixed(channelsLast), clear] where !variants.contains(variant) {
      // A view of a layer's output may need it contiguous: such a model runs in one memory format alone.
      let run = try prepare(variant)
      guard (try? noGrad({ try run() })) != nil else { continue }
      variants.append(variant)
      runs.append(run)
    }
    let times = InTurns.microseconds(runs.map { run in { _ = try? run() } }, budget: .seconds(1))
    let dense = zip(variants, times).filter { !$0.0.contains(where: \.isSparse) }.map(\.1).min() ?? 0
    let best = times.indices.min { times[$0] < times[$1] } ?? 0
    for index in layers.indices {
      let choice = variants[best][index]
      if layers[index].choice != .dense, !choice.isSparse, choice != layers[index].choice {
        layers[index].reason = "\(layers[index].choice) was faster alone, and the model with it was not"
        layers[index].microseconds = layers[index].denseMicroseconds
      }
      layers[index].choice = choice
    }
    return AccelerationPlan(
      machine: machine, inputs: inputs.map(\.shape), layers: layers, originalMicroseconds: times[0],
      denseMicroseconds: dense, microseconds: times[best],
      largestDifference: try noGrad { try runs[best]() }.relativeDifference(from: wanted))
  }

  /// The choices of a plan for layers of these paths and sizes, in order.
  ///
  /// - Throws: ``AccelerationError/plan(path:reason:)`` where it is a plan for another model, or chooses what a layer cannot do.
  static func choices(of plan: AccelerationPlan, for operations: [LayerOperation]) throws -> [LayerChoice] {
    guard plan.layers.count == operations.count,
      zip(plan.layers, operations).allSatisfy({ $0.path == $1.path && $0.operation == $1.summary })
    else {
      throw AccelerationError.plan(
        path: "the plan",
        reason: "one for another model: \(plan.layers.count) layers, the model has \(operations.count) or other ones")
    }
    for (layer, operation) in zip(plan.layers, operations) {
      if let reason = operation.refusal(of: layer.choice) {
        throw AccelerationError.plan(
          path: "the plan", reason: "'\(layer.choice)' for '\(layer.path)', which cannot be: \(reason)")
      }
    }
    return plan.layers.map(\.choice)
  }
}
