import ArgumentParser
import NN
import Pruning
import Torch

/// A pruning call that is measured.
enum Method: String, CaseIterable, Codable, ExpressibleByArgument {
  /// L1 over four layers together.
  case globalL1 = "global_l1"
  case l1 = "l1_unstructured"
  case random = "random_unstructured"
  /// The L2 norm of the rows.
  case lnStructured = "ln_structured"
  case randomStructured = "random_structured"
  /// L1 on top of an earlier mask.
  case secondL1 = "second_l1"

  /// The layers over which the weights are spread.
  var layerCount: Int { self == .globalL1 ? 4 : 1 }

  /// The fraction that an L1 call has pruned before, if any.
  var prior: Double? { self == .secondL1 ? 0.2 : nil }

  /// The name of the timed call on PyTorch's side.
  var torchName: String { self == .secondL1 ? Method.l1.rawValue : rawValue }

  /// The timed call.
  func prune(_ layers: [Linear], _ amount: Double) throws {
    let amount = Amount.fraction(amount)
    switch self {
    case .globalL1:
      try Prune.globalUnstructured(layers.map { ($0, "weight") }, method: L1Unstructured.self, amount: amount)
    case .l1, .secondL1: try Prune.l1Unstructured(layers[0], name: "weight", amount: amount)
    case .random: try Prune.randomUnstructured(layers[0], name: "weight", amount: amount)
    case .lnStructured: try Prune.lnStructured(layers[0], name: "weight", amount: amount, n: 2, dim: 0)
    case .randomStructured: try Prune.randomStructured(layers[0], name: "weight", amount: amount, dim: 0)
    }
  }
}

/// One row of the table: a call on layers of so many weights.
struct PruningCase {
  let method: Method
  let weights: Int
  let dtype: DType
  let amount: Double
  let seed: UInt64

  /// The layers' shapes [in, out].
  var shapes: [[Int]] { Self.shapes(weights, method.layerCount) }

  static func shapes(_ weights: Int, _ layerCount: Int) -> [[Int]] {
    let each = weights / layerCount
    var width = 1024
    if each % width != 0 || each < width * width {
      width = Int(Double(each).squareRoot())
      while each % width != 0 { width -= 1 }
    }
    return Array(repeating: [width, each / width], count: layerCount)
  }

  /// Bytes of the weights.
  var bytes: Int { weights * dtype.byteCount }

  /// Bytes that any implementation reads and writes: the weights, their product with the mask, and the mask, one bit an
  /// entry; the earlier mask too where there is one.
  var trafficBytes: Int { 2 * bytes + weights / 8 * (method.prior == nil ? 1 : 2) }
}

/// A number of weights, as `1000`, `64K` or `16M`: K and M stand for 2¹⁰ and 2²⁰.
struct WeightCount: ExpressibleByArgument {
  let value: Int

  init?(argument: String) {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20]
    let unit = argument.last.flatMap { units[Character($0.uppercased())] }
    guard let number = Int(unit == nil ? argument : String(argument.dropLast())), number > 0,
      number < 1 << 30, case let value = number * (unit ?? 1), value % 4 == 0, value <= 1 << 40
    else { return nil }
    self.value = value
  }

  init(_ value: Int) { self.value = value }

  /// As it is given: `16M`.
  var defaultValueDescription: String { value % (1 << 20) == 0 ? "\(value >> 20)M" : "\(value)" }

  /// `1 000`, `16.8M`.
  static func text(_ weights: Int) -> String {
    weights < 1_000_000 ? weights.formatted() : "\((Double(weights) / 1e5).rounded() / 10)M"
  }
}

extension DType: ExpressibleByArgument {
  /// A floating-point type by PyTorch's name.
  public init?(argument: String) {
    guard let found = DType.allCases.first(where: { $0.description == argument && $0.isFloatingPoint }) else {
      return nil
    }
    self = found
  }

  /// The names that `init` takes.
  public static var allValueStrings: [String] { allCases.filter(\.isFloatingPoint).map(\.description) }
}
