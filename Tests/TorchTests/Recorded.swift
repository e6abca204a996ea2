import Foundation
import Testing
import Torch

/// What Recorded/record.py has written down of PyTorch.
enum Recorded {
  static func load<Case: Decodable>(_ name: String, as type: Case.Type = Case.self) throws -> [Case] {
    let url = try #require(Bundle.module.url(forResource: "Recorded/\(name)", withExtension: "json"))
    return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
  }
}

/// A tensor's dtype, shape and bytes.
struct StoredTensor: Decodable, Sendable {
  var dtype: String
  var shape: [Int]
  var hex: String

  /// The tensor, with memory of its own.
  func tensor() throws -> Tensor {
    let dtype = try #require(DType(self.dtype))
    let digits = Array(hex.utf8)
    try #require(digits.count == 2 * shape.reduce(1, *) * dtype.byteCount)
    return Tensor(shape: shape, dtype: dtype) { bytes in
      for i in bytes.indices { bytes[i] = digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]) }
    }
  }

  private func digit(_ character: UInt8) -> UInt8 { character < 58 ? character - 48 : character - 87 }
}

/// Whether dtype, shape and every bit of both are the same.
func identical(_ a: Tensor, _ b: Tensor) -> Bool {
  guard a.dtype == b.dtype, a.shape == b.shape else { return false }
  let (a, b) = (a.detach().contiguous(), b.detach().contiguous())
  return a.withUnsafeBytes { x in b.withUnsafeBytes { y in x.elementsEqual(y) } }
}
