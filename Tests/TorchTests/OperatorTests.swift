import Testing
import Torch

@Suite struct OperatorTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var id: String
    var inputs: [StoredTensor]
    var outputs: [StoredTensor]
    var testDescription: String { id }
  }

  static let cases: [Case] = (try? Recorded.load("operators")) ?? []

  @Test func everyCaseHasItsFunction() {
    #expect(Self.cases.count > 200)
    #expect(Set(Self.cases.map(\.id)) == Set(OperatorTable.all.keys))
  }

  @Test(arguments: cases) func equalsPython(_ recorded: Case) throws {
    let body = try #require(OperatorTable.all[recorded.id])
    let outputs = try body(recorded.inputs.map { try $0.tensor() })
    try #require(outputs.count == recorded.outputs.count)
    for (found, stored) in zip(outputs, recorded.outputs) {
      let expected = try stored.tensor()
      #expect(found.dtype == expected.dtype)
      #expect(found.shape == expected.shape)
      // Processors differ in the last bits of real numbers.
      #expect(identical(found, expected) || isNear(found, expected), "\(found)\nexpected \(expected)")
    }
  }

  private func isNear(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.dtype == b.dtype, a.shape == b.shape, a.dtype.isFloatingPoint else { return false }
    let tolerance =
      switch a.dtype {
      case .float64: 1e-12
      case .float32: 2e-6
      case .float16: 2e-3
      default: 1.6e-2
      }
    return a.allClose(b, relative: tolerance, absolute: tolerance, equalNaN: true)
  }
}
