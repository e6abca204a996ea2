import Checkpoints

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension KnownTensor {
  /// The shape that several have when they are broadcast; nil where they cannot be.
  static func broadcastShape(_ shapes: [[Int]]) -> [Int]? {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (axis, size) in shape.enumerated() where size != 1 {
        let place = rank - shape.count + axis
        guard result[place] == 1 || result[place] == size else { return nil }
        result[place] = size
      }
    }
    return result
  }

  /// The entries in a larger shape.
  func expanded(to shape: [Int]) -> KnownTensor {
    if shape == self.shape { return self }
    var strides = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in self.shape.indices.reversed() {
      strides[shape.count - self.shape.count + axis] = self.shape[axis] == 1 ? 0 : step
      step *= self.shape[axis]
    }
    return KnownTensor(type, shape, Self.places(shape, strides).map { entries[$0] }, shaped: shaped)
  }

  /// For each entry of a shape, row by row, the place that steps lead to.
  static func places(_ shape: [Int], _ strides: [Int], from start: Int = 0) -> [Int] {
    var places = [start]
    for (size, stride) in Swift.zip(shape, strides) {
      places = places.flatMap { place in (0..<max(size, 0)).map { place + $0 * stride } }
    }
    return places
  }

  /// Steps between neighbours along each dimension.
  var strides: [Int] {
    var (result, step) = ([Int](repeating: 0, count: shape.count), 1)
    for axis in shape.indices.reversed() {
      result[axis] = step
      step *= shape[axis]
    }
    return result
  }

  /// Entries combined one by one, broadcast; nil where one has no value.
  static func zip(
    _ a: KnownTensor, _ b: KnownTensor, type: StoredType, _ body: (Entry, Entry) -> Entry?
  ) -> KnownTensor? {
    guard let shape = broadcastShape([a.shape, b.shape]) else { return nil }
    let (x, y) = (a.expanded(to: shape), b.expanded(to: shape))
    let entries = Swift.zip(x.entries, y.entries).compactMap { body($0, $1) }
    guard entries.count == x.count else { return nil }
    return KnownTensor(type, shape, entries, shaped: a.shaped.union(b.shaped)).normalised
  }

  func map(type: StoredType? = nil, _ body: (Entry) -> Entry?) -> KnownTensor? {
    let result = entries.compactMap(body)
    return result.count == count ? KnownTensor(type ?? self.type, shape, result, shaped: shaped).normalised : nil
  }

  /// The entries as their type holds them.
  private var normalised: KnownTensor {
    var result = self
    result.entries = entries.map { entry in
      switch entry {
      case .real(let value): return .real(Self.rounded(value, type))
      case .int(let value):
        switch type {
        case .i32: return .int(Int(Int32(truncatingIfNeeded: value)))
        case .u32: return .int(Int(UInt32(truncatingIfNeeded: value)))
        case .i16: return .int(Int(Int16(truncatingIfNeeded: value)))
        case .u16: return .int(Int(UInt16(truncatingIfNeeded: value)))
        case .i8: return .int(Int(Int8(truncatingIfNeeded: value)))
        case .u8: return .int(Int(UInt8(truncatingIfNeeded: value)))
        default: return entry
        }
      case .size: return entry
      }
    }
    return result
  }
}

extension KnownTensor.Entry {
  /// Arithmetic of whole numbers, sizes or real numbers; nil where it has no value that is known.
  static func arithmetic(_ operation: String, _ a: Self, _ b: Self) -> Self? {
    if case .int(let x) = a, case .int(let y) = b { return ints(operation, x, y).map(Self.int) }
    if case .real(let x) = a, case .real(let y) = b { return reals(operation, x, y).map(Self.real) }
    // A size among real numbers goes on as one where the others are whole.
    guard let x = a.wholeSize, let y = b.wholeSize else { return nil }
    let isReal = a.isReal || b.isReal
    switch operation {
    case "Add": return Self(x + y)
    case "Sub": return Self(x - y)
    case "Mul": return Self(x * y)
    case "Div":
      if isReal { return x.exactlyDivided(by: y).map(Self.init) }
      return y == .fixed(0) ? nil : Self(x.floorDivided(by: y))
    case "Mod":
      guard y != .fixed(0), !isReal else { return nil }
      return Self(x - x.floorDivided(by: y) * y)
    case "Max", "Min":
      if x == y { return a }
      // Sizes are never negative.
      if case .fixed(let number) = x, number <= (operation == "Max" ? 1 : 0) { return operation == "Max" ? b : a }
      if case .fixed(let number) = y, number <= (operation == "Max" ? 1 : 0) { return operation == "Max" ? a : b }
      return .size(.call(operation, [x.expression, y.expression]))
    default: return nil
    }
  }

  private var isReal: Bool { if case .real = self { true } else { false } }

  /// The entry as a size where it is a whole number, of a real type too.
  var wholeSize: SymbolicSize? {
    if case .real(let value) = self { return Int(exactly: value).map(SymbolicSize.fixed) }
    return size
  }

  private static func ints(_ operation: String, _ a: Int, _ b: Int) -> Int? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) -> Int? { result.overflow ? nil : result.partialValue }
    switch operation {
    case "Add", "Sum": return checked(a.addingReportingOverflow(b))
    case "Sub": return checked(a.subtractingReportingOverflow(b))
    case "Mul": return checked(a.multipliedReportingOverflow(by: b))
    case "Div": return b == 0 ? nil : checked(a.dividedReportingOverflow(by: b))
    case "Mod": return b == 0 || b == -1 ? (b == 0 ? nil : 0) : ((a % b) + b) % b
    case "Max": return max(a, b)
    case "Min": return min(a, b)
    case "Pow":
      guard b >= 0, b < 64 else { return nil }
      var result = 1
      for _ in 0..<b {
        guard let next = checked(result.multipliedReportingOverflow(by: a)) else { return nil }
        result = next
      }
      return result
    default: return nil
    }
  }

  private static func reals(_ operation: String, _ a: Double, _ b: Double) -> Double? {
    switch operation {
    case "Add", "Sum": a + b
    case "Sub": a - b
    case "Mul": a * b
    case "Div": a / b
    case "Max": a.isNaN || b.isNaN ? .nan : max(a, b)
    case "Min": a.isNaN || b.isNaN ? .nan : min(a, b)
    case "Pow": pow(a, b)
    default: nil
    }
  }

  /// Whether a comparison holds; nil where that depends on sizes.
  static func compared(_ operation: String, _ a: Self, _ b: Self) -> Bool? {
    if let x = a.real, let y = b.real {
      switch operation {
      case "Equal": return x == y
      case "Less": return x < y
      case "LessOrEqual": return x <= y
      case "Greater": return x > y
      default: return x >= y
      }
    }
    if a == b { return operation == "Equal" || operation.hasSuffix("OrEqual") }
    guard operation == "Equal" else { return nil }
    // Sizes are never negative.
    if let x = a.real, x < 0 { return false }
    if let y = b.real, y < 0 { return false }
    return nil
  }

  /// A number converted; nil where it has no value in the other type.
  func converted(from: StoredType, to type: StoredType) -> Self? {
    switch self {
    case .size: return type == .bool || !(type.isFloat || type == .i64 || type == .i32) ? nil : self
    case .int(let value):
      if type.isFloat { return .real(KnownTensor.rounded(Double(value), type)) }
      return .int(type == .bool ? (value == 0 ? 0 : 1) : value)
    case .real(let value):
      if type.isFloat { return .real(KnownTensor.rounded(value, type)) }
      if type == .bool { return .int(value == 0 ? 0 : 1) }
      guard value.isFinite, let whole = Int(exactly: value.rounded(.towardZero)) else { return nil }
      return .int(whole)
    }
  }
}
