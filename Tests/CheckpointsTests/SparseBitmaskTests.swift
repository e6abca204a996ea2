import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct SparseBitmaskTests {
  let scratch = Scratch()

  @Test func packsAsCompressedTensorsDoes() throws {
    // bitmask_compress(torch.tensor([[0, 0, 0, 1, 0, 0, 0, 0, 2], [3, 0, -0.0, 0, 0, 0, 0, 4, 0]]))
    let values: [Float] = [0, 0, 0, 1, 0, 0, 0, 0, 2, 3, 0, -0.0, 0, 0, 0, 0, 4, 0]
    let parts = try values.withUnsafeBytes { try SparseBitmask.pack($0, type: .f32, shape: [2, 9]) }
    #expect(parts.bitmask == [0b0000_1000, 1, 0b1000_0001, 0])
    #expect(parts.rowOffsets == [0, 2])
    #expect(parts.compressed == ([1, 2, 3, 4] as [Float]).withUnsafeBytes { Array($0) })
    // Ours on top: where the zero is negative.
    #expect(parts.negativeZeros == [0, 0, 0b0000_0100, 0])
    #expect(parts.byteCount == 16 + 4 + 4 + 16 + 16)
    #expect(try SparseBitmask.unpack(parts) == values.withUnsafeBytes { Array($0) })
    var others = parts
    others.negativeZeros = nil
    #expect(try SparseBitmask.unpack(others) == values.map { $0 == 0 ? 0 : $0 }.withUnsafeBytes { Array($0) })
  }

  static let shapes: [[Int]] = [
    [], [0], [1], [7], [8], [9, 1], [1, 9], [3, 0, 4], [0, 3], [5, 3, 3, 3], [4, 16], [3, 1000],
  ]

  @Test(arguments: shapes)
  func givesBackTheSameBytes(shape: [Int]) throws {
    var random = SeededGenerator(7)
    for type in StoredType.allCases where type.byteCount != nil {
      let count = shape.reduce(1, *)
      let width = type.byteCount ?? 1
      var bytes: [UInt8] = []
      for _ in 0..<count {
        let keep = Int.random(in: 0..<4, using: &random) == 0
        bytes += (0..<width).map { _ in keep ? UInt8.random(in: 0...255, using: &random) : 0 }
      }
      let parts = try bytes.withUnsafeBytes { try SparseBitmask.pack($0, type: type, shape: shape) }
      #expect(try SparseBitmask.unpack(parts) == bytes)
      #expect(parts.bitmask.count == (shape.dropLast().reduce(1, *)) * (((shape.last ?? 1) + 7) / 8))
    }
  }

  @Test func refusesPartsThatContradictEachOther() throws {
    let bytes: [UInt8] = [0, 1, 0, 2, 3, 0, 0, 0, 4, 5]
    let good = try bytes.withUnsafeBytes { try SparseBitmask.pack($0, type: .u8, shape: [2, 5]) }
    func refused(_ change: (inout SparseBitmask.Parts) -> Void) -> String {
      var parts = good
      change(&parts)
      return sentence { _ = try SparseBitmask.unpack(parts) }
    }
    #expect(refused { $0.bitmask = [0x2a, 0x18] }.contains("zeros behind the last element"))
    #expect(refused { $0.bitmask[1] |= 2 }.contains("expected 6 bytes of values"))
    #expect(refused { $0.bitmask[1] = 0 }.contains("expected 3 bytes of values"))
    #expect(refused { $0.bitmask.removeLast() }.contains("bits that fit U8 of shape [2, 5]"))
    #expect(refused { $0.negativeZeros = [2, 0] }.contains("one that is both"))
    #expect(refused { $0.negativeZeros = [0, 0x20] }.contains("zeros behind the last element"))
    #expect(refused { $0.negativeZeros = [0] }.contains("bits that fit"))
    #expect(refused { $0.rowOffsets[1] = 2 }.contains("row offset 3 for row 1"))
    #expect(refused { $0.rowOffsets.removeLast() }.contains("2 row offsets, found 5 and 1"))
    #expect(refused { $0.compressed.append(0) }.contains("expected 5 bytes of values"))
    #expect(refused { $0.shape = [1 << 62, 0] }.contains("bits that fit"))
    #expect(refused { $0.shape = [-1] }.contains("bits that fit"))
    #expect(refused { $0.type = .f4 }.contains("bits that fit"))
    #expect(
      sentence { try bytes.withUnsafeBytes { _ = try SparseBitmask.pack($0, type: .u8, shape: [3]) } }
        .contains("expected the bytes of U8 of shape [3], found 10 bytes"))
  }

  @Test func packsAndUnpacksACheckpoint() throws {
    let input = try Checkpoint.open(Fixture.path("lenet_pruned90_removed.safetensors"))
    try Checkpoint.write(input.sources(), as: .safetensors, to: scratch("dense.safetensors"), metadata: ["k": "v"])
    let dense = try Checkpoint.open(scratch("dense.safetensors"))
    let plan = try SparseBitmask.plan(packing: dense)
    #expect(plan.packed == ["conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight", "fc3.weight"])
    #expect(plan.packedByteCount < plan.denseByteCount / 5)
    try plan.write(to: scratch("packed.safetensors"))
    let packed = try Checkpoint.open(scratch("packed.safetensors"))
    #expect(SparseBitmask.isPacked(packed) && !SparseBitmask.isPacked(dense))
    #expect(packed.tensors.reduce(0) { $0 + $1.byteCount } == plan.packedByteCount)
    #expect(packed["conv2.weight:bitmask"]?.shape == [1, 300] && packed["fc2.bitmask"]?.shape == [84, 15])
    try Checkpoint.write(
      SparseBitmask.sources(unpacking: packed), as: .safetensors, to: scratch("again.safetensors"),
      metadata: packed.metadata)
    let files = ["dense.safetensors", "again.safetensors"].map {
      try? Data(contentsOf: URL(fileURLWithPath: scratch($0)))
    }
    #expect(files[0] != nil && files[0] == files[1])
  }

  @Test func tensorsOfAnyNameArePacked() throws {
    let values: [Float] = (0..<400).map { $0 % 20 == 0 ? 1 : 0 }
    let names = ["cell.weight_ih", "weight", "fc.weight", "fc.weight_mask", ".weight", "fc.shape", "x:shape"]
    let sources = names.map { TensorSource(name: $0, type: .f32, shape: [4, 100], elements: values) }
    try Checkpoint.write(sources, as: .safetensors, to: scratch("dense.safetensors"))
    let dense = try Checkpoint.open(scratch("dense.safetensors"))
    let plan = try SparseBitmask.plan(packing: dense)
    // The name of a part of fc.weight is taken.
    #expect(plan.packed == names.filter { $0 != "fc.weight" })
    #expect(plan.tensors.prefix(2).map(\.name) == ["cell.weight_ih:shape", "cell.weight_ih:compressed"])
    try plan.write(to: scratch("packed.safetensors"))
    let packed = try Checkpoint.open(scratch("packed.safetensors"))
    // Parts are not packed again.
    #expect(try SparseBitmask.plan(packing: packed).packed == ["fc.weight"])
    let unpacked = try SparseBitmask.sources(unpacking: packed)
    try Checkpoint.write(unpacked, as: .safetensors, to: scratch("again.safetensors"))
    let files = ["dense.safetensors", "again.safetensors"].map {
      try? Data(contentsOf: URL(fileURLWithPath: scratch($0)))
    }
    #expect(files[0] != nil && files[0] == files[1])
  }

  @Test func aDenseCheckpointStaysAsItIs() throws {
    let dense = try Checkpoint.open(Fixture.path("lenet.safetensors"))
    let plan = try SparseBitmask.plan(packing: dense)
    #expect(plan.packed == [])
    #expect(plan.tensors == dense.tensors.map(\.spec))
    #expect(plan.packedByteCount == plan.denseByteCount)
  }

  @Test func longRowsAndManyShortOnesGoInBlocks() throws {
    var random = SeededGenerator(11)
    func sparse(_ count: Int) -> [UInt16] {
      (0..<count).map { _ in
        UInt8.random(in: 0..<10, using: &random) == 0 ? UInt16.random(in: 0..<9, using: &random) : 0
      }
    }
    let sources = [
      TensorSource(name: "long.weight", type: .f16, shape: [1, 1_060_003], elements: sparse(1_060_003)),
      TensorSource(name: "short.weight", type: .bf16, shape: [70_000, 9], elements: sparse(630_000)),
    ]
    try Checkpoint.write(sources, as: .safetensors, to: scratch("dense.safetensors"))
    let dense = try Checkpoint.open(scratch("dense.safetensors"))
    let plan = try SparseBitmask.plan(packing: dense)
    #expect(plan.packed == ["long.weight", "short.weight"])
    try plan.write(to: scratch("packed.safetensors"))
    let unpacked = try SparseBitmask.sources(unpacking: Checkpoint.open(scratch("packed.safetensors")))
    try Checkpoint.write(unpacked, as: .safetensors, to: scratch("again.safetensors"))
    let again = try Checkpoint.open(scratch("again.safetensors"))
    for tensor in dense.tensors {
      let same = try dense.withBytes(of: tensor.name) { first in
        try again.withBytes(of: tensor.name) { second in first.elementsEqual(second) }
      }
      #expect(same)
    }
  }

  @Test(arguments: [
    ("conv1.weight:bitmask", "bytes of bits"), ("conv1.weight:row_offsets", "row offsets"),
    ("fc1.shape", "a shape as I64"), ("fc1.compressed", "values"),
  ])
  func refusesADamagedCheckpoint(name: String, expected: String) throws {
    let dense = try Checkpoint.open(Fixture.path("lenet_pruned90_removed.safetensors"))
    try SparseBitmask.plan(packing: dense).write(to: scratch("packed.safetensors"))
    let sources = try Checkpoint.open(scratch("packed.safetensors")).sources().map { source in
      source.spec.name == name ? TensorSource(name: name, type: .f32, shape: [1], bytes: [0, 0, 0, 0]) : source
    }
    try Checkpoint.write(sources, as: .safetensors, to: scratch("bad.safetensors"))
    let text = sentence {
      let sources = try SparseBitmask.sources(unpacking: Checkpoint.open(scratch("bad.safetensors")))
      try Checkpoint.write(sources, as: .safetensors, to: scratch("out.safetensors"))
    }
    #expect(text.hasPrefix("unpack tensor \"\(name.prefix(2))") && text.contains(" of 'bad.safetensors': expected"))
    #expect(text.contains(expected))
    #expect(scratch.names == ["bad.safetensors", "packed.safetensors"])
  }
}
