import Checkpoints
import Foundation
import Graphs
import NN
import Runtime
import Torch

/// One of onnx's node tests, as onnx_cases.py writes it out: a model, and tensors that go in and must come out.
public struct ONNXCase: Decodable, Sendable {
  /// Its name.
  public let name: String
  /// The operator that it is for.
  public let `operator`: String
  /// How many sets of data it has.
  let sets: Int
  let rtol: Double
  let atol: Double
  /// What of it is no tensor, or of a type that files of tensors do not have.
  let odd: String?
  let inputs: [String]
  let outputs: [String]

  /// What came of it.
  public enum Outcome: Sendable {
    /// The same as expected. Inputs that were given as constants, since they decide shapes.
    case passed(constants: [String])
    /// Refused, with the reason.
    case unsupported(String)
    /// Something else, or an error that is no refusal.
    case failed(String)
  }

  /// All cases in a folder.
  public static func all(in folder: String) throws -> [ONNXCase] {
    try JSONDecoder().decode(
      [ONNXCase].self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/cases.json")))
  }

  /// Runs it.
  public func run(in folder: String) -> Outcome {
    if let odd { return .unsupported(odd) }
    do {
      let file = try ONNXFile(path: "\(folder)/\(name).onnx")
      var constants: [String] = []
      for set in 0..<sets {
        if let outcome = try run(file, "\(folder)/\(name).\(set).safetensors", &constants) { return outcome }
      }
      return .passed(constants: constants)
    } catch let error as ONNXGraphError {
      if case .invalid = error { return .failed("\(error)") }
      return .unsupported("\(error)")
    } catch let error as GraphRunError {
      if case .unsupported = error { return .unsupported("\(error)") }
      return .failed("\(error)")
    } catch let error as CheckpointError where error.kind == .unsupported {
      return .unsupported("\(error)")
    } catch {
      return .failed("\(error)")
    }
  }

  /// Runs one set of data; nil where all is as expected.
  private func run(_ file: ONNXFile, _ path: String, _ constants: inout [String]) throws -> Outcome? {
    let sources = Dictionary(
      try Checkpoint.open(path).sources().map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
    let given = inputs.enumerated().compactMap { index, name in
      sources["input_\(index)"].map { source -> (String, TensorSource) in
        var source = source
        source.spec.name = name
        return (name, source)
      }
    }
    let byName = Dictionary(given, uniquingKeysWith: { first, _ in first })
    var model: ONNXModel
    while true {
      let refusal: ONNXRefusal
      do {
        model = try ONNXModel(file, constants: constants.compactMap { byName[$0] })
        guard let first = model.refusals.first else { break }
        refusal = first
      } catch ONNXGraphError.unsupported(let found) {
        refusal = found
      }
      // What decides shapes is given beforehand: the value itself, or else all whole numbers.
      guard let missing = refusal.missing else { return .unsupported(refusal.reason) }
      let whole = given.map(\.0).filter { name in
        guard let spec = byName[name]?.spec else { return false }
        return !spec.type.isFloat || spec.shape.reduce(1, *) == 1
      }
      let fresh = (byName[missing] != nil ? [missing] : whole).filter { !constants.contains($0) }
      guard !fresh.isEmpty else { return .unsupported(refusal.reason) }
      constants += fresh
    }
    let module = try GraphModule(.onnx(model)).eval()
    let state = try StateDict(contentsOf: path)
    let tensors = try module.inputNames.map { name -> Tensor in
      guard let index = inputs.firstIndex(of: name), let tensor = state["input_\(index)"] else {
        throw GraphRunError.input(name: name, expected: "a tensor", found: "none in the case")
      }
      return tensor
    }
    let results = try noGrad { try module.run(tensors) }
    for (index, result) in results.enumerated() where index < outputs.count {
      guard let wanted = state["output_\(index)"] else { continue }
      if let difference = difference(result, wanted) { return .failed("\(outputs[index]): \(difference)") }
    }
    return results.count == outputs.count ? nil : .failed("\(results.count) outputs of \(outputs.count)")
  }

  /// In what way two tensors differ; nil where they do not.
  private func difference(_ found: Tensor, _ wanted: Tensor) -> String? {
    guard found.dtype == wanted.dtype else { return "\(found.dtype) instead of \(wanted.dtype)" }
    guard found.shape == wanted.shape else { return "shape \(found.shape) instead of \(wanted.shape)" }
    guard wanted.dtype.isFloatingPoint else {
      let (a, b) = (found.array(of: Int64.self), wanted.array(of: Int64.self))
      let count = zip(a, b).count { $0 != $1 }
      return count == 0 ? nil : "\(count) of \(a.count) entries differ"
    }
    let (a, b) = (found.array(of: Double.self), wanted.array(of: Double.self))
    var largest = 0.0
    for (x, y) in zip(a, b) where !(x == y || x.isNaN && y.isNaN) {
      let excess = abs(x - y) - (atol + rtol * abs(y))
      if !(excess <= 0) { largest = abs(x - y).isNaN ? .infinity : max(largest, abs(x - y)) }
    }
    return largest == 0 ? nil : "they differ by \(largest)"
  }
}
