import CTorch

/// What an operator of LibTorch takes: tensors, numbers, lists of them, dtypes, devices, generators, strings.
public protocol OperatorArgument {
  /// The value in the form in which it crosses the boundary.
  var operatorValue: OperatorValue { get }
}

/// An argument or a result of an operator.
public enum OperatorValue {
  /// Absent: an optional argument that is not given, or a result that is not there.
  case none
  /// A whole number.
  case int(Int)
  /// A real number.
  case double(Double)
  /// A truth value.
  case bool(Bool)
  /// A tensor.
  case tensor(Tensor)
  /// Whole numbers: a shape, a stride.
  case ints([Int])
  /// Real numbers.
  case doubles([Double])
  /// Truth values.
  case bools([Bool])
  /// Tensors, some of them perhaps absent.
  case tensors([Tensor?])
  /// A text.
  case string(String)
  /// A device.
  case device(Device)
  /// A source of random numbers.
  case generator(Generator)
}

/// A number that tensor arithmetic takes: `Int`, `Double`, `Float`, `Bool`.
public protocol TensorScalar: OperatorArgument {}

extension Int: TensorScalar {
  /// The number.
  public var operatorValue: OperatorValue { .int(self) }
}
extension Double: TensorScalar {
  /// The number.
  public var operatorValue: OperatorValue { .double(self) }
}
extension Float: TensorScalar {
  /// The number, widened.
  public var operatorValue: OperatorValue { .double(Double(self)) }
}
extension Bool: TensorScalar {
  /// The truth value.
  public var operatorValue: OperatorValue { .bool(self) }
}
extension String: OperatorArgument {
  /// The text.
  public var operatorValue: OperatorValue { .string(self) }
}
extension DType: OperatorArgument {
  /// The number by which LibTorch knows the dtype.
  public var operatorValue: OperatorValue { .int(Int(rawValue)) }
}
extension Device: OperatorArgument {
  /// The device.
  public var operatorValue: OperatorValue { .device(self) }
}
extension Tensor: OperatorArgument {
  /// The tensor.
  public var operatorValue: OperatorValue { .tensor(self) }
}
extension Generator: OperatorArgument {
  /// The generator.
  public var operatorValue: OperatorValue { .generator(self) }
}
extension OperatorValue: OperatorArgument {
  /// The value itself.
  public var operatorValue: OperatorValue { self }
}
extension Array: OperatorArgument where Element: OperatorArgument {
  /// A list of whole numbers, real numbers, truth values or tensors.
  public var operatorValue: OperatorValue {
    // Comparing types costs next to nothing; a conditional cast of a whole array does not.
    func same<T>(as type: [T].Type) -> [T] { unsafeBitCast(self, to: type) }
    if Element.self == Int.self { return .ints(same(as: [Int].self)) }
    if Element.self == Tensor.self { return .tensors(same(as: [Tensor].self)) }
    if Element.self == Tensor?.self { return .tensors(same(as: [Tensor?].self)) }
    if Element.self == Double.self { return .doubles(same(as: [Double].self)) }
    if Element.self == Bool.self { return .bools(same(as: [Bool].self)) }
    if Element.self == Float.self { return .doubles(same(as: [Float].self).map(Double.init)) }
    preconditionFailure("an operator takes no list of \(Element.self)")
  }
}
extension Optional: OperatorArgument where Wrapped: OperatorArgument {
  /// The wrapped value, or ``OperatorValue/none``.
  public var operatorValue: OperatorValue { self?.operatorValue ?? .none }
}
