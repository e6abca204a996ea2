import Checkpoints

/// What is known of a value of a graph before it is computed: shape, type and place.
public struct Value: Hashable, Sendable {
  /// The kinds of values.
  public enum Kind: Hashable, Sendable {
    /// A tensor.
    case tensor(TensorType)
    /// A whole number that depends on sizes or data.
    case int(SymbolicSize)
    /// A real number that depends on sizes or data.
    case float
    /// A truth value that depends on sizes or data.
    case bool
    /// An object of a class of Python or TorchScript, by its name.
    case object(String)
  }

  /// What it is.
  public var kind: Kind { didSet { source = nil } }
  /// The text it was read from, until it is changed.
  var source: JSONValue?

  /// A value of that kind.
  public init(_ kind: Kind) { self.kind = kind }

  init(_ kind: Kind, source: JSONValue) {
    self.kind = kind
    self.source = source
  }

  /// The type, where this is a tensor.
  public var tensor: TensorType? { if case .tensor(let type) = kind { type } else { nil } }
}

/// What is known of a tensor before it is computed.
///
/// Source: `TensorMeta` of torch/_export/serde/schema.py.
public struct TensorType: Hashable, Sendable {
  /// The type of its elements; nil for one that is not known here.
  public var dtype: StoredType?
  /// Its shape.
  public var sizes: [SymbolicSize]
  /// Steps between neighbours along each dimension, in elements.
  public var strides: [SymbolicSize]
  /// The place of its first element in its storage, in elements.
  public var storageOffset: SymbolicSize
  /// Whether gradients are wanted for it.
  public var requiresGrad: Bool
  /// Where it was when the model was exported.
  public var device: DeviceName
  /// How its elements are laid out.
  public var layout: Layout

  /// A contiguous tensor.
  public init(
    dtype: StoredType?, sizes: [SymbolicSize], requiresGrad: Bool = false, device: DeviceName = DeviceName("cpu")
  ) {
    self.dtype = dtype
    self.sizes = sizes
    self.requiresGrad = requiresGrad
    self.device = device
    strides = Self.contiguousStrides(sizes)
    storageOffset = .fixed(0)
    layout = .strided
  }

  /// A tensor with those strides, at that place of its storage.
  public init(
    dtype: StoredType?, sizes: [SymbolicSize], strides: [SymbolicSize], storageOffset: SymbolicSize = .fixed(0),
    requiresGrad: Bool = false, device: DeviceName = DeviceName("cpu"), layout: Layout = .strided
  ) {
    (self.dtype, self.sizes, self.strides, self.storageOffset) = (dtype, sizes, strides, storageOffset)
    (self.requiresGrad, self.device, self.layout) = (requiresGrad, device, layout)
  }

  /// The shape, where no size depends on a symbol.
  public var shape: [Int]? {
    let fixed = sizes.compactMap(\.fixed)
    return fixed.count == sizes.count ? fixed : nil
  }

  /// The shape where the symbols have the values given; nil where one is missing.
  public func shape(_ symbols: [String: Int]) -> [Int]? {
    let known = sizes.compactMap { $0.evaluated(symbols) }
    return known.count == sizes.count ? known : nil
  }

  private static func contiguousStrides(_ sizes: [SymbolicSize]) -> [SymbolicSize] {
    var strides: [SymbolicSize] = []
    var step = SymbolicSize.fixed(1)
    for size in sizes.reversed() {
      strides.insert(step, at: 0)
      switch (step, size) {
      case (.fixed(let a), .fixed(let b)): step = .fixed(a * max(b, 1))
      case (let a, let b):
        step = .symbolic(
          .call("Mul", [a.expression, b.expression]), hint: a.hint.flatMap { x in b.hint.map { x * $0 } })
      }
    }
    return strides
  }
}

extension SymbolicSize {
  var expression: SymbolicExpression {
    switch self {
    case .fixed(let size): .number(Double(size))
    case .symbolic(let expression, _): expression
    }
  }

  /// The size, or the one that it had when the model was exported.
  public var hint: Int? {
    switch self {
    case .fixed(let size): size
    case .symbolic(_, let hint): hint
    }
  }
}

extension TensorType: CustomStringConvertible {
  /// The type as Python prints it: `f32[s77, 3, 224, 224]`.
  public var description: String {
    let name = dtype.map(\.shortName) ?? "?"
    return "\(name)[\(sizes.map(\.description).joined(separator: ", "))]"
  }
}

extension StoredType {
  /// The name in a printed graph: `f32`, `i64`, `b8`.
  var shortName: String {
    switch self {
    case .bool: "b8"
    case .f8E5M2: "f8e5m2"
    case .f8E4M3: "f8e4m3fn"
    default: name.lowercased()
    }
  }
}

/// A device as an exported model names it: `cuda`, 0.
public struct DeviceName: Hashable, Sendable, CustomStringConvertible {
  /// The kind of device: `cpu`, `cuda`.
  public var type: String
  /// Which of its kind; nil for the current one.
  public var index: Int?

  /// A device.
  public init(_ type: String, index: Int? = nil) {
    self.type = type
    self.index = index
  }

  /// `cuda:0`.
  public var description: String { index.map { "\(type):\($0)" } ?? type }
}

/// How a tensor's elements are laid out, by the number in exported models, which is not LibTorch's.
public struct Layout: RawRepresentable, Hashable, Sendable {
  /// The number.
  public var rawValue: Int
  /// The layout of that number.
  public init(rawValue: Int) { self.rawValue = rawValue }
  /// Dense.
  public static let strided = Layout(rawValue: 7)
}

/// The order of dimensions in memory that an operator is asked for, by the number in exported models, which is not
/// LibTorch's.
public struct MemoryFormat: RawRepresentable, Hashable, Sendable {
  /// The number.
  public var rawValue: Int
  /// The format of that number.
  public init(rawValue: Int) { self.rawValue = rawValue }
  /// Row-major.
  public static let contiguous = MemoryFormat(rawValue: 1)
  /// Channels last, of 4 dimensions.
  public static let channelsLast = MemoryFormat(rawValue: 2)
  /// Channels last, of 5 dimensions.
  public static let channelsLast3d = MemoryFormat(rawValue: 3)
  /// As the input has it.
  public static let preserve = MemoryFormat(rawValue: 4)
}
