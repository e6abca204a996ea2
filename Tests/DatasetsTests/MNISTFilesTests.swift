import Testing
import Torch

@testable import Datasets

/// A tiny data set: `count` training images whose pixels all are the image's number, and one test image.
private func smallSet(_ count: Int, labels: [UInt8]? = nil) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  func write(_ name: String, _ bytes: [UInt8]) throws { try folder.write(name, bytes) }
  let pixels = (0..<count).flatMap { [UInt8](repeating: UInt8($0), count: 784) }
  try write("train-images-idx3-ubyte", idx([count, 28, 28], pixels))
  let labels = labels ?? (0..<count).map { UInt8($0 % 10) }
  try write("train-labels-idx1-ubyte", idx([labels.count], labels))
  try write("t10k-images-idx3-ubyte", idx([1, 28, 28], [UInt8](repeating: 255, count: 784)))
  try write("t10k-labels-idx1-ubyte", idx([1], [9]))
  return folder
}

@Suite struct MNISTFilesTests {
  @Test func loadsBothParts() throws {
    let folder = try smallSet(12)
    let (train, test) = try FashionMNIST.load(from: folder.path)
    #expect(train.images.shape == [12, 1, 32, 32] && train.images.dtype == .float32)
    #expect(train.labels.shape == [12] && train.labels.dtype == .int64)
    #expect(train.labels.array(of: Int.self) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    #expect(test.count == 1 && test.labels.intItem() == 9)
  }

  @Test func padsThenNormalises() throws {
    let folder = try smallSet(6)
    let images = try FashionMNIST.load(.train, from: folder.path).images
    let (paper, ink) = (Float(0) / 255, Float(5) / 255)
    func normalised(_ value: Float) -> Float { (value - 0.2860) / 0.3530 }
    let last = images[5, 0].array(of: Float.self)
    for row in 0..<32 {
      for column in 0..<32 {
        let isInk = (2..<30).contains(row) && (2..<30).contains(column)
        #expect(abs(last[row * 32 + column] - normalised(isInk ? ink : paper)) < 1e-6)
      }
    }
    let digits = try MNIST.load(.test, from: folder.path).images
    #expect(abs(digits[0, 0, 16, 16].item() - (1 - 0.1307) / 0.3081) < 1e-6)
    #expect(abs(digits[0, 0, 0, 0].item() - (0 - 0.1307) / 0.3081) < 1e-6)
  }

  @Test func tellsWhatIsMissing() throws {
    let folder = try TemporaryFolder()
    let error = DatasetError.missing(
      dataset: "Fashion-MNIST", file: "train-images-idx3-ubyte", folder: folder.path)
    #expect(throws: error) { try FashionMNIST.load(from: folder.path) }
    #expect(
      error.description
        == "Fashion-MNIST: '\(folder.path)' holds no train-images-idx3-ubyte; "
        + "fetch the data set with `make data`, or name a folder that holds it")
    let packed = try folder.write("train-images-idx3-ubyte.gz", [0x1f, 0x8b])
    #expect(throws: DatasetError.compressed(file: packed)) { try FashionMNIST.load(from: folder.path) }
  }

  @Test func filesMustFitEachOther() throws {
    let short = try smallSet(3, labels: [1, 2])
    #expect(
      throws: DatasetError.format(
        file: short.path + "/train-labels-idx1-ubyte", expected: "a label for each image, uint8 [3]", found: "uint8 [2]"
      )
    ) { try FashionMNIST.load(.train, from: short.path) }

    let strange = try smallSet(3, labels: [1, 10, 2])
    #expect(
      throws: DatasetError.format(
        file: strange.path + "/train-labels-idx1-ubyte", expected: "labels 0 ... 9", found: "a label 10")
    ) { try FashionMNIST.load(.train, from: strange.path) }

    let swapped = try smallSet(3)
    try swapped.write("train-images-idx3-ubyte", idx([3], [1, 2, 3]))
    #expect(
      throws: DatasetError.format(
        file: swapped.path + "/train-images-idx3-ubyte", expected: "images, uint8 [n, 28, 28]", found: "uint8 [3]")
    ) { try FashionMNIST.load(.train, from: swapped.path) }
  }
}
