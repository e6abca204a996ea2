import CTorch

/// Where an argument of a prepared call comes from: fixed, or out of the table of values at each call.
package enum PreparedArgument {
  /// The schema's default.
  case absent
  /// The same at each call.
  case constant(OperatorValue)
  /// A tensor, number or truth value out of a slot.
  case slot(Int, Kind)
  /// Tensors out of slots, some of them absent.
  case tensors([Int?])
  /// Whole numbers, some of them out of slots.
  case ints([Entry<Int>])
  /// Real numbers, some of them out of slots.
  case doubles([Entry<Double>])

  /// What a slot holds.
  package enum Kind: Sendable {
    /// A tensor's handle.
    case tensor
    /// A whole number.
    case int
    /// A real number.
    case double
    /// A truth value.
    case bool
  }

  /// A number in a list.
  package enum Entry<Number> {
    /// The same at each call.
    case constant(Number)
    /// Out of a slot.
    case slot(Int)
  }
}

/// A call of an operator whose arguments are laid out once; a run writes the few words that change and calls.
///
/// Not re-entrant, and for one thread at a time.
package final class PreparedCall {
  private let handle: OperatorHandle
  private let arguments: UnsafeMutablePointer<ct_value>
  private let argumentCount: Int
  private let results: UnsafeMutablePointer<ct_value>
  private let capacity: Int
  private let scratch: UnsafeMutablePointer<UInt64>
  private let fixed: [OperatorValue]  // owns what `arguments` borrows
  private var patches: [(target: UnsafeMutablePointer<UInt64>, slot: Int)] = []
  private let outputs: [Int?]

  /// Prepares a call.
  ///
  /// - Parameters:
  ///   - handle: the operator.
  ///   - list: all arguments in the schema's order.
  ///   - outputs: the slots for its results, lists flattened; nil for one that is not wanted.
  package init(_ handle: OperatorHandle, _ list: [PreparedArgument], outputs: [Int?]) {
    precondition(list.count == handle.argumentNames.count, "a prepared call takes all arguments")
    self.handle = handle
    self.outputs = outputs
    argumentCount = list.count
    capacity = max(outputs.count, Int(ct_operator_result_count(handle.op)), 1)
    arguments = .allocate(capacity: max(list.count, 1))
    arguments.initialize(repeating: ct_value(), count: list.count)
    results = .allocate(capacity: capacity)
    results.initialize(repeating: ct_value(), count: capacity)
    var words = 0
    var fixed: [OperatorValue] = []
    for argument in list {
      switch argument {
      case .constant(let value):
        words += value.scratchWords
        fixed.append(value)
      case .tensors(let slots): words += slots.count
      case .ints(let entries): words += entries.count
      case .doubles(let entries): words += entries.count
      case .absent, .slot: break
      }
    }
    self.fixed = fixed
    scratch = .allocate(capacity: max(words, 1))
    scratch.initialize(repeating: 0, count: max(words, 1))
    var free = UnsafeMutableRawPointer(scratch)
    for (index, argument) in list.enumerated() { prepare(argument, arguments + index, &free) }
  }

  deinit {
    arguments.deallocate()
    results.deallocate()
    scratch.deallocate()
  }

  private func prepare(
    _ argument: PreparedArgument, _ value: UnsafeMutablePointer<ct_value>, _ free: inout UnsafeMutableRawPointer
  ) {
    guard let union = MemoryLayout<ct_value>.offset(of: \.u) else { preconditionFailure("ct_value has a union") }
    let word = UnsafeMutableRawPointer(value).advanced(by: union).assumingMemoryBound(to: UInt64.self)
    let room = free.assumingMemoryBound(to: UInt64.self)
    func list(_ tag: ct_tag, _ count: Int) {
      value.pointee.tag = Int32(tag.rawValue)
      value.pointee.count = Int32(count)
      word.pointee = UInt64(UInt(bitPattern: room))
      free += 8 * count
    }
    switch argument {
    case .absent: value.pointee.tag = Int32(CT_DEFAULT.rawValue)
    case .constant(let constant): value.pointee = constant.lay(into: &free)
    case .slot(let slot, let kind):
      let tag =
        switch kind {
        case .tensor: CT_TENSOR
        case .int: CT_INT
        case .double: CT_DOUBLE
        case .bool: CT_BOOL
        }
      value.pointee.tag = Int32(tag.rawValue)
      patches.append((word, slot))
    case .tensors(let slots):
      list(CT_TENSORS, slots.count)
      for (k, slot) in slots.enumerated() { if let slot { patches.append((room + k, slot)) } }
    case .ints(let entries):
      list(CT_INTS, entries.count)
      for (k, entry) in entries.enumerated() {
        switch entry {
        case .constant(let number): room[k] = UInt64(bitPattern: Int64(number))
        case .slot(let slot): patches.append((room + k, slot))
        }
      }
    case .doubles(let entries):
      list(CT_DOUBLES, entries.count)
      for (k, entry) in entries.enumerated() {
        switch entry {
        case .constant(let number): room[k] = number.bitPattern
        case .slot(let slot): patches.append((room + k, slot))
        }
      }
    }
  }

  /// Calls the operator with what the table holds now; its results are the table's to release.
  ///
  /// - Throws: ``TorchError/engine(operation:message:)``; nothing has been put into the table then.
  package func run(_ values: ValueTable) throws(TorchError) {
    for (target, slot) in patches { target.pointee = values.words[slot] }
    var found: Int32 = 0
    let recorder = Recorder.current
    let heard = recorder?.begin(
      handle.name,
      (0..<argumentCount).map { index in
        arguments[index].tag == Int32(CT_DEFAULT.rawValue) ? nil : OperatorValue(reading: arguments[index])
      }, keywords: [])
    if let error = ct_operator_call(handle.op, arguments, results, Int32(capacity), &found) {
      throw .engine(operation: handle.name, message: message(of: error) ?? "")
    }
    guard found <= capacity, found >= outputs.count else {
      for index in 0..<min(Int(found), capacity) where isTensor(index) { ct_tensor_release(results[index].u.t) }
      throw .engine(operation: handle.name, message: "\(found) results, expected \(outputs.count)")
    }
    if let recorder, let heard { recorder.end(heard, UnsafeMutableBufferPointer(start: results, count: Int(found))) }
    for index in 0..<Int(found) {
      if index < outputs.count, let slot = outputs[index] {
        switch UInt32(results[index].tag) {
        case UInt32(CT_TENSOR.rawValue): values.words[slot] = UInt64(UInt(bitPattern: results[index].u.t))
        case UInt32(CT_BOOL.rawValue): values.words[slot] = results[index].u.b ? 1 : 0
        case UInt32(CT_NONE.rawValue): values.words[slot] = 0
        default: values.words[slot] = UInt64(bitPattern: results[index].u.i)
        }
      } else if isTensor(index) {
        ct_tensor_release(results[index].u.t)
      }
    }
  }

  private func isTensor(_ index: Int) -> Bool { results[index].tag == Int32(CT_TENSOR.rawValue) }
}
