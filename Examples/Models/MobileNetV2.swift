import NN
import Torch

/// Sandler, Howard, Zhu, Zhmoginov, Chen: "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018): torchvision's
/// `mobilenet_v2`, with its names of parameters and, for a seed, its initial values.
public final class MobileNetV2: Module {
  let features: Sequential
  let classifier: Sequential

  /// The network of width 1.
  public init(classes: Int = 1000) {
    // Expansion, channels, blocks, stride of the first.
    let stages = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]
    var layers: [Module] = [convolution(3, 32, stride: 2)]
    var channels = 32
    for (expansion, out, count, stride) in stages {
      for block in 0..<count {
        layers.append(InvertedResidual(channels, out, stride: block == 0 ? stride : 1, expansion: expansion))
        channels = out
      }
    }
    layers.append(convolution(channels, 1280, kernel: 1))
    features = Sequential(layers)
    classifier = Sequential(Dropout(0.2), Linear(1280, classes))
    super.init()
    for module in namedModules.values {
      switch module {
      case let conv as Conv2d: Init.kaimingNormal(conv.weight, mode: .fanOut)
      case let linear as Linear:
        Init.normal(linear.weight, std: 0.01)
        linear.bias.map { _ = Init.zeros($0) }
      default: continue
      }
    }
  }

  /// Logits [N, classes] of images [N, 3, H, W].
  public override func forward(_ x: Tensor) -> Tensor {
    classifier(adaptiveAvgPool2d(features(x), [1, 1]).flatten(1))
  }
}

/// Channels widened, filtered one by one, and narrowed; added to what went in where the shape allows it.
final class InvertedResidual: Module {
  let conv: Sequential
  private let isResidual: Bool

  init(_ channels: Int, _ out: Int, stride: Int, expansion: Int) {
    let hidden = channels * expansion
    var layers: [Module] = expansion == 1 ? [] : [convolution(channels, hidden, kernel: 1)]
    layers.append(convolution(hidden, hidden, stride: stride, groups: hidden))
    layers += [Conv2d(hidden, out, kernelSize: 1, bias: false), BatchNorm2d(out)]
    conv = Sequential(layers)
    isResidual = stride == 1 && channels == out
  }

  override func forward(_ x: Tensor) -> Tensor { isResidual ? x + conv(x) : conv(x) }
}

/// Convolution, norm and ReLU6.
private func convolution(_ channels: Int, _ out: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1) -> Sequential {
  Sequential(
    Conv2d(
      channels, out, kernelSize: kernel, stride: stride, padding: (kernel - 1) / 2, groups: groups, bias: false),
    BatchNorm2d(out), ReLU6())
}
