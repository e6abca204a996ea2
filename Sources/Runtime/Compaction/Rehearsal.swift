import Compaction
import NN
import OrderedCollections
import Torch

/// Runs a module whose weights have become smaller, so that a size that does not follow them is found out without
/// stopping the program: where the engine refuses an operator, zeros of the shape that it gave before take its place.
struct Rehearsal {
  private let inputs: [[Tensor]]
  private let runs: [TracedRun]

  /// Runs the module as it is, at the sizes at which it is traced.
  init(
    _ module: Module, _ examples: OrderedDictionary<String, Tensor>, _ dynamic: [DynamicDimension],
    _ call: ([Tensor]) throws -> [Tensor]
  ) throws {
    var samples = SizeSamples(try TracedModule.sizes(examples, dynamic)).runs
    if let batch = dynamic.firstIndex(where: { $0.axis == 0 && $0.minimum <= 1 }) {
      var single = samples[0]
      single[batch] = 1
      samples.append(single)
    }
    inputs = samples.map { TracedModule.inputs(examples, dynamic, $0) }
    runs = try inputs.map { try TracedRun(module, $0) { try call($1) } }
  }

  /// The first step that the engine refuses; nil where all are taken.
  ///
  /// - Parameter restore: puts the weights back, which is done at the first refusal so that the rest can be run.
  func refusal(
    _ module: Module, _ call: ([Tensor]) throws -> [Tensor], _ restore: @escaping () -> Void
  ) throws -> FreezeReason? {
    let paths = module.tracedPaths
    var found: FreezeReason?
    for (input, run) in zip(inputs, runs) where found == nil {
      _ = try TracedRun(
        module, input,
        standIn: { recorder, error in
          if found == nil {
            found = Self.reason(error, recorder.scope.reversed().lazy.compactMap { paths[$0] }.first ?? "")
            restore()
          }
          let place = recorder.calls.count
          guard run.recorder.calls.indices.contains(place) else { return nil }
          return run.recorder.calls[place].results.map { Self.zeros(run.recorder.tensors[$0]) }
        }
      ) { try call($1) }
    }
    return found
  }

  private static func reason(_ error: TorchError, _ module: String) -> FreezeReason {
    guard case .engine(let operation, let message) = error else {
      return FreezeReason(module: module, text: "\(error)")
    }
    let first = message.split(separator: "\n").first.map(String.init) ?? message
    return FreezeReason(
      operation: "aten::\(operation)", module: module, text: "with the smaller weights the engine says: \(first)")
  }

  private static func zeros(_ tensor: RecordedTensor) -> Tensor {
    let dtype = DType.allCases.first { Int($0.rawValue) == tensor.dtype } ?? .float32
    return .zeros(tensor.shape, dtype: dtype, device: tensor.device)
  }
}
