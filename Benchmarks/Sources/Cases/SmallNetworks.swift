import ArgumentParser
import NN
import Torch

/// Networks for 28 x 28 images in a border of 2, on which pruning has been tried since Han et al. (2015).
enum SmallNetwork: String, CaseIterable, ExpressibleByArgument, Codable {
  /// The tutorial's LeNet, 61,706 parameters.
  case lenet
  /// 784-300-100-10, 266,610 parameters: LeNet-300-100.
  case mlp = "lenet-300-100"
  /// Caffe's LeNet-5, 431,080 parameters.
  case caffe = "lenet-5"

  /// A network with weights drawn anew.
  func make() -> Module {
    switch self {
    case .lenet: LeNet()
    case .mlp: Perceptron()
    case .caffe: CaffeLeNet()
    }
  }
}

/// The middle of an image without its border.
private func inner(_ x: Tensor) -> Tensor { x.narrow(2, start: 2, length: 28).narrow(3, start: 2, length: 28) }

final class Perceptron: Module {
  let fc1 = Linear(784, 300)
  let fc2 = Linear(300, 100)
  let fc3 = Linear(100, 10)
  override func forward(_ x: Tensor) -> Tensor { fc3(relu(fc2(relu(fc1(inner(x).flatten(1)))))) }
}

final class CaffeLeNet: Module {
  let conv1 = Conv2d(1, 20, kernelSize: 5)
  let conv2 = Conv2d(20, 50, kernelSize: 5)
  let fc1 = Linear(800, 500)
  let fc2 = Linear(500, 10)
  override func forward(_ x: Tensor) -> Tensor {
    let x = maxPool2d(conv2(maxPool2d(conv1(inner(x)), 2)), 2)
    return fc2(relu(fc1(x.flatten(1))))
  }
}
