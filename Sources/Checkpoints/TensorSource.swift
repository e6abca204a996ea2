/// A tensor on its way into a file: name, element type, shape, and a closure that hands over its bytes.
///
/// The closure may hand the bytes over in one piece or in consecutive blocks, so that a tensor larger than memory can
/// be written; it is called once, while the file is written.
public struct TensorSource {
  /// The name in the file.
  public var name: String
  /// The element type.
  public var type: StoredType
  /// The shape, row-major.
  public var shape: [Int]
  /// Calls the given consumer with the tensor's bytes, contiguous in row-major order: once, or block after block.
  public var produce: (_ consume: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// A tensor whose bytes `produce` hands over.
  public init(
    name: String, type: StoredType, shape: [Int],
    produce: @escaping (_ consume: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
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
