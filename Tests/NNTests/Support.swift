import Foundation
import NN
import Testing
import Torch

/// All tests of NN draw from the default generator, so they run one after the other.
@Suite(.serialized) struct NNTests {}

/// Values recorded from PyTorch by Recorded/record.py.
enum Recorded {
  static func path(_ name: String) throws -> String {
    try #require(Bundle.module.url(forResource: "Recorded/" + name, withExtension: nil)).path
  }

  static func json<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
  }
}

/// The largest absolute difference; 0 where all bits agree in value, inf where shapes or NaNs do not.
func difference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape, a.dtype == b.dtype else { return .infinity }
  let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
  return zip(x, y).reduce(0) { found, pair in
    if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return found }
    let apart = abs(pair.0 - pair.1)
    return apart.isNaN ? .infinity : max(found, apart)
  }
}

/// A path in a new folder that is removed after `body`.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("NNTests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}
