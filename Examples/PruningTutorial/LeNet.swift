import NN
import Torch

/// LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition" (1998).
final class LeNet: Module {
  // 1 input image channel, 6 output channels, 5x5 square conv kernel
  let conv1 = Conv2d(1, 6, kernelSize: 5)
  let conv2 = Conv2d(6, 16, kernelSize: 5)
  let fc1 = Linear(16 * 5 * 5, 120)  // 5x5 image dimension
  let fc2 = Linear(120, 84)
  let fc3 = Linear(84, 10)

  override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    x = relu(fc1(x.flatten(1)))
    x = relu(fc2(x))
    return fc3(x)
  }

  /// The five weights, which global pruning compares with each other.
  var weights: [(Module, String)] { [conv1, conv2, fc1, fc2, fc3].map { ($0, "weight") } }
}
