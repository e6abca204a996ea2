import Foundation
import ONNXFormat
import TestSupport
import Testing

@testable import Checkpoints

/// Damaged and hostile files by the thousand: each opens and reads, or throws a `CheckpointError`; none crashes, hangs or
/// hands out more than its file holds.
///
/// `BONSAI_FUZZ_COUNT` sets the number of inputs for each target, `BONSAI_FUZZ_SEED` the first seed (input n has the
/// seed n on from there, so that a finding can be repeated alone).
@Suite(.serialized) struct FuzzTests {
  static let count = number("BONSAI_FUZZ_COUNT") ?? 300
  static let firstSeed = number("BONSAI_FUZZ_SEED") ?? 1

  static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// Runs a target over its inputs and counts those that open.
  func fuzz(
    _ target: String = #function, _ input: (_ seed: UInt64) -> [UInt8], open: ([UInt8]) throws -> Checkpoint
  ) -> Int {
    var opened = 0
    var slowest = Duration.zero
    for seed in Self.firstSeed..<Self.firstSeed + Self.count {
      let bytes = input(UInt64(seed))
      let start = ContinuousClock.now
      do {
        try Self.readAll(try open(bytes), size: bytes.count)
        opened += 1
      } catch is CheckpointError {
      } catch {
        Issue.record("seed \(seed): another error: \(error)")
      }
      slowest = max(slowest, ContinuousClock.now - start)
      if slowest > .seconds(5) { Issue.record("seed \(seed): took longer than 5 seconds") }
    }
    if Self.number("BONSAI_FUZZ_COUNT") != nil {
      print("\(target): \(Self.count) inputs, \(opened) opened, the others refused; slowest \(slowest)")
    }
    return opened
  }

  static func readAll(_ checkpoint: Checkpoint, size: Int) throws {
    // Deflated members hold at most 1032 bytes for each of theirs.
    let most = max(checkpoint.format == .pytorch || checkpoint.format == .numpyArchive ? 1032 * size : size, 1 << 16)
    for tensor in checkpoint.tensors {
      #expect(tensor.byteCount <= most)
      let sum = try checkpoint.withBytes(of: tensor.name) { bytes in bytes.reduce(0) { $0 &+ Int($1) } }
      var again = 0
      try checkpoint.forEachBlock(of: tensor.name, size: 1000) { block, _ in
        again = block.reduce(again) { $0 &+ Int($1) }
      }
      #expect(sum == again)
    }
    _ = try? checkpoint.verify()
    _ = try checkpoint.differences(from: checkpoint)
  }

  @Test func safetensors() {
    let seeds = [
      "odd_tensors.safetensors", "bad_hole.safetensors", "bad_overlap.safetensors", "bad_dtype.safetensors",
      "bad_7bytes.safetensors",
    ].map(Fixture.bytes)
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      let file = seeds[mutator.number(below: 8) % seeds.count]
      var bytes = mutator.mutate(file, others: seeds, focus: 8..<max(8, min(file.count, 1240)))
      // Half of the time the length is made to fit again, so that the change reaches the scanner.
      if mutator.number(below: 2) == 0, bytes.count > 8, let end = bytes.lastIndex(of: UInt8(ascii: "}")), end > 8 {
        for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: (end - 7) >> (8 * index)) }
      }
      return bytes
    } open: {
      Checkpoint(try SafetensorsFile(bytes: $0))
    }
    #expect(opened > 0)
  }

  @Test func onnxModels() {
    let seeds = [Fixture.bytes("onnx/small.onnx"), Fixture.bytes("onnx/external/small.onnx")]
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      return mutator.mutate(seeds[mutator.number(below: 4) == 0 ? 1 : 0], others: seeds)
    } open: { bytes in
      let file = try ONNXFile(MappedFile(bytes: bytes, name: "m.onnx"))
      for tensor in file.model.graph.initializer { _ = try? file.bytes(of: tensor) }
      return Checkpoint(file)
    }
    #expect(opened > 0)
  }

  @Test func pytorchArchives() throws {
    let names = ["dtypes_p2", "dtypes_p4", "attr", "numpy", "two", "q", "sparse", "nocrc", "mixed", "expanded", "size"]
    // Without checksums, so that a changed pickle is read and not refused at once.
    let seeds = names.map { Self.withoutChecksums(Fixture.bytes("torch/\($0).pt")) }
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      let file = seeds[mutator.number(below: seeds.count)]
      let directory = mutator.number(below: 3) == 0
      return mutator.mutate(file, others: seeds, focus: directory ? file.count - 900..<file.count : 60..<1000)
    } open: {
      try Checkpoint.open(bytes: $0)
    }
    #expect(opened > 0)
  }

  /// Whole modules, TorchScript, objects beside weights, deflated members, NumPy's archives.
  @Test func otherArchives() throws {
    let names = ["module.pt", "scripted.pt", "beside.pt", "nested.pt", "deflated.pt", "arrays.npz", "compressed.npz"]
    let seeds = names.map { Self.withoutChecksums(Fixture.bytes("formats/\($0)")) }
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      let file = seeds[mutator.number(below: seeds.count)]
      let directory = mutator.number(below: 3) == 0
      return mutator.mutate(file, others: seeds, focus: directory ? file.count - 900..<file.count : 30..<1500)
    } open: {
      try Checkpoint.open(bytes: $0)
    }
    #expect(opened > 0)
  }

  @Test func tarAndNumPy() {
    let seeds = ["old.tar.pt", "fortran.npy"].map { Fixture.bytes("formats/\($0)") }
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      let file = seeds[mutator.number(below: seeds.count)]
      return mutator.mutate(file, others: seeds, focus: 0..<min(file.count, 6000))
    } open: {
      try Checkpoint.open(bytes: $0)
    }
    #expect(opened > 0)
  }

  @Test func legacyPyTorch() {
    let seeds = [
      "torch/dtypes_legacy_p2.pt", "torch/dtypes_legacy_p4.pt", "torch/views_legacy.pt", "torch/cuda_legacy.pt",
    ]
    .map(Fixture.bytes)
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      return mutator.mutate(seeds[mutator.number(below: seeds.count)], others: seeds, focus: 30..<460)
    } open: {
      try Checkpoint.open(bytes: $0)
    }
    #expect(opened > 0)
  }

  @Test func randomPickles() {
    let opened = fuzz { seed in
      var generator = PickleGenerator(seed: seed)
      return PickleGenerator.legacyFile(generator.pickle(length: 24))
    } open: {
      try Checkpoint.open(bytes: $0)
    }
    #expect(opened > 0)
  }

  @Test func shardIndices() throws {
    let scratch = Scratch()
    for name in ["a", "b"] {
      let source = TensorSource(name: "\(name).weight", type: .u8, shape: [3], bytes: [1, 2, 3])
      try SafetensorsWriter.write([source], to: scratch("\(name).safetensors"))
    }
    let seeds = [
      #"{"metadata":{"total_size":6,"k":"v"},"weight_map":{"a.weight":"a.safetensors","b.weight":"b.safetensors"}}"#,
      #"{"weight_map":{"a.weight":"a.safetensors","b.weight":"../b.safetensors"},"x":[1,{"y":null}]}"#,
    ].map { Array($0.utf8) }
    let path = scratch("model.safetensors.index.json")
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      return mutator.mutate(seeds[mutator.number(below: seeds.count)], others: seeds)
    } open: {
      try Data($0).write(to: URL(fileURLWithPath: path))
      return Checkpoint(try ShardedSafetensors(indexPath: path))
    }
    #expect(opened > 0)
  }

  @Test func packedCheckpoints() throws {
    let scratch = Scratch()
    let sources = [
      TensorSource(
        name: "a.weight", type: .f32, shape: [5, 40], elements: (0..<200).map { $0 % 9 == 0 ? Float($0) : 0 }),
      TensorSource(
        name: "b.weight", type: .f16, shape: [90], elements: (0..<90).map { $0 % 7 == 0 ? UInt16(0x8000) : 0 }),
    ]
    try SafetensorsWriter.write(sources, to: scratch("dense.safetensors"))
    let plan = try SparseBitmask.plan(packing: Checkpoint.open(scratch("dense.safetensors")))
    #expect(plan.packed == ["a.weight", "b.weight"])
    try plan.write(to: scratch("packed.safetensors"))
    let seeds = [[UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch("packed.safetensors"))))]
    let header = 8 + Int(seeds[0][0]) + Int(seeds[0][1]) << 8
    let opened = fuzz { seed in
      var mutator = Mutator(seed: seed)
      return mutator.mutate(seeds[0], others: seeds, focus: header..<seeds[0].count)
    } open: { bytes in
      let checkpoint = try Checkpoint.open(bytes: bytes)
      for source in try SparseBitmask.sources(unpacking: checkpoint) {
        var count = 0
        try source.produce { count += $0.count }
        #expect(count == source.spec.type.byteCount(shape: source.spec.shape))
      }
      return checkpoint
    }
    #expect(opened > 0)
  }

  @Test func packedTensors() throws {
    let dense = try Checkpoint.open(Fixture.path("torch/dtypes_p2.pt"))
    let sources = dense.tensors.filter { $0.type.isSafetensors }.map { tensor in
      TensorSource(name: "\(tensor.name).weight", type: tensor.type, shape: [6]) { consume in
        try dense.withBytes(of: tensor.name, consume)
      }
    }
    var parts: [SparseBitmask.Parts] = []
    for source in sources {
      try source.produce { parts.append(try SparseBitmask.pack($0, type: source.spec.type, shape: [2, 3])) }
    }
    for seed in Self.firstSeed..<Self.firstSeed + Self.count {
      var mutator = Mutator(seed: UInt64(seed))
      var part = parts[mutator.number(below: parts.count)]
      let others = [part.compressed, part.bitmask]
      switch mutator.number(below: 6) {
      case 0: part.compressed = mutator.mutate(part.compressed, others: others)
      case 1: part.bitmask = mutator.mutate(part.bitmask, others: others)
      case 2: part.negativeZeros = mutator.mutate(part.bitmask, others: others)
      case 3: part.rowOffsets[mutator.number(below: 2)] = Int64(mutator.number(below: 5)) - 2
      case 4:
        part.shape =
          [[3, 2], [6], [1 << 60, 1 << 60], [-1, 6], [0, 6], [2, 3, 1], [.max]][mutator.number(below: 7)]
      default: part.type = StoredType.allCases[mutator.number(below: StoredType.allCases.count)]
      }
      guard let bytes = try? SparseBitmask.unpack(part) else { continue }
      #expect(bytes.count == part.type.byteCount(shape: part.shape))
    }
  }

  /// The archive with a checksum of its member `version` that does not fit, as torch writes them all with
  /// `set_crc32_options(False)`.
  static func withoutChecksums(_ archive: [UInt8]) -> [UInt8] {
    var bytes = archive
    let name = Array("/version".utf8)
    for place in bytes.indices where bytes[place...].starts(with: name) {
      // The directory's record begins 46 bytes before its name, which "archive" or the like begins.
      let start = (0..<120).map { place - $0 }.first { $0 >= 0 && bytes[$0...].starts(with: [0x50, 0x4b, 1, 2]) }
      if let start { bytes[start + 16] ^= 0xff }
    }
    return bytes
  }
}
