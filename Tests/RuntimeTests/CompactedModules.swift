import NN
import Testing
import Torch

/// Modules that are made smaller, or refuse to be.
extension ModuleCompactionTests {
  /// LeNet with a forward pass that names a size, in a module of its own.
  final class Fixed: Module {
    final class Flat: Module {
      override func forward(_ x: Tensor) -> Tensor { x.view([-1, 400]) }
    }
    let conv1 = Conv2d(1, 6, kernelSize: 5, padding: 2)
    let conv2 = Conv2d(6, 16, kernelSize: 5)
    let norm = BatchNorm2d(16)
    let flat = Flat()
    let drop = Dropout(0.5)
    let fc = Linear(400, 10)

    override func forward(_ x: Tensor) -> Tensor {
      fc(drop(flat(maxPool2d(relu(norm(conv2(maxPool2d(relu(conv1(x)), 2)))), 2))))
    }
  }

  /// Sums that mean something else with fewer channels.
  final class Counting: Module {
    let conv = Conv2d(1, 6, kernelSize: 3)
    let out = Conv2d(6, 2, kernelSize: 3)
    let isScaled: Bool

    init(isScaled: Bool) { self.isScaled = isScaled }

    override func forward(_ x: Tensor) -> Tensor {
      let x = conv(x)
      return isScaled ? out(x * Double(x.shape[1])) : out(x) + x.mean([1], keepDim: true).mean()
    }
  }

  /// Channels in another order between two layers.
  final class Shuffled: Module {
    let conv = Conv2d(1, 8, kernelSize: 3)
    let out = Conv2d(8, 2, kernelSize: 3)

    override func forward(_ x: Tensor) -> Tensor {
      let x = conv(x)
      let (shape, half) = (x.shape, x.shape[1] / 2)
      let parted = x.reshape([shape[0], 2, half, shape[2], shape[3]])
      return out(parted.transpose(1, 2).reshape(shape))
    }
  }

  /// Layers with sizes of their own.
  final class Grouped: Module {
    let conv = Conv2d(3, 12, kernelSize: 3, padding: 1)
    let norm = GroupNorm(4, 12)
    let depthwise = Conv2d(12, 12, kernelSize: 3, groups: 12)
    let batch = BatchNorm2d(12)
    let grouped = Conv2d(12, 8, kernelSize: 1, groups: 2)
    let head = Linear(8, 5)

    override func forward(_ x: Tensor) -> Tensor {
      head(grouped(relu(batch(depthwise(relu(norm(conv(x))))))).mean([2, 3]))
    }
  }

  /// The block of MobileNet v2: wider, each channel by itself, narrow again, and added.
  final class Inverted: Module {
    let widen: Conv2d
    let depthwise: Conv2d
    let norm: BatchNorm2d
    let narrow: Conv2d

    init(_ channels: Int, expansion: Int) {
      let width = channels * expansion
      widen = Conv2d(channels, width, kernelSize: 1, bias: false)
      depthwise = Conv2d(width, width, kernelSize: 3, padding: 1, groups: width, bias: false)
      norm = BatchNorm2d(width)
      narrow = Conv2d(width, channels, kernelSize: 1)
    }

    override func forward(_ x: Tensor) -> Tensor { x + narrow(norm(depthwise(widen(x))).silu()) }
  }

  /// One weight in two layers.
  final class Tied: Module {
    let first = Linear(4, 6)
    let second = Linear(6, 6)
    let third = Linear(6, 6)
    let last = Linear(6, 2)

    override init() {
      super.init()
      third.replaceParameter("weight", by: second.weight)
    }

    override func forward(_ x: Tensor) -> Tensor { last(relu(third(relu(second(relu(first(x))))))) }
  }

  /// Everything that must be as it was where nothing is done.
  struct Snapshot {
    let names: [String]
    let tensors: [Tensor]
    let copies: [Tensor]
    let gradients: [Tensor?]
    let optimizer: StateDict
    let modes: [Bool]
    let generator: Tensor

    init(_ module: Module, _ optimizer: any Optimizer) {
      let state = module.stateDict
      names = Array(state.keys)
      tensors = module.parameters
      copies = state.values.map { $0.detach().clone() }
      gradients = module.parameters.map(\.grad)
      self.optimizer = optimizer.stateDict.mapValues { $0.clone() }
      modes = module.namedModules.values.map(\.isTraining)
      generator = Generator.default().state
    }

    func expectSame(_ module: Module, _ optimizer: any Optimizer) {
      let state = module.stateDict
      #expect(Array(state.keys) == names)
      for (a, b) in zip(state.values, copies) { #expect(a.shape == b.shape && a.equal(b)) }
      for (a, b) in zip(module.parameters, tensors) { #expect(a.isSame(as: b)) }
      for (a, b) in zip(module.parameters.map(\.grad), gradients) {
        #expect((a == nil) == (b == nil))
        if let a, let b { #expect(a.equal(b)) }
      }
      let its = optimizer.stateDict
      #expect(its.keys == self.optimizer.keys)
      for (name, tensor) in its { #expect(self.optimizer[name].map(tensor.equal) == true, "\(name)") }
      #expect(module.namedModules.values.map(\.isTraining) == modes)
      #expect(Generator.default().state.equal(generator))
    }
  }
}
