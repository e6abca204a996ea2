import Checkpoints
import Foundation
import Graphs
import NN
import TestSupport
import Testing
import Torch

@testable import Compaction
@testable import Runtime

/// Small models of torch.export, written once by Python for all tests.
enum Small {
  /// The folder, or nil where there is no Python with torch.
  static let folder: URL? = {
    threadCount = 1
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-small-\(UUID().uuidString)")
    let script = Bundle.module.url(forResource: "export_small", withExtension: "py", subdirectory: "Python")
    guard Python.finds("torch", "safetensors"), let script,
      let code = try? String(contentsOf: script, encoding: .utf8),
      (try? Python.run(code, folder.path)) != nil
    else { return nil }
    return folder
  }()

  static func program(_ name: String) throws -> ExportedProgram {
    try ExportedProgram(contentsOf: #require(folder).appendingPathComponent("\(name).pt2").path)
  }
}

extension CompactedModel {
  /// The model ready to run, in numbers of 64 bits.
  func module() throws -> GraphModule {
    var graph = graph
    graph.useDoublePrecision()
    let kinds = Dictionary(
      graph.inputs.map { input in
        (input.role.path ?? "", { if case .parameter = $0 { true } else { false } }(input.role))
      }, uniquingKeysWith: { first, _ in first })
    var state: [(String, Tensor, Bool)] = []
    for source in tensors {
      let tensor = Tensor.empty(source.spec.shape, dtype: try #require(DType(source.spec.type)))
      var place = 0
      try tensor.withUnsafeMutableBytes { target in
        try source.produce { block in
          guard let base = target.baseAddress, let from = block.baseAddress else { return }
          (base + place).copyMemory(from: from, byteCount: block.count)
          place += block.count
        }
      }
      #expect(place == tensor.count * source.spec.type.bitWidth / 8, "\(source.spec.name)")
      state.append((source.spec.name, tensor, kinds[source.spec.name] ?? false))
    }
    var weights = GraphWeights(state: state)
    for input in graph.inputs {
      guard let path = input.role.path, kinds[path] != nil, weights.state[path] == nil else { continue }
      let data = try constant(path)
      let tensor = Tensor.empty(data.shape, dtype: try #require(DType(data.type)))
      tensor.withUnsafeMutableBytes { $0.copyBytes(from: data.bytes) }
      weights.addConstant(path, tensor)
    }
    weights.convertFloats { $0.to(.float64) }
    return try GraphModule(graph, weights: weights, device: .cpu).eval()
  }
}

/// Inputs of a graph, drawn by its shapes: real numbers of 64 bits, or indices.
func inputs(_ graph: Graph, batch: Int = 2, seed: UInt64 = 1) throws -> [Tensor] {
  let symbols = try #require(graph.symbols(batch: graph.userInputs.isEmpty ? nil : batch) ?? graph.symbols())
  let generator = Generator(seed: seed)
  return try graph.userInputs.map { input in
    let type = try #require(graph.values[input.name]?.tensor)
    let shape = try #require(type.shape(symbols))
    if type.dtype?.isFloat == true { return .randn(shape, dtype: .float64, generator: generator) }
    return (Tensor.rand(shape, generator: generator) * 40).to(.int64)
  }
}

/// The largest difference of two tensors' entries relative to the largest entry of the first; infinity where shapes differ.
func relativeDifference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
  let scale = x.reduce(0) { max($0, abs($1)) }
  let largest = zip(x, y).reduce(0) { max($0, abs($1.0 - $1.1).isNaN ? .infinity : abs($1.0 - $1.1)) }
  return largest == 0 ? 0 : largest / scale
}

extension Compactor {
  /// How far the compacted model is from the masked one, both run in numbers of 64 bits.
  func error(of choice: Choice, batch: Int = 2) throws -> Double {
    let inputs = try inputs(graph, batch: batch)
    return try noGrad {
      let wanted = try masked(choice).module().run(inputs)
      let found = try compacted(choice).module().run(inputs)
      #expect(wanted.count == found.count)
      return zip(wanted, found).reduce(0) { max($0, relativeDifference($1.0, $1.1)) }
    }
  }
}
