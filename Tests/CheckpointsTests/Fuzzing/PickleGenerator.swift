import TestSupport

/// Writes random pickles of real opcodes, so that every branch of the unpickler is reached with plausible stacks.
struct PickleGenerator {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed) }

  private static let names = [
    "collections\nOrderedDict\n", "torch._utils\n_rebuild_tensor_v2\n", "torch._utils\n_rebuild_tensor_v3\n",
    "torch._utils\n_rebuild_tensor\n", "torch._utils\n_rebuild_parameter\n", "torch\nFloatStorage\n",
    "torch\nHalfStorage\n", "torch.storage\nUntypedStorage\n", "torch\nfloat8_e5m2\n", "torch\nSize\n",
    "torch._tensor\n_rebuild_from_type_v2\n", "torch\nTensor\n", "torch._utils\n_rebuild_qtensor\n",
    "numpy\ndtype\n", "builtins\nset\n", "collections\ndefaultdict\n", "posix\nsystem\n", "builtins\nlist\n",
    "project\nNet\n", "copyreg\n_reconstructor\n", "functools\npartial\n", "__torch__\nM\n",
  ]
  private static let texts = [
    "storage", "0", "1", "cpu", "cuda:0", "w", "state_dict", "_metadata", "version", "", "é", "_parameters", "_buffers",
    "_modules",
  ]
  private static let opcodes: [UInt8] =
    Array("(012NKMJXUC)t]lae}dsuqrhjcRbQo.".utf8)
    + [
      0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x93, 0x94, 0x95, 0x81, 0x92, 0x96,
    ]

  private mutating func number(below limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

  private mutating func text() -> [UInt8] { Array(Self.texts[number(below: Self.texts.count)].utf8) }

  /// A tensor as torch.save writes it, with numbers that need not fit.
  private mutating func tensor() -> [UInt8] {
    let wild = [0, 1, 2, 3, 4, 24, -1, 1 << 31, 1 << 62, .max, .min]
    var values: [Int] = []
    for _ in 0..<8 { values.append(number(below: 3) == 0 ? wild[number(below: wild.count)] : number(below: 5)) }
    return Self.tensor(
      storage: number(below: 2), count: number(below: 2) == 0 ? 24 : values[0], offset: values[1],
      shape: [values[2], values[3]], strides: [values[4], values[5]])
  }

  /// The opcodes of a float32 tensor on storage "0" or "1".
  static func tensor(storage: Int, count: Int, offset: Int, shape: [Int], strides: [Int]) -> [UInt8] {
    func int(_ value: Int) -> [UInt8] { [0x8a, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    func tuple(_ values: [Int]) -> [UInt8] { Array("(".utf8) + values.flatMap(int) + Array("t".utf8) }
    let function =
      "ctorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nFloatStorage\nX\u{1}\0\0\0\(storage)"
    return Array((function + "X\u{3}\0\0\0cpu").utf8) + int(count) + Array("tQ".utf8) + int(offset) + tuple(shape)
      + tuple(strides) + [0x89] + Array("ccollections\nOrderedDict\n)RtR".utf8)
  }

  /// A pickle of up to `length` steps.
  ///
  /// Every other one is a dictionary of tensors with at most one opcode that does not belong there.
  mutating func pickle(length: Int) -> [UInt8] {
    let isOrderly = number(below: 2) == 0
    var bytes: [UInt8] = [0x80, 2] + (isOrderly || number(below: 2) == 0 ? Array("}(".utf8) : [])
    for step in 0..<(isOrderly ? 1 + number(below: 4) : number(below: length)) {
      if isOrderly ? step < 3 : number(below: 8) == 0 {
        bytes += Array("X\u{1}\0\0\0w".utf8) + tensor()
        continue
      }
      let opcode = Self.opcodes[number(below: Self.opcodes.count)]
      bytes.append(opcode)
      switch opcode {
      case UInt8(ascii: "K"), UInt8(ascii: "q"), UInt8(ascii: "h"): bytes.append(UInt8(number(below: 6)))
      case UInt8(ascii: "M"): bytes += [UInt8(number(below: 256)), 0]
      case UInt8(ascii: "J"), UInt8(ascii: "r"), UInt8(ascii: "j"): bytes += [UInt8(number(below: 6)), 0, 0, 0]
      case UInt8(ascii: "X"), 0x8b:
        let text = text()
        bytes += [UInt8(text.count), 0, 0, 0] + text
      case UInt8(ascii: "U"), UInt8(ascii: "C"), 0x8c, 0x8a:
        let text = text()
        bytes += [UInt8(text.count)] + text
      case 0x8d, 0x8e, 0x96:
        let text = text()
        bytes += [UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text
      case 0x95: bytes += [UInt8](repeating: 0, count: 8)
      case UInt8(ascii: "c"): bytes += Array(Self.names[number(below: Self.names.count)].utf8)
      default: break
      }
    }
    return bytes + Array((isOrderly || number(below: 2) == 0 ? "u." : ".").utf8)
  }

  /// A file of the legacy layout around a pickle: magic number, version, facts, value, keys "0" and "1", storages
  /// of 24 float32 each; or no keys and storages.
  static func legacyFile(_ pickle: [UInt8], withStorages: Bool = true) -> [UInt8] {
    let magic: [UInt8] = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
    let version: [UInt8] = [0x80, 2, UInt8(ascii: "M"), 0xe9, 3, 0x2e]
    let facts: [UInt8] = [0x80, 2] + Array("}.".utf8)
    if !withStorages { return magic + version + facts + pickle + [0x80, 2] + Array("].".utf8) }
    let keys: [UInt8] = [0x80, 2] + Array("](X\u{1}\0\0\00X\u{1}\0\0\01e.".utf8)
    let storage: [UInt8] = [24, 0, 0, 0, 0, 0, 0, 0] + (0..<96).map { UInt8($0) }
    return magic + version + facts + pickle + keys + storage + storage
  }
}
