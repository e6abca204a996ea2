import Checkpoints
import Console
import EngineMessages
import Graphs
import NN
import Runtime
import Torch

/// What several tasks do.
enum Tasks {
  static func model(_ path: String, _ inputs: EngineRequest.Inputs) throws -> GraphModule {
    if let threads = inputs.threads { threadCount = threads }
    return try GraphModule(ModelFile(Checkpoint.open(path), for: "run")).eval()
  }

  static func inputs(_ inputs: EngineRequest.Inputs, for model: GraphModule) throws -> ModelInputs {
    if let path = inputs.path { return try ModelInputs(contentsOf: path, for: model, batch: inputs.batch) }
    return try ModelInputs(randomFor: model, batch: inputs.batch, seed: inputs.seed)
  }

  /// The model by the plan that the request names; the model itself where it names none.
  static func planned(
    _ model: GraphModule, _ inputs: EngineRequest.Inputs, _ batch: [Tensor]
  ) throws -> GraphModule {
    guard let path = inputs.plan else { return model }
    let plan = try AccelerationPlan(contentsOf: path)
    if try !plan.isForThisMachine() {
      Terminal.error.write(
        "bonsai: note: '\(path)' was measured on \(plan.machine.processor) with \(plan.machine.instructions.rawValue), "
          + "\(plan.threads) threads: measuring anew for this machine and \(threadCount)\n")
    } else if plan.inputs != batch.map(\.shape) {
      Terminal.error.write(
        "bonsai: note: '\(path)' was measured for inputs of \(plan.inputs), these are of \(batch.map(\.shape)): "
          + "'bonsai accelerate' with these may find faster kernels\n")
    }
    return try model.accelerated(examples: batch, plan: plan)
  }

  static func shapes(_ names: [String], _ tensors: [Tensor]) -> [NamedShape] {
    zip(names, tensors).map { NamedShape(name: $0, dtype: "\($1.dtype)", shape: $1.shape) }
  }

  /// All samples through the model, a batch at a time; the outputs put together along their first dimension.
  static func outputs(of model: GraphModule, _ inputs: ModelInputs) throws -> [Tensor] {
    try noGrad {
      var parts: [[Tensor]] = []
      for batch in inputs.batches { parts.append(try model.run(batch)) }
      guard parts.count > 1, let first = parts.first else { return parts.first ?? [] }
      return first.indices.map { index in Tensor.cat(parts.map { $0[index] }) }
    }
  }

  static func counts(_ model: GraphModule, batch: [Tensor]) -> [NodeCount] {
    let shapes = Dictionary(zip(model.inputNames, batch.map(\.shape)), uniquingKeysWith: { first, _ in first })
    let size = batch.first?.shape.first
    return model.graph.counts(model.graph.symbols(batch: size, of: shapes) ?? model.graph.symbols(of: shapes) ?? [:])
  }
}

/// Runs a model on inputs and writes its outputs.
enum RunTask {
  static func run(
    _ path: String, _ given: EngineRequest.Inputs, output: String, replacing: Bool
  ) throws -> RunResult {
    let plain = try Tasks.model(path, given)
    let inputs = try Tasks.inputs(given, for: plain)
    let model = try Tasks.planned(plain, given, inputs.batches[0])
    let clock = ContinuousClock()
    let start = clock.now
    let outputs = try Tasks.outputs(of: model, inputs)
    let seconds = (clock.now - start).inSeconds
    var state: StateDict = [:]
    for (name, tensor) in zip(model.outputNames, outputs) { state[name] = tensor }
    try state.save(to: output, replacing: replacing)
    return RunResult(
      inputs: Tasks.shapes(model.inputNames, inputs.tensors), outputs: Tasks.shapes(model.outputNames, outputs),
      ignored: inputs.ignored, isRandom: inputs.isRandom, batch: inputs.batch, seconds: seconds)
  }
}

/// Measures a model, step by step.
enum ProfileTask {
  static func run(_ path: String, _ given: EngineRequest.Inputs, runs: Int) throws -> ProfileResult {
    let plain = try Tasks.model(path, given)
    let inputs = try Tasks.inputs(given, for: plain)
    let batch = inputs.batches[0]
    let model = try Tasks.planned(plain, given, batch)
    let profile = try model.profile(batch, runs: runs)
    var rows: [String: (row: ProfileResult.Row, times: [String: Double])] = [:]
    var order: [String] = []
    for (count, seconds) in zip(Tasks.counts(model, batch: batch), profile.nodeSeconds) {
      var entry =
        rows[count.module]
        ?? (ProfileResult.Row(module: count.module, operators: [], parameters: 0, macs: 0, milliseconds: 0), [:])
      if rows[count.module] == nil { order.append(count.module) }
      entry.row.parameters += count.parameters
      entry.row.macs += count.macs
      entry.row.milliseconds += seconds * 1000
      entry.times[count.operation, default: 0] += seconds
      rows[count.module] = entry
    }
    let finished = order.compactMap { module -> ProfileResult.Row? in
      guard let entry = rows[module] else { return nil }
      var row = entry.row
      row.operators = entry.times.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
      return row
    }
    return ProfileResult(
      rows: finished, milliseconds: profile.seconds * 1000, peakBytes: PeakMemory.bytes, batch: inputs.batch,
      threads: threadCount, runs: profile.runs, inputs: Tasks.shapes(model.inputNames, batch))
  }
}

/// Runs two models on the same inputs.
enum CompareTask {
  static func run(_ a: String, _ b: String, _ given: EngineRequest.Inputs, runs: Int) throws -> CompareResult {
    var models = [try Tasks.model(a, given), try Tasks.model(b, given)]
    let inputs = try Tasks.inputs(given, for: models[0])
    guard models[0].inputNames.count == models[1].inputNames.count else {
      throw GraphRunError.input(
        name: "inputs", expected: "as many as \(a) takes, \(models[0].inputNames.count)",
        found: "\(models[1].inputNames.count) in \(b)")
    }
    let batch = inputs.batches[0]
    models[1] = try Tasks.planned(models[1], given, batch)
    let outputs = try models.map { try Tasks.outputs(of: $0, inputs) }
    let names = models[0].outputNames
    let compared = try zip(names, zip(outputs[0], outputs[1])).map { name, pair in
      guard pair.0.shape == pair.1.shape else {
        throw GraphRunError.input(
          name: name, expected: "an output of shape \(pair.0.shape), as in \(a)", found: "\(pair.1.shape) in \(b)")
      }
      return difference(name, pair.0, pair.1)
    }
    let times = try measured(models, batch, runs: runs)
    let summaries = try zip([a, b], zip(models, times)).map { path, measured in
      CompareResult.Model(
        path: path, parameters: measured.0.parameterCount,
        macs: Tasks.counts(measured.0, batch: batch).reduce(0) { $0 + $1.macs },
        bytes: try Checkpoint.open(path).size, milliseconds: measured.1.median * 1000)
    }
    return CompareResult(
      outputs: compared, models: summaries, speedup: zip(times[0], times[1]).map { $0 / $1 }.median,
      batch: inputs.batch, samples: inputs.sampleCount, ignored: inputs.ignored, isRandom: inputs.isRandom)
  }

  private static func difference(_ name: String, _ a: Tensor, _ b: Tensor) -> CompareResult.Output {
    let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
    var (largest, sum, scale) = (0.0, 0.0, 0.0)
    for (x, y) in zip(x, y) {
      let difference = x == y || (x.isNaN && y.isNaN) ? 0 : abs(x - y)
      largest = difference.isNaN ? .infinity : max(largest, difference)
      sum += difference
      scale = max(scale, abs(x))
    }
    var agreement: Double?
    if a.isTableOfScores {
      let (p, q) = (a.argmax(1).array(of: Int64.self), b.argmax(1).array(of: Int64.self))
      agreement = Double(zip(p, q).count { $0 == $1 }) / Double(p.count)
    }
    return CompareResult.Output(
      name: name, shape: a.shape, largest: largest, mean: x.isEmpty ? 0 : sum / Double(x.count), scale: scale,
      agreement: agreement)
  }

  /// Seconds of runs of both in turns, after one each that is not counted.
  static func measured(_ models: [GraphModule], _ batch: [Tensor], runs: Int) throws -> [[Double]] {
    let clock = ContinuousClock()
    var times: [[Double]] = [[], []]
    try noGrad {
      for model in models { _ = try model.run(batch) }
      for _ in 0..<max(runs, 1) {
        for (index, model) in models.enumerated() {
          let start = clock.now
          _ = try model.run(batch)
          times[index].append((clock.now - start).inSeconds)
        }
      }
    }
    return times
  }
}
