import NN
import Torch

/// A ResNet for Fashion-MNIST: a stem, 2 x 2 pooling, and one block at each of 16, 32 and 64 channels; 77,754 parameters.
public final class SmallResNet: Module {
  let stem = Conv2d(1, 16, kernelSize: 3, padding: 1, bias: false)
  let bn = BatchNorm2d(16)
  let blocks = [BasicBlock(16, 16), BasicBlock(16, 32, stride: 2), BasicBlock(32, 64, stride: 2)]
  let fc = Linear(64, 10)

  /// A network with PyTorch's initial values.
  public override init() {}

  /// Logits [N, 10] of images [N, 1, H, W].
  public override func forward(_ x: Tensor) -> Tensor {
    var x = relu(maxPool2d(bn(stem(x)), 2))
    for block in blocks { x = block(x) }
    return fc(x.mean([2, 3]))
  }
}
