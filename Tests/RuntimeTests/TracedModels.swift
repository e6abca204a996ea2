import NN
import Torch

/// LeNet for images of 28 x 28.
final class LeNet: Module {
  let conv1 = Conv2d(1, 6, kernelSize: 5, padding: 2)
  let conv2 = Conv2d(6, 16, kernelSize: 5)
  let fc1 = Linear(400, 120)
  let fc2 = Linear(120, 84)
  let fc3 = Linear(84, 10)

  override func forward(_ x: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(x)), 2)
    x = maxPool2d(relu(conv2(x)), 2)
    // Sizes read as numbers, as much code does.
    x = x.reshape([x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]])
    return fc3(relu(fc2(relu(fc1(x)))))
  }
}

/// Norms, dropout, a residual of the same tensor.
final class Normed: Module {
  let conv = Conv2d(2, 4, kernelSize: 3, padding: 1)
  let bn = BatchNorm2d(4)
  let drop = Dropout(0.5)
  let group = GroupNorm(2, 4)
  let fc = Linear(4, 3)

  override func forward(_ x: Tensor) -> Tensor {
    let y = bn(conv(x))
    let z = drop(y) + y
    return fc(group(z).mean([2, 3]))
  }
}

/// Views that are written through, and constants made in Swift, one of them written to.
final class Writing: Module {
  override func forward(_ x: Tensor) -> Tensor {
    let y = x.clone()
    y[.all, 0].fill(1)
    y[.all, 1...].multiplyInPlace(2)
    let weights = Tensor([1, 2, 3, 4] as [Float])
    weights[0].fill(5)
    let offsets = Tensor([0.5, 0, 0, 0.5] as [Float])
    y.view(-1).addInPlace(0.25)
    return y * weights + offsets
  }
}

/// Numbers that follow batch and length in many ways.
final class Sized: Module {
  override func forward(_ x: Tensor) -> Tensor {
    let (batch, length) = (x.shape[0], x.shape[1])
    let positions = Tensor.arange(0, to: Double(length)) / Double(length)
    let flat = x.reshape([batch * length, 4]) * Double(batch)
    let padded = Tensor.cat([flat, Tensor.zeros([2 * batch + 1, 4])])
    let back = padded.narrow(0, start: 0, length: batch * length).view([batch, length, 4])
    return back + positions.unsqueeze(1)
  }
}

/// One refusal or note each.
final class Reading: Module {
  override func forward(_ x: Tensor) -> Tensor { x.sum().item() > 0 ? x : -x }
}
final class Looking: Module {
  override func forward(_ x: Tensor) -> Tensor { x * Double((x.relu() * 2).array(of: Float.self)[0]) }
}
final class Branching: Module {
  override func forward(_ x: Tensor) -> Tensor { x.shape[0] > 3 ? x.relu() : x.sigmoid() }
}
final class Meaning: Module {
  override func forward(_ x: Tensor) -> Tensor { x * (1 / Double(x.shape[0])) }
}
final class Making: Module {
  override func forward(_ x: Tensor) -> Tensor { x + Tensor((0..<x.shape[0]).map(Float.init)).unsqueeze(1) }
}
final class Exchanging: Module {
  override init() {
    super.init()
    registerBuffer("mean", .zeros([2]))
  }
  override func forward(_ x: Tensor) -> Tensor {
    slots["mean"] = .buffer(x.mean(0))
    return x - self["mean"]
  }
}
final class Scribbling: Module {
  override func forward(_ x: Tensor) -> Tensor {
    let y = x * 2
    y.withUnsafeMutableBuffer(of: Float.self) { $0[0] = 7 }
    return y
  }
}
final class Outsider: Module {
  // Not a parameter, so that the module does not know of it.
  let scale = [Tensor([2, 3] as [Float])]
  override func forward(_ x: Tensor) -> Tensor { x * scale[0] }
}
final class Noisy: Module {
  override func forward(_ x: Tensor) -> Tensor { x + Tensor.rand([x.shape[0], 2]) }
}
