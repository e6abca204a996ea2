/// The version of the package, which both halves of the command line must share.
package let bonsaiVersion = "0.2.0"

/// What `bonsai` asks of `bonsai-engine`, as one JSON argument; tensors go as files.
package struct EngineRequest: Codable, Sendable {
  /// The version of these messages.
  package var schema = 1
  /// The version of the program that asks.
  package var version = bonsaiVersion
  /// What is to be done.
  package var task: Task

  /// A request.
  package init(_ task: Task) { self.task = task }

  /// What is to be done.
  package enum Task: Codable, Sendable {
    /// Run a model on inputs.
    case run(model: String, Inputs, output: String, replacing: Bool)
    /// Measure a model, step by step.
    case profile(model: String, Inputs, runs: Int)
    /// Run two models on the same inputs.
    case compare(String, String, Inputs, runs: Int)
    /// Measure how a model's layers run fastest, and write the plan.
    case accelerate(model: String, Inputs, output: String, replacing: Bool)
    /// Run a smaller model beside the reference that it must equal up to a limit in numbers of 64 bits, and measure it
    /// beside the original.
    case prove(original: String, reference: String, compacted: String, Inputs, runs: Int, limit: Double)
    /// Bring a smaller or pruned model back to what the original computes, and write it.
    case recover(RecoverRequest, Inputs)
    /// Score the channels of a model on data.
    case score(ScoreRequest, Inputs)
    /// Look for the channels of a model that reach a goal; the request, as `Compaction` has it, is a file.
    case budget(model: String, data: String, Inputs, request: String)
  }

  /// What models are run on.
  package struct Inputs: Codable, Sendable {
    /// A file of tensors named by the graph's inputs; nil for random ones.
    package var path: String?
    /// How many samples at once; nil for what the file or the graph says.
    package var batch: Int?
    /// How many threads; nil for all.
    package var threads: Int?
    /// Where random inputs begin.
    package var seed: UInt64
    /// A plan by which the model is accelerated, of two models the second; nil for none.
    package var plan: String?

    /// Inputs.
    package init(path: String?, batch: Int?, threads: Int?, seed: UInt64, plan: String? = nil) {
      (self.path, self.batch, self.threads, self.seed, self.plan) = (path, batch, threads, seed, plan)
    }
  }
}

/// What `bonsai-engine` answers, as JSON on standard output.
package struct EngineAnswer<Result: Codable & Sendable>: Codable, Sendable {
  /// The version of these messages.
  package var schema = 1
  /// What came of it; nil where it failed.
  package var result: Result?
  /// What went wrong, in one line.
  package var error: String?

  /// An answer.
  package init(result: Result? = nil, error: String? = nil) { (self.result, self.error) = (result, error) }
}

/// A tensor that went in or came out.
package struct NamedShape: Codable, Sendable {
  /// Its name.
  package var name: String
  /// Its type: `float32`.
  package var dtype: String
  /// Its shape.
  package var shape: [Int]

  /// A tensor.
  package init(name: String, dtype: String, shape: [Int]) {
    (self.name, self.dtype, self.shape) = (name, dtype, shape)
  }
}

/// What came of running a model.
package struct RunResult: Codable, Sendable {
  /// What went in.
  package var inputs: [NamedShape]
  /// What came out.
  package var outputs: [NamedShape]
  /// Names in the file that the graph does not have.
  package var ignored: [String]
  /// Whether the inputs were drawn at random.
  package var isRandom: Bool
  /// How many samples were run at once.
  package var batch: Int
  /// How long that took, without reading and writing.
  package var seconds: Double

  /// What came of it.
  package init(
    inputs: [NamedShape], outputs: [NamedShape], ignored: [String], isRandom: Bool, batch: Int, seconds: Double
  ) {
    (self.inputs, self.outputs, self.ignored) = (inputs, outputs, ignored)
    (self.isRandom, self.batch, self.seconds) = (isRandom, batch, seconds)
  }
}

/// What came of measuring a model.
package struct ProfileResult: Codable, Sendable {
  /// The steps of one module.
  package struct Row: Codable, Sendable {
    /// The module's path.
    package var module: String
    /// Its operators, those that take longest first.
    package var operators: [String]
    /// Entries of its parameters.
    package var parameters: Int
    /// Multiplications, each with its addition.
    package var macs: Int
    /// Its time in a run, the median over all.
    package var milliseconds: Double

    /// A row.
    package init(module: String, operators: [String], parameters: Int, macs: Int, milliseconds: Double) {
      (self.module, self.operators, self.parameters, self.macs) = (module, operators, parameters, macs)
      self.milliseconds = milliseconds
    }
  }

  /// The modules, in the order in which they are first run.
  package var rows: [Row]
  /// The time of a run without measuring its steps, the median over all.
  package var milliseconds: Double
  /// The largest memory of the process.
  package var peakBytes: Int
  /// How many samples were run at once.
  package var batch: Int
  /// How many threads.
  package var threads: Int
  /// How many runs were measured.
  package var runs: Int
  /// What went in.
  package var inputs: [NamedShape]

  /// What came of it.
  package init(
    rows: [Row], milliseconds: Double, peakBytes: Int, batch: Int, threads: Int, runs: Int, inputs: [NamedShape]
  ) {
    (self.rows, self.milliseconds, self.peakBytes) = (rows, milliseconds, peakBytes)
    (self.batch, self.threads, self.runs, self.inputs) = (batch, threads, runs, inputs)
  }
}

/// What came of comparing two models.
package struct CompareResult: Codable, Sendable {
  /// One of the outputs.
  package struct Output: Codable, Sendable {
    /// Its name.
    package var name: String
    /// Its shape.
    package var shape: [Int]
    /// The largest difference of two entries.
    package var largest: Double
    /// The mean difference.
    package var mean: Double
    /// The largest magnitude in the first model's.
    package var scale: Double
    /// The share of samples whose highest score is of the same class; nil where the output is no table of scores.
    package var agreement: Double?

    /// An output.
    package init(name: String, shape: [Int], largest: Double, mean: Double, scale: Double, agreement: Double?) {
      (self.name, self.shape, self.largest, self.mean) = (name, shape, largest, mean)
      (self.scale, self.agreement) = (scale, agreement)
    }
  }

  /// One of the models.
  package struct Model: Codable, Sendable {
    /// Its path.
    package var path: String
    /// Entries of its parameters.
    package var parameters: Int
    /// Multiplications, each with its addition.
    package var macs: Int
    /// The size of its file.
    package var bytes: Int
    /// The time of a run, the median over all.
    package var milliseconds: Double

    /// A model.
    package init(path: String, parameters: Int, macs: Int, bytes: Int, milliseconds: Double) {
      (self.path, self.parameters, self.macs, self.bytes) = (path, parameters, macs, bytes)
      self.milliseconds = milliseconds
    }
  }

  /// The outputs.
  package var outputs: [Output]
  /// The two models.
  package var models: [Model]
  /// How many times as fast the second is: the median of the ratios of neighbouring runs.
  package var speedup: Double
  /// How many samples were run at once.
  package var batch: Int
  /// How many samples in all.
  package var samples: Int
  /// Names in the file that the graph does not have.
  package var ignored: [String]
  /// Whether the inputs were drawn at random.
  package var isRandom: Bool

  /// What came of it.
  package init(
    outputs: [Output], models: [Model], speedup: Double, batch: Int, samples: Int, ignored: [String], isRandom: Bool
  ) {
    (self.outputs, self.models, self.speedup, self.batch) = (outputs, models, speedup, batch)
    (self.samples, self.ignored, self.isRandom) = (samples, ignored, isRandom)
  }
}
