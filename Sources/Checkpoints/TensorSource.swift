/// Name, element type and shape of a tensor that will be written.
public struct TensorSpec: Hashable, Sendable {
  /// The name in the file.
  public var name: String
  /// The element type.
  public var type: StoredType
  /// The shape, row-major.
  public var shape: [Int]

  /// Describes a tensor to be written.
  public init(name: String, type: StoredType, shape: [Int]) {
    self.name = name
    self.type = type
    self.shape = shape
  }
}

extension TensorInfo {
  /// Name, element type and shape alone, as a writer wants them.
  public var spec: TensorSpec { TensorSpec(name: name, type: type, shape: shape) }
}

/// A tensor on its way into a file: name, element type, shape, and a closure that hands over its bytes.
///
/// The closure may hand the bytes over in one piece or in consecutive blocks, so that a tensor larger than memory can
/// be written; it is called once, while the file is written.
public struct TensorSource {
  /// Name, element type and shape.
  public var spec: TensorSpec
  /// Calls the given consumer with the tensor's bytes, contiguous in row-major order: once, or block after block.
  public var produce: (_ consume: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// A tensor whose bytes `produce` hands over.
  public init(
    name: String, type: StoredType, shape: [Int],
    produce: @escaping (_ consume: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    spec = TensorSpec(name: name, type: type, shape: shape)
    self.produce = produce
  }

  /// A tensor whose bytes are at hand, little-endian and contiguous.
  public init(name: String, type: StoredType, shape: [Int], bytes: [UInt8]) {
    self.init(name: name, type: type, shape: shape) { consume in try bytes.withUnsafeBytes(consume) }
  }

  /// A tensor out of a Swift array of elements of the same layout, for example `[Float]` for `.f32`.
  public init<Element: BitwiseCopyable>(name: String, type: StoredType, shape: [Int], elements: [Element]) {
    self.init(name: name, type: type, shape: shape) { consume in try elements.withUnsafeBytes(consume) }
  }
}
