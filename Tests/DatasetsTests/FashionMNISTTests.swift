import Foundation
import Testing
import Torch

@testable import Datasets

private let isFetched =
  FileManager.default.fileExists(atPath: FashionMNIST.defaultFolder + "/train-images-idx3-ubyte")

/// The real files. The expected numbers are those of the reference script's `split` in Python.
@Suite(.enabled(if: isFetched, "Fashion-MNIST is not here; `make data` fetches it"), .serialized)
struct FashionMNISTTests {
  @Test func testPart() throws {
    let test = try FashionMNIST.load(.test)
    #expect(test.images.shape == [10_000, 1, 32, 32])
    #expect(test.labels[0..<10].array(of: Int.self) == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])
    #expect(abs(test.images.to(.float64).mean().item() - -0.1880482457749965) < 1e-12)
    let strip: [Float] = [0.46736655, 0.60067767, 0.68955183, 0.70066106, 0.77842587, 0.5895684]
    #expect(test.images[0, 0, 20, 10..<16].array(of: Float.self) == strip)
  }

  @Test func trainingPart() throws {
    let train = try FashionMNIST.load(.train)
    #expect(train.images.shape == [60_000, 1, 32, 32])
    #expect((0..<10).map { (train.labels .== $0).countNonzero() } == [Int](repeating: 6_000, count: 10))
    #expect(train.labels[0..<10].array(of: Int.self) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
    let inner = train.images[0..., 0..., 2..<30, 2..<30].to(.float64)  // without the padding: what was normalised by
    #expect(abs(inner.mean().item()) < 0.001 && abs(inner.std().item() - 1) < 0.001)
    let strip: [Float] = [-0.43248352, -0.81019837, -0.7768706, -0.7768706, -0.81019837, -0.7768706]
    #expect(train.images[59_999, 0, 16, 12..<18].array(of: Float.self) == strip)
  }
}
