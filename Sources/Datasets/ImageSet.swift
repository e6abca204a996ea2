import Torch

/// Images with their labels.
public struct ImageSet {
  /// The images, float32 `[count, 1, height, width]`.
  public let images: Tensor
  /// The class of each image, int64 `[count]`.
  public let labels: Tensor

  /// - Precondition: there are as many labels as images.
  public init(images: Tensor, labels: Tensor) {
    precondition(
      images.rank > 0 && labels.shape == [images.shape[0]],
      "ImageSet: expected one label for each image, found images \(images.shape) and labels \(labels.shape)")
    self.images = images
    self.labels = labels
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// The first images and their labels, as views; all where there are fewer.
  public func prefix(_ length: Int) -> ImageSet {
    let length = min(max(0, length), count)
    return ImageSet(
      images: images.narrow(0, start: 0, length: length), labels: labels.narrow(0, start: 0, length: length))
  }

  /// The same on another device; itself where it is there already.
  /// - Throws: `TorchError.unavailableDevice`.
  public func to(_ device: Device) throws(TorchError) -> ImageSet {
    let device = try device.require()
    return ImageSet(images: images.to(device), labels: labels.to(device))
  }

  /// All images in batches, in their own order: for evaluation. No memory is copied.
  public func batches(of size: Int) -> Batches { Batches(self, size: size, generator: nil) }

  /// All images in batches, in an order that each pass draws anew from `generator`: for training.
  public func batches(of size: Int, shuffledBy generator: Generator) -> Batches {
    Batches(self, size: size, generator: generator)
  }

  /// The share of the images whose label has the largest score; 0 of no images. Without gradients.
  ///
  /// - Parameters:
  ///   - batch: How many images are looked at at once.
  ///   - scores: Scores [N, classes] of images [N, C, H, W], such as what a model in evaluation gives.
  public func accuracy(inBatchesOf batch: Int = 1000, _ scores: (Tensor) -> Tensor) -> Double {
    let hits = noGrad {
      batches(of: batch).reduce(0) { $0 + (scores($1.images).argmax(1) .== $1.labels).sum().intItem() }
    }
    return Double(hits) / Double(max(1, count))
  }
}
