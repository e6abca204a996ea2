import NN
import Torch

/// LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition" (1998), for images of 28 x 28.
public final class LeNet: Module {
  /// 5 x 5, [N, 6, 28, 28].
  public let conv1 = Conv2d(1, 6, kernelSize: 5, padding: 2)
  /// 5 x 5, [N, 16, 10, 10].
  public let conv2 = Conv2d(6, 16, kernelSize: 5)
  /// 16 x 5 x 5 to 120.
  public let fc1 = Linear(400, 120)
  /// 120 to 84.
  public let fc2 = Linear(120, 84)
  /// 84 to 10.
  public let fc3 = Linear(84, 10)

  /// A network with PyTorch's initial values.
  public override init() {}

  /// Logits [N, 10] of images [N, 1, 28, 28].
  public override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    // Sizes read as numbers, as much code does.
    x = x.reshape([x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]])
    return fc3(relu(fc2(relu(fc1(x)))))
  }
}
