import NN
import Torch

/// The network of the pruning tutorial.
final class LeNet: Module {
  let conv1 = Conv2d(1, 6, kernelSize: 5)
  let conv2 = Conv2d(6, 16, kernelSize: 5)
  let fc1 = Linear(16 * 5 * 5, 120)
  let fc2 = Linear(120, 84)
  let fc3 = Linear(84, 10)

  override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    x = relu(fc2(relu(fc1(x.flatten(1)))))
    return fc3(x)
  }
}
