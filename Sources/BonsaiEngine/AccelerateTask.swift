import Checkpoints
import EngineMessages
import Foundation
import Runtime
import SparseKernels
import Torch

/// Measures how a model's layers run fastest, and writes the plan.
enum AccelerateTask {
  static func run(
    _ path: String, _ given: EngineRequest.Inputs, output: String, replacing: Bool
  ) throws -> AccelerateResult {
    let model = try Tasks.model(path, given)
    let inputs = try Tasks.inputs(given, for: model)
    guard let plan = try model.accelerated(examples: inputs.batches[0]).accelerationPlan else {
      fatalError("an accelerated model has a plan")
    }
    var options: Data.WritingOptions = [.atomic]
    if !replacing { options = [.withoutOverwriting] }
    try plan.json().write(to: URL(fileURLWithPath: output), options: options)
    return AccelerateResult(
      rows: plan.layers.map { layer in
        .init(
          module: layer.path, operation: layer.operation, sparsity: layer.sparsity, blockSparsity: layer.blockSparsity,
          kernel: "\(layer.choice)", denseMicroseconds: layer.denseMicroseconds, microseconds: layer.microseconds,
          reason: layer.reason)
      },
      milliseconds: (plan.originalMicroseconds / 1000, plan.denseMicroseconds / 1000, plan.microseconds / 1000),
      largestDifference: plan.largestDifference, instructions: plan.machine.instructions.rawValue,
      processor: plan.machine.processor, threads: plan.threads, batch: inputs.batch, ignored: inputs.ignored,
      isRandom: inputs.isRandom)
  }
}
