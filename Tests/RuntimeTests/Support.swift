import Checkpoints
import Foundation
import Graphs
import NN
import Testing
import Torch

@testable import Runtime

/// Small models of torch.export with their inputs and outputs, written once by Python for all tests.
enum Exported {
  /// The folder, or nil where there is no Python with torch.
  static let folder: URL? = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-exported-\(UUID().uuidString)")
    let script = Bundle.module.url(forResource: "export_models", withExtension: "py", subdirectory: "Python")
    guard let script, (try? python([script.path, folder.path]))?.status == 0 else { return nil }
    return folder
  }()

  static func path(_ name: String) throws -> String {
    try #require(folder).appendingPathComponent(name).path
  }

  /// The model, to be run on this thread, on one thread of the engine's as in Python: which each thread that tests run on
  /// has to be told.
  static func model(_ name: String) throws -> GraphModule {
    threadCount = 1
    return try GraphModule(contentsOf: path("\(name).pt2"))
  }

  /// Tensors `x0`, `x1`, ... of a recorded file, in order.
  static func tensors(_ state: StateDict, _ letter: String) -> [Tensor] {
    (0..<16).compactMap { state["\(letter)\($0)"] }
  }
}

/// Runs `python3`, or the interpreter that `PYTHON` names, to its end.
func python(_ arguments: [String]) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [ProcessInfo.processInfo.environment["PYTHON"] ?? "python3", "-W", "ignore"] + arguments
  let output = Pipe()
  process.standardOutput = output
  process.standardInput = FileHandle.nullDevice
  try process.run()
  let text = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: text, as: UTF8.self))
}

/// Whether Python is there with torch and safetensors.
let hasTorch = (try? python(["-c", "import torch, safetensors"]).status) == 0

/// The largest difference of two tensors' entries; infinity where shapes or dtypes differ.
func difference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape, a.dtype == b.dtype else { return .infinity }
  let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
  return zip(x, y).reduce(0) { max($0, $1.0 == $1.1 || ($1.0.isNaN && $1.1.isNaN) ? 0 : abs($1.0 - $1.1)) }
}
