import NN
import OrderedCollections
import Torch

/// The modules of the recorded cases.
enum GoldenModules {
  /// A module of the recorded type, arguments and dtype; its values are those of its construction.
  static func make(_ spec: [String: Any]) throws -> Module {
    let module = Recorded(spec)
    if let dtype = (spec["dtype"] as? String).flatMap(DType.init(_:)), dtype != .float32 { module.to(dtype) }
    return module
  }
  static func forward(_ module: Module, _ x: Tensor) -> Tensor { module(x) }
}
final class Recorded: Module {
  let type: String
  init(_ spec: [String: Any]) {
    type = spec["type"] as! String
    super.init()
    let before = spec["before"] as! [String: Any]
    for p in before["parameters"] as! [[Any]] where p.count > 2 {
      registerParameter(p[0] as! String, Tensor.zeros(p[1] as! [Int]))
    }
    for p in before["buffers"] as! [[Any]] {
      registerBuffer(p[0] as! String, Tensor.zeros(p[1] as! [Int], dtype: DType(p[2] as! String)!))
    }
  }
  override func forward(_ x: Tensor) -> Tensor {
    switch type {
    case "Linear": linear(x, self["weight"], self[optional: "bias"])
    case "Conv2d": conv2d(x, self["weight"], self[optional: "bias"])
    case "Embedding": embedding(x, self["weight"])
    default: x
    }
  }
}
