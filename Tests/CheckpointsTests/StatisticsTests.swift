import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct StatisticsTests {
  let scratch = Scratch()

  func statistics(_ source: TensorSource) throws -> TensorStatistics {
    try Checkpoint.write([source], as: .pytorch, to: scratch("one.pt"))
    return try Checkpoint.open(scratch("one.pt")).statistics(of: source.spec.name)
  }

  /// Every code of the types of 8 and 16 bits, and odd numbers of the wider ones, against what torch makes of them.
  @Test(.enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func countsWhatTorchCounts() throws {
    var random = SeededGenerator(3)
    let special: [Double] = [
      0, -0.0, .nan, .infinity, -.infinity, 1, -1, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      .leastNormalMagnitude / 8, 3, 4, 5,
    ]
    var sources: [TensorSource] = []
    for type in StoredType.allCases where type.isSafetensors && type.byteCount != nil && type != .c64 {
      let values: [UInt8]
      switch type.bitWidth {
      case 8: values = (0...255).map { type == .bool ? $0 & 1 : $0 }
      case 16: values = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
      default: values = (0..<40_000).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
      sources.append(
        TensorSource(name: type.name, type: type, shape: [values.count * 8 / type.bitWidth], bytes: values))
    }
    sources.append(TensorSource(name: "special64", type: .f64, shape: [13], elements: special))
    sources.append(TensorSource(name: "special32", type: .f32, shape: [13], elements: special.map { Float($0) }))
    sources.append(TensorSource(name: "large", type: .i64, shape: [4], elements: [.min, .max, 0, -3] as [Int64]))
    try SafetensorsWriter.write(sources, to: scratch("all.safetensors"))
    let lines = try Python.run(
      """
      import collections, math, sys, torch
      from safetensors.torch import load_file
      for name, tensor in load_file(sys.argv[1]).items():
          lowest = -10000
          if tensor.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
              lowest = math.frexp(torch.finfo(tensor.dtype).tiny)[1] - 2
          values = [float(v) if tensor.is_floating_point() else v for v in tensor.to(torch.float64).tolist()] \\
              if tensor.is_floating_point() else tensor.tolist()
          nan = sum(v != v for v in values)
          inf = sum(abs(v) == math.inf for v in values)
          rest = [abs(v) for v in values if v == v and abs(v) != math.inf and v != 0]
          zero = len(values) - nan - inf - len(rest)
          bins = collections.Counter(
              max(lowest, int(v).bit_length() - 1 if type(v) is not float else math.frexp(v)[1] - 1) for v in rest)
          print(name, len(values), zero, nan, inf, float(min(rest)).hex(), float(max(rest)).hex(),
                ",".join(f"{k}:{bins[k]}" for k in sorted(bins)), sep="|")
      """, scratch("all.safetensors"))
    let checkpoint = try Checkpoint.open(scratch("all.safetensors"))
    #expect(lines.count == sources.count)
    for line in lines {
      let fields = line.split(separator: "|").map(String.init)
      let found = try checkpoint.statistics(of: fields[0])
      let counts = [found.elementCount, found.zeroCount, found.nanCount, found.infinityCount]
      #expect(counts == fields[1...4].map { Int($0) }, "\(line)")
      #expect(found.smallest == Double(fields[5]) && found.largest == Double(fields[6]), "\(fields[0])")
      let bins = found.magnitudes.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
      #expect(bins.joined(separator: ",") == fields[7], "\(fields[0])")
    }
  }

  @Test func complexNumbersCountByTheirParts() throws {
    let parts: [Float] = [0, 0, -0.0, 0, 0, 2, .nan, 1, 3, .infinity]
    let found = try statistics(TensorSource(name: "c", type: .c64, shape: [5], elements: parts))
    #expect(found.elementCount == 5 && found.zeroCount == 2 && found.nanCount == 1 && found.infinityCount == 1)
    #expect(found.smallest == 1 && found.largest == 3 && found.magnitudes == [0: 1, 1: 2])
  }

  @Test func emptyAndPackedTypesHaveNoNumbers() throws {
    #expect(try statistics(TensorSource(name: "e", type: .f32, shape: [0, 3], bytes: [])) == TensorStatistics())
    try SafetensorsWriter.write(
      [TensorSource(name: "f", type: .f4, shape: [4], bytes: [1, 0])], to: scratch("f.safetensors"))
    let found = try Checkpoint.open(scratch("f.safetensors")).statistics(of: "f")
    #expect(found.elementCount == 4 && found.zeroCount == 0 && found.largest == nil && found.magnitudes == [:])
  }

  /// More than one block, so that what one leaves behind shows in the next.
  @Test func blocksAddUp() throws {
    let values = (0..<600_000).map { $0 % 3 == 0 ? Float(0) : Float($0) }
    let found = try statistics(TensorSource(name: "w", type: .f32, shape: [600_000], elements: values))
    #expect(found.zeroCount == 200_000 && found.smallest == 1 && found.largest == 599_999)
    #expect(found.magnitudes.values.reduce(0, +) == 400_000)
    var sum = found
    sum += found
    #expect(sum.zeroCount == 400_000 && sum.sparsity == found.sparsity && sum.largest == found.largest)
  }

  @Test func prunedPairsAreRecognised() throws {
    let checkpoint = try Checkpoint.open(Fixture.path("lenet_pruned90_masks.pt"))
    let pairs = checkpoint.prunedPairs
    #expect(pairs.map(\.name) == ["conv1", "conv2", "fc1", "fc2", "fc3"].map { "\($0).weight" })
    let counts = try pairs.map { try #require(try checkpoint.statistics(of: $0)).prunedCount }
    #expect(counts == [88, 1910, 43637, 9051, 637])
    #expect(try Checkpoint.open(Fixture.path("lenet.safetensors")).prunedPairs == [])
  }
}
