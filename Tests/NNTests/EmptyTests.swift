import NN
import Testing
import Torch

extension NNTests {
  /// Layers without inputs or entries, as PyTorch has them.
  @Suite struct EmptyTests {
    @Test func batchNormTrainsOnAnEmptyBatch() {
      let norm = BatchNorm2d(3)
      let y = norm(Tensor.zeros([0, 3, 2, 2]))
      #expect(y.shape == [0, 3, 2, 2])
      y.sum().backward()
      #expect(norm["weight"].grad?.shape == [3])
      // PyTorch 2.13 counts the batch and leaves the statistics.
      #expect(norm["running_mean"].array(of: Float.self) == [0, 0, 0])
      #expect(norm["running_var"].array(of: Float.self) == [1, 1, 1])
      #expect(norm["num_batches_tracked"].item() == 1)
    }

    @Test func aLinearWithoutInputsGivesItsBias() {
      let layer = Linear(0, 3)
      #expect(layer.weight.shape == [3, 0])
      #expect(layer.bias?.array(of: Float.self) == [0, 0, 0])
      #expect(layer(Tensor.zeros([2, 0])).array(of: Float.self) == Array(repeating: 0, count: 6))
    }
  }
}
