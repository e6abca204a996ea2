// The stack and its values.
extension PickleReader {
  mutating func push(_ id: PickleArena.ID) { stack.append(id) }

  mutating func push(_ value: Int) {
    push((0..<256).contains(value) ? smallInts[value] : arena.add(.int(value)))
  }

  var floor: Int { marks.last ?? 0 }

  func underflow() -> StepFault {
    .fault(.damaged("a value on the pickle's stack", "none at byte \(cursor.offset - 1)"))
  }

  mutating func pop() throws(StepFault) -> PickleArena.ID {
    guard stack.count > floor else { throw underflow() }
    return stack.removeLast()
  }

  mutating func popOrMark() throws(StepFault) {
    if let mark = marks.last, stack.count == mark { marks.removeLast() } else { _ = try pop() }
  }

  func top() throws(StepFault) -> PickleArena.ID {
    guard stack.count > floor, let last = stack.last else { throw underflow() }
    return last
  }

  mutating func popMark() throws(StepFault) -> [PickleArena.ID] {
    guard let mark = marks.popLast() else { throw underflow() }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  mutating func popText() throws(StepFault) -> String {
    guard let text = arena.text(try pop()) else {
      throw .fault(.damaged("text for a name", "something else before byte \(cursor.offset)"))
    }
    return text
  }

  mutating func recall(_ key: Int) throws(StepFault) {
    guard let id = memo[key] else {
      throw .fault(.damaged("a remembered value", "none of number \(key) at byte \(cursor.offset)"))
    }
    push(id)
  }

  mutating func pushTuple(_ count: Int) throws(StepFault) {
    guard stack.count - floor >= count else { throw underflow() }
    let id = arena.addTuple(stack[(stack.count - count)...])
    stack.removeLast(count)
    push(id)
  }

  mutating func pushList(_ items: [PickleArena.ID]) {
    arena.lists.append(items)
    push(arena.add(.list(Int32(arena.lists.count - 1))))
  }

  mutating func append(_ items: [PickleArena.ID]) throws(StepFault) {
    switch arena[try top()] {
    case .list(let index): arena.lists[Int(index)].append(contentsOf: items)
    case .object(let index):
      if let list = arena.objects[Int(index)].items {
        arena.lists[Int(list)].append(contentsOf: items)
      } else {
        arena.lists.append(items)
        arena.objects[Int(index)].items = Int32(arena.lists.count - 1)
      }
    case .opaque, .unsupported: break
    default: throw .fault(.damaged("a list to append to", "something else at byte \(cursor.offset - 1)"))
    }
  }

  mutating func setItems(_ items: [PickleArena.ID]) throws(StepFault) {
    guard items.count % 2 == 0 else {
      throw .fault(.damaged("pairs of keys and values", "\(items.count) values at byte \(cursor.offset - 1)"))
    }
    switch arena[try top()] {
    case .dict(let index): fill(Int(index), items)
    case .object(let index):
      if arena.objects[Int(index)].members == nil {
        arena.dicts.append(PickleArena.Members())
        arena.objects[Int(index)].members = Int32(arena.dicts.count - 1)
      }
      if let members = arena.objects[Int(index)].members { fill(Int(members), items) }
    case .opaque, .unsupported: break
    default: throw .fault(.damaged("a dictionary to fill", "something else at byte \(cursor.offset - 1)"))
    }
  }
}

extension PickleReader {
  private mutating func fill(_ dict: Int, _ items: [PickleArena.ID]) {
    for place in stride(from: 0, to: items.count, by: 2) {
      arena.dicts[dict].pairs.append((items[place], items[place + 1]))
    }
  }
}

// Numbers, text and names out of the bytes.
extension PickleReader {
  mutating func next<T: FixedWidthInteger>(_ type: T.Type) throws(StepFault) -> T {
    do throws(ByteCursor.End) { return try cursor.integer(type) } catch { throw .end(error.offset) }
  }

  mutating func wide() throws(StepFault) -> Int {
    do throws(ByteCursor.End) { return try cursor.wide() } catch { throw .end(error.offset) }
  }

  mutating func take(_ count: Int) throws(StepFault) -> Range<Int> {
    do throws(ByteCursor.End) { return try cursor.take(count) } catch { throw .end(error.offset) }
  }

  mutating func line() throws(StepFault) -> String {
    do throws(ByteCursor.End) { return cursor.text(try cursor.line()) } catch { throw .end(error.offset) }
  }

  /// A little-endian two's complement number of any length; what does not fit `Int` is opaque.
  mutating func pushLong(_ count: Int) throws(StepFault) {
    let range = try take(count)
    guard count > 0 else { return push(0) }
    guard count <= 8 else { return push(opaque) }
    var bits: UInt64 = cursor.bytes[range.upperBound - 1] >= 0x80 ? .max : 0
    for place in range.reversed() { bits = bits << 8 | UInt64(cursor.bytes[place]) }
    push(Int(truncatingIfNeeded: bits))
  }

  mutating func pushText(_ count: Int) throws(StepFault) {
    let range = try take(count)
    // Python pickles lone surrogates as they are; such text is no name of a tensor.
    push(cursor.validText(range).map { arena.addText($0) } ?? opaque)
  }

  /// A Python 2 string: text where it is ASCII.
  mutating func pushLatin(_ count: Int) throws(StepFault) {
    let range = try take(count)
    let isASCII = cursor.bytes[range].allSatisfy { $0 < 0x80 }
    push(isASCII ? arena.addText(cursor.text(range)) : opaque)
  }

  mutating func pushBytes(_ count: Int) throws(StepFault) {
    _ = try take(count)
    push(opaque)
  }

  mutating func pushGlobal(module: String, name: String) throws(StepFault) {
    let name = "\(module).\(name)"
    if let known = globals[name] { return push(known) }
    if let global = PickleGlobal(name) {
      let id = arena.addGlobal(global)
      globals[name] = id
      return push(id)
    }
    guard !PickleGlobal.runsCode(name) else {
      throw .fault(
        Fault(
          kind: .unsafe, expected: "tensors and plain data",
          found: "the name \(CheckpointError.quote(name)), which can run code",
          advice: "nothing was run; load the file nowhere unless you trust who made it"))
    }
    let id = arena.addGlobal(.unknown(name))
    globals[name] = id
    push(id)
  }
}
