import OrderedCollections

/// Text that travels with a checkpoint: the `__metadata__` of safetensors, in the order of the file.
public typealias CheckpointMetadata = OrderedDictionary<String, String>

/// What a file says about one of its tensors: name, element type, shape and where its bytes lie.
///
/// Names are compared as Swift compares strings, by canonical equivalence; a file with two names that are the same in
/// that sense is refused.
public struct TensorInfo: Hashable, Sendable {
  /// The name, for example `"conv1.weight"`.
  public var name: String
  /// The element type.
  public var type: StoredType
  /// The shape, row-major; `[]` is a scalar. Any dimension may be 0.
  public var shape: [Int]
  /// Steps between neighbours along each dimension, in elements, where the file does not hold the tensor contiguously
  /// (views and channels_last in PyTorch files); nil for contiguous row-major bytes. Bytes handed out by the readers
  /// are always contiguous in logical order.
  public var strides: [Int]?
  /// Which of the checkpoint's files holds the bytes: an index into its list of files, 0 for a single file.
  public var fileIndex: Int
  /// Where the bytes lie, counted from the beginning of that file. With `strides`, the span that the elements touch.
  public var byteRange: Range<Int>

  /// Describes a tensor; the readers make these, a writer needs only name, type and shape (``TensorSource``).
  public init(
    name: String, type: StoredType, shape: [Int], strides: [Int]? = nil, fileIndex: Int = 0, byteRange: Range<Int>
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.strides = strides
    self.fileIndex = fileIndex
    self.byteRange = byteRange
  }

  /// The number of elements; 1 for a scalar.
  ///
  /// - Precondition: the product of the shape fits `Int`; the readers have checked it.
  public var elementCount: Int { shape.reduce(1, *) }

  /// The bytes of the tensor, contiguous.
  ///
  /// - Precondition: as for ``elementCount``.
  public var byteCount: Int { elementCount * type.bitWidth / 8 }
}
