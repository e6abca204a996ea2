import NN
import Testing
import Torch

extension NNTests {
  @Suite struct DocumentationTests {
    /// The lines of NN.md that are not tested elsewhere compile and do what they say.
    @Test func theTableHolds() throws {
      let lstm = LSTM(3, 4, layers: 2, batchFirst: true)
      let x = Tensor.rand([2, 5, 3])
      let (out, (h, c)) = lstm(x, state: nil)
      #expect(out.equal(lstm(x)) && h.shape == [2, 2, 4] && c.shape == [2, 2, 4])
      let again = lstm(x, state: (h, c))
      #expect(again.output.shape == [2, 5, 4])
      let gru = GRU(3, 4)
      let (output, state) = gru(x, state: nil)
      let (_, next) = gru(x, state: state)
      #expect(output.shape == [2, 5, 4] && next.shape == [1, 5, 4])

      let (a, b) = (Linear(2, 2), Linear(2, 2))
      let optimizer = Adam(groups: [
        ParameterGroup(a.parameters, .init(learningRate: 0.1)), ParameterGroup(b.parameters, .init()),
      ])
      optimizer.groups[0].options.learningRate = 0.2
      #expect(optimizer.groups.map(\.options.learningRate) == [0.2, 1e-3])
      #expect(ModuleDict(["k": a])["k"] === a && ModuleList([a, b])[1] === b)

      let (kernel, step) = (3, [1, 2])
      let convolution = Conv2d(1, 1, kernelSize: kernel, stride: step, padding: kernel / 2)
      #expect(convolution(.rand([1, 1, 6, 6])).shape == [1, 1, 6, 3])
    }
  }
}
