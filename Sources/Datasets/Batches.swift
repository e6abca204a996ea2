import Torch

/// The batches of an ``ImageSet``, the last one with what is left:
///
/// ```swift
/// for (images, labels) in train.batches(of: 64, shuffledBy: generator) {
///   // [64, 1, 32, 32], [64]
/// }
/// ```
///
/// A pass over a shuffled set draws one `Tensor.randperm`, as the usual loop in Python does, so that with the same seed
/// the batches are the same there.
public struct Batches: Sequence {
  /// What is divided.
  public let set: ImageSet
  /// The images in each batch but the last.
  public let size: Int
  private let generator: Generator?

  init(_ set: ImageSet, size: Int, generator: Generator?) {
    precondition(size > 0, "Batches: expected a size of at least 1, found \(size)")
    self.set = set
    self.size = size
    self.generator = generator
  }

  /// The number of batches.
  public var count: Int { (set.count + size - 1) / size }

  /// As many as ``count``.
  public var underestimatedCount: Int { count }

  /// Begins a pass: draws the order where the batches are shuffled.
  public func makeIterator() -> Iterator {
    Iterator(
      set: set, size: size,
      order: generator.map { Tensor.randperm(set.count, generator: $0).to(set.labels.device) })
  }

  /// One pass.
  public struct Iterator: IteratorProtocol {
    let set: ImageSet
    let size: Int
    let order: Tensor?
    var start = 0

    init(set: ImageSet, size: Int, order: Tensor?) {
      self.set = set
      self.size = size
      self.order = order
    }

    /// The next batch: a copy of the images picked, or a view where the order is the set's own.
    public mutating func next() -> (images: Tensor, labels: Tensor)? {
      guard start < set.count else { return nil }
      let length = Swift.min(size, set.count - start)
      defer { start += length }
      guard let order else {
        return (
          set.images.narrow(0, start: start, length: length), set.labels.narrow(0, start: start, length: length)
        )
      }
      let picks = order.narrow(0, start: start, length: length)
      return (set.images.indexSelect(0, picks), set.labels.indexSelect(0, picks))
    }
  }
}
