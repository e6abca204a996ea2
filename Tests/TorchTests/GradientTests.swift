import Testing
import Torch

@Suite struct GradientTests {
  typealias Case = OperatorTests.Case

  @Test func ofANetworkEqualPython() throws {
    let recorded: Case = try #require(try Recorded.load("gradients").first { $0.id == "network" })
    let inputs = try recorded.inputs.map { try $0.tensor() }
    let leaves = inputs.filter(\.dtype.isFloatingPoint).map { $0.requiringGrad() }
    var h = conv2d(leaves[0], leaves[1], leaves[2])
    h = batchNorm(
      h, weight: leaves[3], bias: leaves[4], runningMean: nil, runningVariance: nil, training: true)
    h = maxPool2d(relu(h), 2).flatten(1)
    let loss = crossEntropy(linear(h.tanh(), leaves[5], leaves[6]), inputs[1])
    loss.backward()
    for (found, stored) in zip([loss] + leaves.compactMap(\.grad), recorded.outputs) {
      let expected = try stored.tensor()
      #expect(found.shape == expected.shape)
      #expect(found.allClose(expected, relative: 1e-5, absolute: 1e-6), "\(found)\nexpected \(expected)")
    }
    #expect(leaves.compactMap(\.grad).count == recorded.outputs.count - 1)
  }

  @Test func ofGradientsEqualPython() throws {
    let recorded: Case = try #require(try Recorded.load("gradients").first { $0.id == "second" })
    let a = try recorded.inputs[0].tensor().requiringGrad()
    let first = try #require(Tensor.gradients(of: [a.pow(3).sum()], by: [a], createGraph: true)[0])
    let second = try #require(Tensor.gradients(of: [(first * a).sum()], by: [a])[0])
    #expect(first.allClose(try recorded.outputs[0].tensor()))
    #expect(second.allClose(try recorded.outputs[1].tensor()))
    #expect(a.grad == nil)
  }

  @Test func sumUpUntilTheyAreCleared() throws {
    let x = Tensor([1, 2] as [Float]).requiringGrad()
    #expect(x.grad == nil)
    (x * x).sum().backward()
    (x * 3).sum().backward()
    #expect(try #require(x.grad).array(of: Float.self) == [5, 7])
    x.grad = nil
    #expect(x.grad == nil)
    x.grad = Tensor([1, 1] as [Float])
    x.sum().backward()
    #expect(try #require(x.grad).array(of: Float.self) == [2, 2])
  }

  @Test func ofSeveralOutputsAndUnusedInputs() throws {
    let x = Tensor([1, 2] as [Float]).requiringGrad()
    let unused = Tensor(1 as Float).requiringGrad()
    let outputs = [x * 2, x * x]
    let weights = [Tensor([1, 10] as [Float]), Tensor([1, 1] as [Float])]
    let found = Tensor.gradients(
      of: outputs, by: [x, unused], outputGradients: weights, retainGraph: true, allowUnused: true)
    #expect(try #require(found[0]).array(of: Float.self) == [4, 24])
    #expect(found[1] == nil)
    outputs[1].backward(gradient: weights[0], retainGraph: true)
    outputs[1].backward(gradient: weights[0])
    #expect(try #require(x.grad).array(of: Float.self) == [4, 80])
  }

  @Test func areNotRecordedWithinNoGrad() {
    let x = Tensor([1] as [Float]).requiringGrad()
    #expect(isGradEnabled)
    noGrad {
      #expect(!isGradEnabled)
      #expect(!(x * 2).requiresGrad)
      enableGrad {
        #expect(isGradEnabled)
        #expect((x * 2).requiresGrad)
        noGrad { #expect(!(x * 2).requiresGrad) }
        #expect(isGradEnabled)
      }
      #expect(!isGradEnabled)
    }
    #expect(isGradEnabled)
  }

  @Test func areRecordedAgainAfterAThrow() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try noGrad { throw Stop() } }
    #expect(isGradEnabled)
    let value: Int = noGrad { 3 }
    #expect(value == 3)
  }

  @Test func historyIsKnown() {
    let x = Tensor([1, 2] as [Float]).requiringGrad()
    let y = x * 2
    #expect(x.isLeaf && x.gradFunctionName == nil)
    #expect(!y.isLeaf && y.requiresGrad && y.gradFunctionName == "MulBackward0")
    #expect(y.detach().isLeaf && !y.detach().requiresGrad)
    #expect(y.detach().sharesStorage(with: y))
    x.requiresGrad = false
    #expect(!x.requiresGrad)
  }

  @Test func setDataKeepsTheObjectAndItsGradient() throws {
    let weight = Tensor([1, 2] as [Float]).requiringGrad()
    weight.sum().backward()
    let identity = weight.identity
    weight.setData(Tensor([5, 6] as [Float]))
    #expect(weight.identity == identity)
    #expect(weight.requiresGrad && weight.isLeaf)
    #expect(weight.array(of: Float.self) == [5, 6])
    #expect(try #require(weight.grad).array(of: Float.self) == [1, 1])
    weight.grad = nil
    weight.setData(Tensor.zeros([3], dtype: .float64))
    #expect(weight.shape == [3] && weight.dtype == .float64)
  }
}
