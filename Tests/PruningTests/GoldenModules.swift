import NN
import Torch

/// The modules of the recorded cases.
enum GoldenModules {
  /// A module of the recorded type, arguments and dtype; its values are those of its construction.
  static func make(_ spec: [String: Any]) throws -> Module {
    let arguments = spec["args"] as! [String: Any]
    func int(_ name: String) -> Int { arguments[name] as! Int }
    var kernel: [Int] {
      (arguments["kernel_size"] as? Int).map { [$0, $0] } ?? arguments["kernel_size"] as! [Int]
    }
    let module: Module =
      switch spec["type"] as! String {
      case "Linear":
        Linear(int("in_features"), int("out_features"), bias: arguments["bias"] as? Bool ?? true)
      case "Conv1d": Conv1d(int("in_channels"), int("out_channels"), kernelSize: int("kernel_size"))
      case "Conv2d": Conv2d(int("in_channels"), int("out_channels"), kernelSize: kernel)
      case "Conv3d": Conv3d(int("in_channels"), int("out_channels"), kernelSize: int("kernel_size"))
      case "ConvTranspose2d": ConvTranspose2d(int("in_channels"), int("out_channels"), kernelSize: int("kernel_size"))
      case "Embedding": Embedding(int("num_embeddings"), int("embedding_dim"))
      case "BatchNorm1d": BatchNorm1d(int("num_features"))
      case "LayerNorm": LayerNorm(arguments["normalized_shape"] as! [Int])
      case "Bilinear": Bilinear(int("in1_features"), int("in2_features"), int("out_features"))
      case "PReLU": PReLU(int("num_parameters"))
      case "LSTM": LSTM(int("input_size"), int("hidden_size"))
      case "GRU": GRU(int("input_size"), int("hidden_size"))
      case "MultiheadAttention": MultiheadAttention(int("embed_dim"), heads: int("num_heads"))
      default: throw GoldenMismatch("no module of type \(spec["type"]!)")
      }
    if let dtype = (spec["dtype"] as? String).flatMap(DType.init(_:)), dtype != .float32 { module.to(dtype) }
    return module
  }

  /// The first output of the module.
  static func forward(_ module: Module, _ x: Tensor) -> Tensor { module(x) }
}
