import NN
import Testing
import Torch

private final class Recorder: ForwardPreHook {
  let name: String
  var log: [String] = []
  init(_ name: String) { self.name = name }
  func willForward(_ module: Module, _ inputs: [Tensor]) -> [Tensor]? {
    log.append("will \(inputs.map(\.shape))")
    return nil
  }
  func didForward(_ module: Module) { log.append("did") }
}

extension NNTests {
  @Suite struct HookTests {
    @Test func hooksRunInOrderAndChangeInputs() {
      let layer = Identity()
      var log: [String] = []
      let first = layer.addForwardPreHook { module, inputs in
        #expect(module === layer)
        log.append("first")
        return [inputs[0] + 1]
      }
      let second = layer.addForwardPreHook { _, inputs in
        log.append("second")
        return [inputs[0] * 10]
      }
      let third = layer.addForwardPreHook { _, _ in
        log.append("third")
        return nil
      }
      #expect(Array(layer.forwardPreHooks.keys) == [first, second, third])
      #expect(layer(Tensor([1.0])).item() == 20)
      #expect(log == ["first", "second", "third"])
      #expect(layer.removeForwardPreHook(first) && !layer.removeForwardPreHook(first))
      #expect(layer(Tensor([1.0])).item() == 10)
      let recorder = Recorder("replaced")
      layer.replaceForwardPreHook(second, by: recorder)
      #expect(Array(layer.forwardPreHooks.keys) == [second, third])
      #expect(layer(Tensor([1.0])).item() == 1)
      #expect(recorder.log == ["will [[1]]", "did"])
      #expect(layer.addForwardPreHook { _, _ in nil } == third + 1)
    }

    @Test func hooksSeeAllInputs() {
      func log(_ module: Module, _ body: () -> Void) -> [String] {
        let recorder = Recorder("")
        module.addForwardPreHook(recorder)
        body()
        return recorder.log
      }
      let bilinear = Bilinear(2, 3, 1)
      #expect(log(bilinear) { _ = bilinear(.rand([4, 2]), .rand([4, 3])) } == ["will [[4, 2], [4, 3]]", "did"])
      let attention = MultiheadAttention(4, heads: 2)
      let x = Tensor.rand([3, 1, 4])
      #expect(log(attention) { _ = attention(x, x, x) } == ["will [[3, 1, 4], [3, 1, 4], [3, 1, 4]]", "did"])
      #expect(log(attention.outProj) { _ = attention(x, x, x) } == ["will [[3, 4]]", "did"])
      let lstm = LSTM(2, 2)
      #expect(log(lstm) { _ = lstm(.rand([3, 2]), state: nil) } == ["will [[3, 2]]", "did"])
      #expect(log(lstm) { _ = lstm(.rand([3, 2])) } == ["will [[3, 2]]", "did"])
    }
  }
}
