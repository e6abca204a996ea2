import Testing
import Torch

@testable import Datasets

/// `count` images of one pixel, each with its own number, which is its label too.
private func numbered(_ count: Int) -> ImageSet {
  ImageSet(
    images: Tensor.arange(to: count, dtype: .float32).reshape(count, 1, 1, 1), labels: Tensor.arange(to: count))
}

@Suite struct BatchesTests {
  /// The orders are those of `torch.randperm(10, generator=torch.Generator().manual_seed(0))`, drawn twice.
  @Test func shufflesAsPyTorchDoes() {
    let batches = numbered(10).batches(of: 4, shuffledBy: Generator(seed: 0))
    #expect(batches.count == 3)
    for expected in [[[4, 1, 7, 5], [3, 9, 0, 8], [6, 2]], [[3, 9, 4, 2], [7, 8, 6, 0], [5, 1]]] {
      let pass = Array(batches)
      #expect(pass.map { $0.labels.array(of: Int.self) } == expected)
      #expect(pass.map { $0.images.array(of: Float.self).map { Int($0) } } == expected)
      #expect(pass[0].images.shape == [4, 1, 1, 1])
    }
  }

  @Test func inOrderWithoutCopies() {
    let set = numbered(5)
    let pass = Array(set.batches(of: 2))
    #expect(pass.map { $0.labels.array(of: Int.self) } == [[0, 1], [2, 3], [4]])
    #expect(pass.allSatisfy { $0.images.sharesStorage(with: set.images) })
  }

  @Test func countsTheLastBatch() {
    #expect([1, 63, 64, 65, 128].map { numbered($0).batches(of: 64).count } == [1, 1, 1, 2, 2])
    #expect(numbered(0).batches(of: 64).count == 0 && Array(numbered(0).batches(of: 64)).isEmpty)
  }

  @Test func prefixIsCutToWhatThereIs() {
    #expect([-1, 0, 3, 9].map { numbered(5).prefix($0).count } == [0, 0, 3, 5])
    #expect(numbered(5).prefix(3).labels.array(of: Int.self) == [0, 1, 2])
  }
}
