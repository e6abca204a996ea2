import NN
import Torch

/// He, Zhang, Ren, Sun: "Deep Residual Learning for Image Recognition" (2016): torchvision's `resnet18`, with its names of
/// parameters and, for a seed, its initial values.
public final class ResNet: Module {
  let conv1 = Conv2d(3, 64, kernelSize: 7, stride: 2, padding: 3, bias: false)
  let bn1 = BatchNorm2d(64)
  let relu = ReLU()
  let maxpool = MaxPool2d(3, stride: 2, padding: 1)
  let layer1: Sequential
  let layer2: Sequential
  let layer3: Sequential
  let layer4: Sequential
  let avgpool = AdaptiveAvgPool2d(1)
  let fc: Linear

  /// ResNet-18: two blocks in each of four layers.
  public init(classes: Int = 1000) {
    layer1 = ResNet.layer(64, 64, stride: 1)
    layer2 = ResNet.layer(64, 128, stride: 2)
    layer3 = ResNet.layer(128, 256, stride: 2)
    layer4 = ResNet.layer(256, 512, stride: 2)
    fc = Linear(512, classes)
    super.init()
    for case let conv as Conv2d in namedModules.values {
      Init.kaimingNormal(conv.weight, mode: .fanOut, nonlinearity: .relu)
    }
  }

  private static func layer(_ channels: Int, _ out: Int, stride: Int) -> Sequential {
    Sequential(BasicBlock(channels, out, stride: stride), BasicBlock(out, out))
  }

  /// Logits [N, classes] of images [N, 3, H, W].
  public override func forward(_ x: Tensor) -> Tensor {
    var x = maxpool(relu(bn1(conv1(x))))
    x = layer4(layer3(layer2(layer1(x))))
    return fc(avgpool(x).flatten(1))
  }
}

/// Two convolutions, added to what went in.
final class BasicBlock: Module {
  let conv1: Conv2d
  let bn1: BatchNorm2d
  let relu = ReLU()
  let conv2: Conv2d
  let bn2: BatchNorm2d
  let downsample: Sequential?

  init(_ channels: Int, _ out: Int, stride: Int = 1) {
    downsample =
      stride == 1 && channels == out
      ? nil : Sequential(Conv2d(channels, out, kernelSize: 1, stride: stride, bias: false), BatchNorm2d(out))
    conv1 = Conv2d(channels, out, kernelSize: 3, stride: stride, padding: 1, bias: false)
    bn1 = BatchNorm2d(out)
    conv2 = Conv2d(out, out, kernelSize: 3, padding: 1, bias: false)
    bn2 = BatchNorm2d(out)
  }

  override func forward(_ x: Tensor) -> Tensor {
    let out = bn2(conv2(relu(bn1(conv1(x)))))
    return relu(out + (downsample?(x) ?? x))
  }
}
