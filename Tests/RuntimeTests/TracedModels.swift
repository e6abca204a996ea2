import NN
import Torch

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
final class Singling: Module {
  override func forward(_ x: Tensor) -> Tensor { x.shape[0] == 1 ? x * 2 : x * 3 }
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
final class Picking: Module {
  override func forward(_ x: Tensor) -> Tensor { x[x .> 0].sum() + x[.all, Tensor([0] as [Int64])].sum() }
}
final class Noisy: Module {
  override func forward(_ x: Tensor) -> Tensor { x + Tensor.rand([x.shape[0], 2]) }
}
