import Checkpoints
import TestSupport
import Testing

/// Pickles that no `torch.save` writes: what fuzzing has found, and what an attacker would try.
@Suite struct HostilePickleTests {
  func open(_ pickle: [UInt8], withStorages: Bool = false) throws -> Checkpoint {
    let pickle = [0x80, 2] + pickle + Array(".".utf8)
    return try Checkpoint.open(bytes: PickleGenerator.legacyFile(pickle, withStorages: withStorages))
  }

  /// A dictionary of one tensor "w" on a storage of 24 floats 0, 1, 2, ... bytes.
  func tensor(_ shape: [Int], _ strides: [Int], offset: Int = 0, count: Int = 24) throws -> Checkpoint {
    let opcodes = PickleGenerator.tensor(storage: 0, count: count, offset: offset, shape: shape, strides: strides)
    return try open(Array("}X\u{1}\0\0\0w".utf8) + opcodes + Array("s".utf8), withStorages: true)
  }

  /// Found by fuzzing: the stride of a dimension of 1 was added up and overflowed.
  @Test func theStrideOfADimensionOfOneSaysNothing() throws {
    let checkpoint = try tensor([2, 1, 2], [4, .max, 2])
    #expect(checkpoint["w"]?.strides == [4, 1, 2])
    #expect(
      try checkpoint.withBytes(of: "w") { Array($0) } == [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27])
    #expect(try tensor([1, 3], [.max, 1])["w"]?.strides == nil)
  }

  @Test(arguments: [
    ([4, 6], [6, 1], 1), ([25], [1], 0), ([2], [24], 0), ([2], [Int.max], 0), ([3, 3], [Int.max / 2, Int.max / 2], 0),
    ([1], [1], 24), ([1], [1], Int.max), ([2, 2], [1, 23], 0),
  ])
  func tensorsStayWithinTheirStorage(shape: [Int], strides: [Int], offset: Int) {
    let text = sentence { _ = try tensor(shape, strides, offset: offset) }
    #expect(text.contains("expected tensor \"w\" within the 24 elements of its storage"), "\(text)")
  }

  @Test func numbersOutOfRangeAreRefused() {
    #expect(sentence { _ = try tensor([-1], [1]) }.contains("shape, strides and offset of 0 or more"))
    #expect(sentence { _ = try tensor([1], [-1]) }.contains("shape, strides and offset of 0 or more"))
    #expect(sentence { _ = try tensor([1], [1], offset: -1) }.contains("shape, strides and offset of 0 or more"))
    #expect(sentence { _ = try tensor([1, 1], [1]) }.contains("shape, strides and offset of 0 or more"))
    #expect(sentence { _ = try tensor([1], [1], count: -1) }.contains("a persistent id"))
    #expect(sentence { _ = try tensor([1], [1], count: 25) }.contains("expected 25 elements of tensor \"w\"'s storage"))
    #expect(sentence { _ = try tensor([1], [1], count: .max) }.contains("elements of tensor \"w\"'s storage"))
    let manyDimensions = [Int](repeating: 1, count: 65)
    #expect(sentence { _ = try tensor(manyDimensions, manyDimensions) }.contains("torch._utils._rebuild_tensor"))
  }

  /// Strides of 0 repeat elements; a tensor must not grow beyond its file by them.
  @Test func expandedTensorsMayNotOutgrowTheFile() throws {
    #expect(try tensor([100, 24], [0, 1])["w"]?.byteCount == 9600)
    #expect(
      sentence { _ = try tensor([1 << 40], [0]) }.contains(
        "expected a tensor no larger than the file, found shape [1099511627776] of \"w\""))
    #expect(
      sentence { _ = try tensor([1 << 40, 1 << 40], [0, 0]) }.contains("expected a tensor no larger than the file"))
  }

  @Test func nestingOfAnyDepthNeitherRecursesNorGrows() throws {
    // A million lists in each other, released without recursion.
    let deep =
      [UInt8](repeating: UInt8(ascii: "]"), count: 1_000_000) + [UInt8](repeating: UInt8(ascii: "a"), count: 999_999)
    #expect(sentence { _ = try open(deep) }.contains("one of too many small objects"))
    let tuples = Array("N".utf8) + [UInt8](repeating: 0x85, count: 4000)
    #expect(sentence { _ = try open(tuples) }.contains("expected a dictionary of tensors, found a tuple of 1"))
    let cycle = Array("}q\u{0}X\u{5}\0\0\0modelh\u{0}s".utf8)
    #expect(sentence { _ = try open(cycle) }.contains("expected tensors by name, found none among 1 members"))
    // Doubling a tuple of itself 64 times is 2^64 elements for whoever walks it.
    let laughs = Array(")".utf8) + (0..<64).flatMap { _ in [UInt8(ascii: "2"), 0x86] }
    #expect(sentence { _ = try open(laughs) }.contains("found a tuple of 2"))
  }

  /// Naming one long list again and again must not copy it every time.
  @Test func repeatedUseOfALongListStaysLinear() throws {
    let pairs = (0..<100_000).flatMap { _ in Array("h\u{2}".utf8) }
    let list = Array("NN".utf8) + [0x86] + Array("q\u{2}(".utf8) + pairs + Array("tq\u{0}0".utf8)
    for function in ["torch\nSize", "collections\nOrderedDict", "torch._utils\n_rebuild_tensor_v2"] {
      let call =
        Array("c\(function)\nq\u{1}0".utf8)
        + (0..<20_000).flatMap { _ in Array("h\u{1}h\u{0}".utf8) + [0x85] + Array("R0".utf8) }
      let start = ContinuousClock.now
      _ = try? open(list + call + Array("}".utf8))
      #expect(ContinuousClock.now - start < .seconds(10))
    }
  }

  @Test(arguments: [
    ("cos\nsystem\n", "the name \"os.system\", which can run code"),
    ("cbuiltins\neval\n", "the name \"builtins.eval\", which can run code"),
    ("c__builtin__\n__import__\n", "the name \"__builtin__.__import__\", which can run code"),
    ("ctorch.hub\nload\n", "found the name \"torch.hub.load\""),
    ("cevil\u{1b}[31m\nx\n)R", "an object of \"evil\\u{1B}[31m.x\""),
    ("(ios\nsystem\n", "\"os.system\""), ("(iposix\nsystem\n", "\"posix.system\""),
    ("(cos\nsystem\no", "\"os.system\""), ("\u{1}", "byte 1 at byte"),
    ("R", "a value on the pickle's stack"), ("t", "a value on the pickle's stack"), ("h\u{7}", "none of number 7"),
    ("}}R", "a known function"), ("K\u{1}K\u{2}s", "a value on the pickle's stack"),
    ("X\u{ff}\0\0\0ab", "a whole pickle"),
    ("K\u{1}Q", "a persistent id"), ("Nb", "a value on the pickle's stack"), ("N}b", "the arguments of BUILD"),
  ])
  func refuses(opcodes: String, expected: String) {
    let bytes = opcodes.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let text = sentence { _ = try open(bytes) }
    #expect(text.contains(expected), "\(text)")
  }

  @Test func aNameGivenTwiceCountsOnceAsInPython() throws {
    let name = Array("X\u{1}\0\0\0w".utf8)
    let first = PickleGenerator.tensor(storage: 0, count: 24, offset: 0, shape: [2], strides: [1])
    let second = PickleGenerator.tensor(storage: 0, count: 24, offset: 0, shape: [3], strides: [1])
    let twice = Array("}(".utf8) + name + first + name + second + Array("u".utf8)
    #expect(try open(twice, withStorages: true).tensors.map(\.shape) == [[3]])
    let composed = [UInt8(ascii: "X"), 2, 0, 0, 0] + Array("\u{e9}".utf8)
    let decomposed = [UInt8(ascii: "X"), 3, 0, 0, 0] + Array("e\u{301}".utf8)
    let same = Array("}(".utf8) + composed + first + decomposed + second + Array("u".utf8)
    #expect(sentence { _ = try open(same, withStorages: true) }.contains("expected each name once, found \"é\" twice"))
  }

  @Test func refusesOtherProtocols() {
    let file = PickleGenerator.legacyFile([0x80, 6, UInt8(ascii: "}"), UInt8(ascii: ".")])
    #expect(
      sentence { _ = try Checkpoint.open(bytes: file) }
        == "read PyTorch file 'memory': expected pickle protocol 0 to 5, found 6; "
        + "save the file again with a present torch.save")
  }
}
