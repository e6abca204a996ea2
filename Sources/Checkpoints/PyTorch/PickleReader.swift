/// A pickle machine that builds data and can do nothing else: no name is ever looked up, no object made, nothing called.
///
/// It runs the opcodes of protocols 0 to 5 on a stack of node numbers. The few names it knows (``PickleGlobal``) stand
/// for tensors, storages and plain containers; any other builds a note of the name and of what belongs to it. Names of
/// functions that run code stop it with an error. Work and memory are linear in the length of the pickle, which is bounded.
///
/// Source: the opcodes of Python's Lib/pickletools.py; the persistent ids and rebuild functions of torch/serialization.py
/// and torch/_utils.py.
struct PickleReader {
  /// Why a pickle is refused.
  struct Fault: Error {
    var kind: CheckpointError.Kind
    var expected: String
    var found: String
    var advice = "the file is damaged: download or save it again"

    static func damaged(_ expected: String, _ found: String) -> Fault {
      Fault(kind: .damaged, expected: expected, found: found)
    }
  }

  /// The longest pickle that is read; one of 100,000 tensors takes about 10 MB.
  static let maximumLength = 64 << 20

  var cursor: ByteCursor
  var arena = PickleArena()
  var stack: [PickleArena.ID] = []
  var marks: [Int] = []
  var memo: [Int: PickleArena.ID] = [:]
  var globals: [String: PickleArena.ID] = [:]
  // What a persistent id or the arguments of a rebuild function have built: the same again for the same.
  var built: [PickleArena.ID: PickleArena.ID] = [:]
  var copiedPairs = 0
  /// In tar files: the tensors and storages that persistent ids mean.
  var namedObjects: [String: PickleArena.ID]?
  /// Nodes that were there before the pickle began.
  var allowance = 0
  private let start: Int
  // Shared by all equal values, so that a byte of a pickle costs few bytes of memory.
  let none: PickleArena.ID
  let booleans: [PickleArena.ID]
  let smallInts: [PickleArena.ID]
  let opaque: PickleArena.ID
  let emptyTuple: PickleArena.ID

  init(_ cursor: ByteCursor) {
    self.cursor = cursor
    start = cursor.offset
    none = arena.add(.none)
    booleans = [arena.add(.bool(false)), arena.add(.bool(true))]
    var ints: [PickleArena.ID] = []
    for value in 0..<256 { ints.append(arena.add(.int(value))) }
    smallInts = ints
    opaque = arena.add(.opaque)
    emptyTuple = arena.addTuple([])
  }

  /// Runs up to STOP and returns the value on top.
  mutating func run() throws(Fault) -> PickleArena.ID {
    do throws(StepFault) {
      while true {
        let opcode = try next(UInt8.self)
        guard cursor.offset - start <= Self.maximumLength else {
          throw .fault(
            Fault(
              kind: .limitExceeded, expected: "a pickle of at most \(Self.maximumLength) bytes", found: "a longer one",
              advice: "save the state dict alone, with torch.save(model.state_dict(), ...)"))
        }
        guard arena.nodes.count <= allowance + 4096 + (cursor.offset - start) / 2 else {
          throw .fault(.damaged("a pickle of tensors", "one of too many small objects"))
        }
        if opcode == UInt8(ascii: ".") { return try pop() }
        try step(opcode)
      }
    } catch {
      switch error {
      case .fault(let fault): throw fault
      case .end(let offset): throw .damaged("a whole pickle", "its end at byte \(offset), before STOP")
      }
    }
  }

  /// Either kind of trouble within a step.
  enum StepFault: Error {
    case fault(Fault)
    case end(Int)
  }
}

extension PickleReader {
  private mutating func step(_ opcode: UInt8) throws(StepFault) {
    switch opcode {
    case 0x80:  // PROTO
      let version = try next(UInt8.self)
      guard (0...5).contains(version) else {
        throw .fault(
          Fault(
            kind: .unsupported, expected: "pickle protocol 0 to 5", found: "\(version)",
            advice: "save the file again with a present torch.save"))
      }
    case 0x95: _ = try take(8)  // FRAME: a hint about buffering, of no meaning here
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): try popOrMark()
    case UInt8(ascii: "1"): _ = try popMark()
    case UInt8(ascii: "2"): push(try top())
    case UInt8(ascii: "N"): push(none)
    case 0x88: push(booleans[1])
    case 0x89: push(booleans[0])
    case UInt8(ascii: "K"): push(Int(try next(UInt8.self)))
    case UInt8(ascii: "M"): push(Int(try next(UInt16.self)))
    case UInt8(ascii: "J"): push(Int(try next(Int32.self)))
    case 0x8a: try pushLong(Int(try next(UInt8.self)))
    case 0x8b: try pushLong(Int(try next(Int32.self)))
    case UInt8(ascii: "G"):
      let bits = try next(UInt64.self)
      push(arena.add(.float(Double(bitPattern: bits.byteSwapped))))
    case UInt8(ascii: "X"): try pushText(Int(try next(UInt32.self)))
    case 0x8c: try pushText(Int(try next(UInt8.self)))
    case 0x8d: try pushText(try wide())
    case UInt8(ascii: "U"): try pushLatin(Int(try next(UInt8.self)))
    case UInt8(ascii: "T"): try pushLatin(Int(try next(Int32.self)))
    case UInt8(ascii: "C"): try pushBytes(Int(try next(UInt8.self)))
    case UInt8(ascii: "B"): try pushBytes(Int(try next(UInt32.self)))
    case 0x8e, 0x96: try pushBytes(try wide())
    case UInt8(ascii: ")"): push(emptyTuple)
    case 0x85: try pushTuple(1)
    case 0x86: try pushTuple(2)
    case 0x87: try pushTuple(3)
    case UInt8(ascii: "t"): push(arena.addTuple(try popMark()[...]))
    case UInt8(ascii: "]"): pushList([])
    case UInt8(ascii: "l"): pushList(try popMark())
    case UInt8(ascii: "a"): try append([try pop()])
    case UInt8(ascii: "e"): try append(try popMark())
    case UInt8(ascii: "}"): push(arena.addDict())
    case UInt8(ascii: "d"):
      let items = try popMark()
      push(arena.addDict())
      try setItems(items)
    case UInt8(ascii: "s"):
      let value = try pop()
      try setItems([try pop(), value])
    case UInt8(ascii: "u"): try setItems(try popMark())
    case 0x8f, 0x90, 0x91: try set(opcode)
    case UInt8(ascii: "q"): memo[Int(try next(UInt8.self))] = try top()
    case UInt8(ascii: "r"): memo[Int(try next(UInt32.self))] = try top()
    case 0x94:
      memo[memo.count] = try top()
    case UInt8(ascii: "h"): try recall(Int(try next(UInt8.self)))
    case UInt8(ascii: "j"): try recall(Int(try next(UInt32.self)))
    case UInt8(ascii: "c"):
      let module = try line()
      try pushGlobal(module: module, name: try line())
    case 0x93:
      let name = try popText()
      try pushGlobal(module: try popText(), name: name)
    case UInt8(ascii: "R"), 0x81:  // REDUCE, NEWOBJ
      let arguments = try pop()
      push(try reduce(try pop(), arguments, depth: 0))
    case 0x92:  // NEWOBJ_EX
      _ = try pop()
      let arguments = try pop()
      push(try reduce(try pop(), arguments, depth: 0))
    case UInt8(ascii: "b"):
      let state = try pop()
      try build(try top(), state)
    case UInt8(ascii: "Q"): push(try persistent(try pop()))
    default:
      if try textStep(opcode) { return }
      let known: [UInt8: String] = [
        0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
        UInt8(ascii: "P"): "PERSID",
      ]
      let place = "at byte \(cursor.offset - 1)"
      if let name = known[opcode] {
        throw .fault(
          Fault(
            kind: .unsupported, expected: "the opcodes that torch.save writes", found: "\(name) \(place)",
            advice: "save the file again with a present torch.save"))
      }
      throw .fault(.damaged("a pickle opcode", "byte \(opcode) \(place)"))
    }
  }

  /// Sets are lists here.
  private mutating func set(_ opcode: UInt8) throws(StepFault) {
    switch opcode {
    case 0x8f: pushList([])  // EMPTY_SET
    case 0x90: try append(try popMark())  // ADDITEMS
    default: pushList(try popMark())  // FROZENSET
    }
  }
}
