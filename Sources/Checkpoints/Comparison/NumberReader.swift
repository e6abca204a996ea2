/// The numbers of a tensor, or of the product of a pruned pair, read block by block.
struct NumberReader {
  /// Where the numbers come from.
  enum Source {
    case tensor(TensorInfo)
    case product(PrunedPair)

    /// Name, type and shape of what is read.
    var spec: TensorSpec {
      switch self {
      case .tensor(let tensor): tensor.spec
      case .product(let pair):
        TensorSpec(name: pair.name, type: pair.original.type, shape: pair.original.shape)
      }
    }

    /// The bytes that are read.
    var byteCount: Int {
      switch self {
      case .tensor(let tensor): tensor.byteCount
      case .product(let pair): pair.original.byteCount + pair.mask.byteCount
      }
    }
  }

  /// Elements of a block.
  static let blockCount = 1 << 16

  private let checkpoint: Checkpoint
  private let parts: [(tensor: TensorInfo, decoder: ValueDecoder)]
  private let bytes: [Memory<UInt8>]
  private let decoded: [Memory<Double>]

  /// Nil where a type has no numbers here, or a pair's parts do not fit each other.
  init?(_ source: Source, of checkpoint: Checkpoint) {
    let tensors: [TensorInfo]
    switch source {
    case .tensor(let tensor): tensors = [tensor]
    case .product(let pair) where pair.isWhole: tensors = [pair.original, pair.mask]
    case .product: return nil
    }
    parts = tensors.compactMap { tensor in ValueDecoder(tensor.type).map { (tensor, $0) } }
    guard parts.count == tensors.count else { return nil }
    self.checkpoint = checkpoint
    bytes = tensors.map { Memory(count: Self.blockCount * $0.type.bitWidth / 8) }
    decoded = tensors.map { _ in Memory(count: Self.blockCount) }
  }

  /// Reads the bytes of the elements from `start` on; of a product, those of the values before pruning.
  func read(_ start: Int, count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    for (index, part) in parts.enumerated() {
      let width = part.tensor.type.bitWidth / 8
      try checkpoint.read(
        part.tensor.name, at: start * width, into: UnsafeMutableRawBufferPointer(bytes[index].prefix(count * width)))
    }
    return UnsafeRawBufferPointer(bytes[0].prefix(count * parts[0].tensor.type.bitWidth / 8))
  }

  /// The numbers of the elements read last; of a pair the products, signs of zeros as in PyTorch.
  func numbers(count: Int) -> UnsafeBufferPointer<Double> {
    let parts = parts(count: count)
    guard parts.count == 2 else { return parts[0] }
    let product = decoded[0].prefix(count)
    for index in product.indices { product[index] *= parts[1][index] }
    return UnsafeBufferPointer(product)
  }

  /// The numbers of each part, for a pair original and mask, of the elements read last.
  func parts(count: Int) -> [UnsafeBufferPointer<Double>] {
    for (index, part) in parts.enumerated() {
      part.decoder.decode(
        UnsafeRawBufferPointer(bytes[index].prefix(count * part.tensor.type.bitWidth / 8)),
        into: decoded[index].prefix(count))
    }
    return decoded.map { UnsafeBufferPointer($0.prefix(count)) }
  }
}

/// Memory that lives as long as a reader does.
private final class Memory<Element: BitwiseCopyable> {
  private let buffer: UnsafeMutableBufferPointer<Element>

  init(count: Int) { buffer = .allocate(capacity: count) }
  deinit { buffer.deallocate() }

  /// The first `count` elements.
  func prefix(_ count: Int) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(rebasing: buffer[..<count])
  }
}
