import ArgumentParser
import NN
import Runtime
import Torch

/// Traces a network and writes it for Python and for `bonsai`.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trace a network and write it as .pt2 or .onnx, with a batch of any size.")

  @Argument(help: "The network.") var model: ModelName
  @Option(name: .shortAndLong, help: "The file to write.") var output: String
  @Option(help: "A state dict for it: safetensors or PyTorch; otherwise PyTorch's initial values of seed 0.")
  var weights: String?
  @Option(help: "Batches for which inputs and outputs are written beside it, as NAME.BATCH.safetensors.")
  var samples: [Int] = []
  @Flag(help: "Draw running statistics, so that errors in them would show.") var drawStatistics = false

  func run() throws {
    manualSeed(0)
    let network = model.make().eval()
    if drawStatistics {
      for (name, buffer) in network.namedBuffers where name.contains("running") {
        noGrad { _ = name.hasSuffix("var") ? buffer.uniform(0.5, 1.5) : buffer.normal(std: 0.1) }
      }
    }
    if let weights { try network.load(from: weights) }
    let traced = try TracedModule(network, example: model.input(2))
    for note in traced.notes { print("note: \(note)") }
    try traced.write(to: output)
    let stem = [".pt2", ".onnx"].first(where: output.hasSuffix).map { String(output.dropLast($0.count)) } ?? output
    for batch in samples {
      let x = model.input(batch)
      let state: StateDict = ["x0": x, "y0": noGrad { network(x) }]
      try state.save(to: "\(stem).\(batch).safetensors")
    }
  }
}

/// Parameters and MACs of models.
struct Count: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Parameters and MACs of .pt2 files at batch 1.")

  @Argument(help: "The files.") var files: [String]

  func run() throws {
    for file in files {
      let found = try counts(of: file)
      print(file, found.parameters, found.macs)
    }
  }
}

/// One training step of a given state, for comparison with Python's.
struct Step: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Load a state dict, evaluate, make one step of SGD, and write what came out.")

  @Argument(help: "The network.") var model: ModelName
  @Option(help: "The state dict.") var weights: String
  @Option(help: "A file with inputs x and classes y.") var data: String
  @Option(name: .shortAndLong, help: "The file to write: the output in evaluation, and the state after the step.")
  var output: String
  @Option(help: "The learning rate.") var rate = 0.1

  func run() throws {
    threadCount = 1
    let network = model.make().eval()
    try network.load(from: weights)
    let given = try StateDict(contentsOf: data)
    guard let x = given["x"], let y = given["y"] else { throw ValidationError("\(data) lacks x or y") }
    var results: StateDict = ["output": noGrad { network(x) }]
    network.train()
    // Dropout draws as in Python.
    manualSeed(0)
    let optimizer = SGD(network.parameters, learningRate: rate, momentum: 0.9)
    crossEntropy(network(x), y).backward()
    optimizer.step()
    for (name, tensor) in network.stateDict { results["after." + name] = tensor }
    try results.save(to: output)
  }
}
