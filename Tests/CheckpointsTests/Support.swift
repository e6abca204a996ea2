import Checkpoints
import Foundation
import TestSupport
import Testing

/// The fixtures, and what PyTorch and Python's safetensors read out of them.
///
/// `Fixtures/expected.json` was produced with torch 2.13 and safetensors 0.8: for each file
/// `safetensors.torch.load_file` or `torch.load(weights_only=True)`, and for each tensor its name, element type, shape
/// and FNV-1a (64 bits) over the bytes of `tensor.contiguous().clone()`.
enum Fixture {
  struct Tensor: Codable, Equatable {
    var name: String
    var type: String
    var shape: [Int]
    var fnv: String
  }

  static let expected: [String: [Tensor]] = {
    let data = try! Data(contentsOf: URL(fileURLWithPath: path("expected.json")))
    return try! JSONDecoder().decode([String: [Tensor]].self, from: data)
  }()

  static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appendingPathComponent("Fixtures/\(name)").path
  }

  static func bytes(_ name: String) -> [UInt8] {
    [UInt8](try! Data(contentsOf: URL(fileURLWithPath: path(name))))
  }
}

/// FNV-1a, 64 bits, as 16 hexadecimal digits.
func fnv(_ bytes: UnsafeRawBufferPointer) -> String {
  var value: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// A safetensors file out of a header's text and the bytes behind it.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] {
  let text = [UInt8](header.utf8)
  return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}
