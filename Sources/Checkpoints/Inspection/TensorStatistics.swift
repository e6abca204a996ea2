/// What the values of a tensor are like: how many are zero or no numbers, and how large the others are.
///
/// ```swift
/// let statistics = try checkpoint.statistics(of: "conv1.weight")
/// print(statistics.zeroCount, statistics.largest ?? 0)   // 135 0.199
/// ```
public struct TensorStatistics: Hashable, Sendable {
  /// The elements.
  public internal(set) var elementCount = 0
  /// Those that are zero, of either sign.
  public internal(set) var zeroCount = 0
  /// Those that are not a number; of complex elements, their parts.
  public internal(set) var nanCount = 0
  /// Those that are infinite, of either sign; of complex elements, their parts.
  public internal(set) var infinityCount = 0
  /// The largest magnitude of those that are finite and not zero; nil where there are none.
  public internal(set) var largest: Double?
  /// The smallest magnitude of those; nil where there are none.
  public internal(set) var smallest: Double?
  /// How many of those have which magnitude: those in 2^e ..< 2^(e+1) at key e.
  ///
  /// Subnormal numbers count with the power of two below the normal ones. Types narrower than a byte are not examined:
  /// all but ``elementCount`` stays empty for them.
  public package(set) var magnitudes: [Int: Int] = [:]

  /// The statistics of no elements.
  public init() {}

  /// The share of the elements that are zero; 0 where there are none.
  public var sparsity: Double { elementCount == 0 ? 0 : Double(zeroCount) / Double(elementCount) }

  /// Adds the elements of another tensor.
  public static func += (left: inout TensorStatistics, right: TensorStatistics) {
    left.elementCount += right.elementCount
    left.zeroCount += right.zeroCount
    left.nanCount += right.nanCount
    left.infinityCount += right.infinityCount
    left.include(right.smallest)
    left.include(right.largest)
    left.magnitudes.merge(right.magnitudes, uniquingKeysWith: +)
  }

  /// Takes a finite magnitude other than zero into account.
  mutating func include(_ magnitude: Double?) {
    guard let magnitude else { return }
    largest = max(largest ?? magnitude, magnitude)
    smallest = min(smallest ?? magnitude, magnitude)
  }
}

extension Checkpoint {
  /// Reads a tensor once, in blocks, and counts.
  ///
  /// - Parameters:
  ///   - name: the tensor.
  ///   - progress: called after each block with its bytes; may throw to stop.
  /// - Throws: ``CheckpointError`` where there is no such tensor or reading fails, and what `progress` throws.
  /// - Complexity: O(elements), about as fast as memory is read for 32-bit floats.
  public func statistics(of name: String, progress: ((_ bytes: Int) throws -> Void)? = nil) throws -> TensorStatistics {
    guard let tensor = self[name] else { throw CheckpointError.noTensor(name, in: path, names: tensors.map(\.name)) }
    var counter = ValueCounter(tensor.type)
    try forEachBlock(of: name, size: Self.blockSize) { block, _ in
      counter?.add(UnsafeRawBufferPointer(block))
      try progress?(block.count)
    }
    var statistics = counter?.statistics ?? TensorStatistics()
    statistics.elementCount = tensor.elementCount
    return statistics
  }

  /// Bytes of a block for counting: whole elements of every type, and small enough to stay in a processor's cache.
  static let blockSize = 1 << 20
}
