import Foundation
import Torch

/// The four files that every data set in MNIST's form consists of, and what their pixels are normalised by.
struct MNISTFiles {
  /// The data set's name, for messages.
  let name: String
  /// Mean and standard deviation of the training pixels, which are in 0...1.
  let mean: Double
  let std: Double
  /// The number of classes.
  let classCount = 10

  /// Reads images and labels of one part, checks them against each other and normalises the images.
  func load(_ part: DatasetPart, from folder: String) throws(DatasetError) -> ImageSet {
    let (imagePath, labelPath) = (
      try path("\(part.rawValue)-images-idx3-ubyte", in: folder),
      try path("\(part.rawValue)-labels-idx1-ubyte", in: folder)
    )
    let images = try IDXFile.read(imagePath)
    guard images.dtype == .uint8, images.rank == 3, images.shape[1...] == [28, 28], images.shape[0] > 0 else {
      throw .format(file: imagePath, expected: "images, uint8 [n, 28, 28]", found: "\(images.dtype) \(images.shape)")
    }
    let labels = try IDXFile.read(labelPath)
    guard labels.dtype == .uint8, labels.shape == [images.shape[0]] else {
      throw .format(
        file: labelPath, expected: "a label for each image, uint8 [\(images.shape[0])]",
        found: "\(labels.dtype) \(labels.shape)")
    }
    let largest = labels.max().intItem()
    guard largest < classCount else {
      throw .format(file: labelPath, expected: "labels 0 ... \(classCount - 1)", found: "a label \(largest)")
    }
    return ImageSet(images: normalised(images), labels: labels.to(.int64))
  }

  /// Pads with zeros to 32 x 32, LeNet's input, then scales to 0...1 and normalises; float32 `[n, 1, 32, 32]`.
  /// The operations are those of the reference script, one by one, so that the numbers are too.
  private func normalised(_ images: Tensor) -> Tensor {
    let scaled = images.pad([2, 2, 2, 2]).unsqueeze(1).to(.float32) / 255.0
    return (scaled - mean) / std
  }

  /// The file of that name in `folder`.
  private func path(_ file: String, in folder: String) throws(DatasetError) -> String {
    let path = URL(fileURLWithPath: folder).appendingPathComponent(file).path
    if FileManager.default.fileExists(atPath: path) { return path }
    if FileManager.default.fileExists(atPath: path + ".gz") { throw .compressed(file: path + ".gz") }
    throw .missing(dataset: name, file: file, folder: folder)
  }
}

/// The two parts into which a data set in MNIST's form is divided.
public enum DatasetPart: String, Sendable, CaseIterable {
  /// The images to train on.
  case train
  /// The images to measure with, never trained on.
  case test = "t10k"
}
