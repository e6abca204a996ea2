import Foundation

/// Zalando's Fashion-MNIST: 60,000 images of clothing to train on and 10,000 to test with, 28 x 28 grey, ten classes.
///
/// ```swift
/// let (train, test) = try FashionMNIST.load(from: ".data/fashion-mnist")
/// train.images.shape  // [60000, 1, 32, 32]
/// FashionMNIST.classNames[test.labels[0].intItem()]  // "Ankle boot"
/// ```
///
/// Xiao, Rasul, Vollgraf: "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms" (2017).
public enum FashionMNIST {
  /// What the labels 0 ... 9 stand for.
  public static let classNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]

  /// The mean of the training pixels, in 0...1.
  public static let mean = 0.2860
  /// The standard deviation of the training pixels.
  public static let std = 0.3530

  private static let files = MNISTFiles(name: "Fashion-MNIST", mean: mean, std: std)

  /// The folder that the environment variable `FASHION_MNIST` names, where the files in it are unpacked; otherwise
  /// `.data/fashion-mnist`, where `make data` puts them, also those of that folder.
  public static var defaultFolder: String {
    let named = ProcessInfo.processInfo.environment["FASHION_MNIST"] ?? ""
    let isUnpacked = FileManager.default.fileExists(atPath: named + "/train-images-idx3-ubyte")
    return named.isEmpty || !isUnpacked ? ".data/fashion-mnist" : named
  }

  /// Both parts; see ``load(_:from:)``.
  public static func load(from folder: String = defaultFolder) throws(DatasetError) -> (train: ImageSet, test: ImageSet)
  {
    (try files.load(.train, from: folder), try files.load(.test, from: folder))
  }

  /// One part, its images padded with zeros to 32 x 32 and normalised: float32 `[n, 1, 32, 32]` and int64 `[n]`.
  ///
  /// Takes 4 KB of memory for each image, three times as much for a moment.
  /// - Parameters:
  ///   - part: The training or the test images.
  ///   - folder: Where the four files are, unpacked.
  public static func load(_ part: DatasetPart, from folder: String = defaultFolder) throws(DatasetError) -> ImageSet {
    try files.load(part, from: folder)
  }
}
