import CTorch

/// A keyword argument of an operator: `("dtype", DType.float64)`.
public typealias OperatorKeyword = (name: StaticString, value: any OperatorArgument)

/// Calls the operator of LibTorch named `name` (`"add.Tensor"`; the namespace `aten` is understood) and returns its
/// results in order, lists of tensors flattened. Arguments left out take the defaults of the operator's schema.
///
/// Every operator of LibTorch can be reached this way, also those without a Swift function of their own.
/// - Throws: ``TorchError/engine(operation:message:)`` with LibTorch's own message.
public func callOperator(
  _ name: StaticString, _ arguments: [any OperatorArgument], keywords: [OperatorKeyword] = [], resultCapacity: Int = 8
) throws(TorchError) -> [OperatorValue] {
  try invoke(name, arguments, keywords, resultCapacity) { results in results.map(OperatorValue.init(taking:)) }.get()
}

/// Calls an operator with one tensor as its result; traps with the engine's message.
@discardableResult
package func call(_ name: StaticString, _ arguments: any OperatorArgument..., keywords: [OperatorKeyword] = [])
  -> Tensor
{
  orTrap(
    invoke(name, arguments, keywords, 2) { results in
      guard let first = results.first, first.tag == tensorTag else { fatalError("\(name) gave no tensor") }
      for result in results.dropFirst() where result.tag == tensorTag { ct_tensor_release(result.u.t) }
      return Tensor(owning: first.u.t)
    })
}

/// Calls an operator with several tensors as its results; traps with the engine's message.
package func callList(
  _ name: StaticString, _ arguments: any OperatorArgument..., keywords: [OperatorKeyword] = [], capacity: Int = 8
) -> [Tensor] {
  orTrap(
    invoke(name, arguments, keywords, capacity) { results in
      results.compactMap { $0.tag == tensorTag ? Tensor(owning: $0.u.t) : nil }
    })
}

/// Calls an operator for what it does to its arguments, or for its first result; traps with the engine's message.
@discardableResult
package func callValue(
  _ name: StaticString, _ arguments: any OperatorArgument..., keywords: [OperatorKeyword] = []
) -> OperatorValue {
  orTrap(invoke(name, arguments, keywords, 2) { $0.map(OperatorValue.init(taking:)).first ?? .none })
}

private func orTrap<R>(_ outcome: Result<R, TorchError>) -> R {
  switch outcome {
  case .success(let value): return value
  case .failure(let error): fatalError("\(error)")
  }
}

private let tensorTag = Int32(CT_TENSOR.rawValue)

/// Lays the arguments out as C values, lists in one scratch buffer, calls across the boundary, and has `take` take over
/// the results. Everything lies on the stack: an operator on a few numbers costs less than a microsecond in all.
@inline(__always)
private func invoke<R>(
  _ name: StaticString, _ arguments: [any OperatorArgument], _ keywords: [OperatorKeyword], _ capacity: Int,
  _ take: (UnsafeBufferPointer<ct_value>) -> R
) -> Result<R, TorchError> {
  let count = arguments.count + keywords.count
  // The values own what the laid-out pointers borrow.
  return withUnsafeTemporaryAllocation(of: OperatorValue.self, capacity: count) { values in
    var words = 0
    for i in 0..<count {
      let value = i < arguments.count ? arguments[i].operatorValue : keywords[i - arguments.count].value.operatorValue
      words += value.scratchWords
      values.initializeElement(at: i, to: value)
    }
    defer { values.deinitialize() }
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { scratch in
      withUnsafeTemporaryAllocation(of: ct_value.self, capacity: count + capacity) { laidOut in
        var free = UnsafeMutableRawPointer(scratch.baseAddress!)
        for i in 0..<count {
          laidOut.initializeElement(at: i, to: values[i].lay(into: &free))
          if i >= arguments.count { laidOut[i].keyword = keywords[i - arguments.count].name.cString }
        }
        let results = laidOut.baseAddress! + count
        var found: Int32 = 0
        let recorder = Recorder.current
        let heard = recorder?.begin("\(name)", values.map(Optional.some), keywords: keywords.map { "\($0.name)" })
        let error = ct_call(name.cString, laidOut.baseAddress, Int32(count), results, Int32(capacity), &found)
        if let text = message(of: error) {
          let error = missingDevice(among: values) ?? TorchError.engine(operation: "\(name)", message: text)
          guard let recorder, let standIn = recorder.standIn, let tensors = recorder.pausing({ standIn(error) }),
            tensors.count <= capacity
          else { return .failure(error) }
          for (i, tensor) in tensors.enumerated() {
            var value = ct_value()
            value.tag = tensorTag
            value.u.t = ct_tensor_retain(tensor.handle)
            (results + i).initialize(to: value)
          }
          found = Int32(tensors.count)
        }
        guard found <= capacity else {
          for i in 0..<capacity where results[i].tag == tensorTag { ct_tensor_release(results[i].u.t) }
          return .failure(.engine(operation: "\(name)", message: "\(found) results, room for \(capacity)"))
        }
        if let recorder, let heard {
          recorder.end(heard, UnsafeMutableBufferPointer(start: results, count: Int(found)))
        }
        return .success(take(UnsafeBufferPointer(start: results, count: Int(found))))
      }
    }
  }
}

/// What went wrong where a device was asked for that is not there; LibTorch's own message runs to pages.
private func missingDevice(among values: UnsafeMutableBufferPointer<OperatorValue>) -> TorchError? {
  for case .device(let device) in values where !device.isAvailable {
    return .unavailableDevice("\(device)", available: Device.available.map(\.description))
  }
  return nil
}

extension StaticString {
  /// The literal's address, which stays the same while the program runs.
  fileprivate var cString: UnsafePointer<CChar> { UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self) }
}

extension OperatorValue {
  /// Eight-byte words that the value needs besides its `ct_value`.
  var scratchWords: Int {
    switch self {
    case .ints(let list): list.count
    case .doubles(let list): list.count
    case .bools(let list): list.count
    case .tensors(let list): list.count
    case .string(let text): text.utf8.count / 8 + 1
    default: 0
    }
  }

  /// The value in C's form, with lists and texts copied to `free`, which moves on.
  func lay(into free: inout UnsafeMutableRawPointer) -> ct_value {
    var out = ct_value()
    func list<S, D>(_ list: [S], as type: D.Type, _ convert: (S) -> D) -> UnsafePointer<D> {
      let start = free.bindMemory(to: D.self, capacity: list.count)
      for (i, element) in list.enumerated() { (start + i).initialize(to: convert(element)) }
      free = free.advanced(by: 8 * list.count)
      out.count = Int32(list.count)
      return UnsafePointer(start)
    }
    func text(_ text: String) -> UnsafePointer<CChar> {
      let bytes = text.utf8.count + 1
      let start = free.bindMemory(to: CChar.self, capacity: bytes)
      text.withCString { start.update(from: $0, count: bytes) }
      free = free.advanced(by: (bytes + 7) / 8 * 8)
      return UnsafePointer(start)
    }
    switch self {
    case .none: out.tag = Int32(CT_NONE.rawValue)
    case .int(let value):
      out.tag = Int32(CT_INT.rawValue)
      out.u.i = Int64(value)
    case .double(let value):
      out.tag = Int32(CT_DOUBLE.rawValue)
      out.u.d = value
    case .bool(let value):
      out.tag = Int32(CT_BOOL.rawValue)
      out.u.b = value
    case .tensor(let tensor):
      out.tag = Int32(CT_TENSOR.rawValue)
      out.u.t = tensor.handle
    case .ints(let values):
      out.tag = Int32(CT_INTS.rawValue)
      out.u.ints = list(values, as: Int64.self) { Int64($0) }
    case .doubles(let values):
      out.tag = Int32(CT_DOUBLES.rawValue)
      out.u.doubles = list(values, as: Double.self) { $0 }
    case .bools(let values):
      out.tag = Int32(CT_BOOLS.rawValue)
      out.u.ints = list(values, as: Int64.self) { $0 ? 1 : 0 }
    case .tensors(let values):
      out.tag = Int32(CT_TENSORS.rawValue)
      out.u.tensors = list(values, as: ct_tensor?.self) { $0?.handle }
    case .string(let value):
      out.tag = Int32(CT_STRING.rawValue)
      out.u.s = text(value)
    case .device(let device):
      out.tag = Int32(CT_DEVICE.rawValue)
      out.count = device.kind.engineType
      out.u.i = Int64(device.index)
    case .generator(let generator):
      out.tag = Int32(CT_GENERATOR.rawValue)
      out.u.g = generator.handle
    }
    return out
  }

  /// An argument as it was laid out; its tensors get a reference of their own.
  init(reading value: ct_value) {
    func list<T, R>(_ start: UnsafePointer<T>?, _ one: (T) -> R) -> [R] {
      start.map { start in (0..<Int(value.count)).map { one(start[$0]) } } ?? []
    }
    switch UInt32(value.tag) {
    case UInt32(CT_INTS.rawValue): self = .ints(list(value.u.ints) { Int($0) })
    case UInt32(CT_DOUBLES.rawValue): self = .doubles(list(value.u.doubles) { $0 })
    case UInt32(CT_BOOLS.rawValue): self = .bools(list(value.u.ints) { $0 != 0 })
    case UInt32(CT_TENSORS.rawValue):
      self = .tensors(list(value.u.tensors) { $0.map { Tensor(owning: ct_tensor_retain($0)) } })
    case UInt32(CT_TENSOR.rawValue):
      self = value.u.t.map { .tensor(Tensor(owning: ct_tensor_retain($0))) } ?? .none
    case UInt32(CT_STRING.rawValue): self = value.u.s.map { .string(String(cString: $0)) } ?? .none
    case UInt32(CT_DEVICE.rawValue):
      self = Device.Kind(engineType: value.count).map { .device(Device($0, index: Int(value.u.i))) } ?? .none
    default: self = OperatorValue(taking: value)
    }
  }

  /// A result, whose reference it takes over.
  fileprivate init(taking value: ct_value) {
    switch UInt32(value.tag) {
    case UInt32(CT_INT.rawValue): self = .int(Int(value.u.i))
    case UInt32(CT_DOUBLE.rawValue): self = .double(value.u.d)
    case UInt32(CT_BOOL.rawValue): self = .bool(value.u.b)
    case UInt32(CT_TENSOR.rawValue): self = .tensor(Tensor(owning: value.u.t))
    default: self = .none
    }
  }
}
