import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite struct ComparisonTests {
  let scratch = Scratch()

  func checkpoint(_ name: String, _ sources: [TensorSource]) throws -> Checkpoint {
    try Checkpoint.write(sources, as: .pytorch, to: scratch(name))
    return try Checkpoint.open(scratch(name))
  }

  func difference<A: BitwiseCopyable, B: BitwiseCopyable>(
    _ left: (StoredType, [A]), _ right: (StoredType, [B])
  ) throws -> TensorDifference {
    func shape<T>(_ elements: [T], _ type: StoredType) -> [Int] {
      [elements.count * MemoryLayout<T>.size * 8 / type.bitWidth]
    }
    let first = try checkpoint(
      "a.pt", [TensorSource(name: "w", type: left.0, shape: shape(left.1, left.0), elements: left.1)])
    let second = try checkpoint(
      "b.pt", [TensorSource(name: "w", type: right.0, shape: shape(right.1, right.0), elements: right.1)])
    let all = try first.differences(from: second)
    #expect(all.count == 1)
    return try #require(all.first)
  }

  @Test func countsElementsAndZeros() throws {
    let one = try difference(
      (.f32, [1, 2, 0, -0.0, .nan, 5, .infinity, 8] as [Float]),
      (.f32, [1, 2.5, 3, 0, .nan, 0, .infinity, 8] as [Float]))
    #expect(one.comparedCount == 8 && one.differingCount == 3 && !one.isEqual && !one.hasSameBytes)
    #expect(one.largestDifference == 5 && one.meanDifference == 8.5 / 8)
    #expect(one.leftZeroCount == 2 && one.rightZeroCount == 2 && one.newZeroCount == 1 && one.lostZeroCount == 1)
  }

  @Test func signsOfZerosAreNoDifference() throws {
    let one = try difference((.f32, [1, 0] as [Float]), (.f32, [1, -0.0] as [Float]))
    #expect(one.isEqual && !one.hasSameBytes && one.largestDifference == nil)
    let same = try difference((.f32, [1, -0.0] as [Float]), (.f32, [1, -0.0] as [Float]))
    #expect(same.isEqual && same.hasSameBytes && same.leftZeroCount == 1)
  }

  @Test func infinityAndNaNAreDifferences() throws {
    let one = try difference((.f32, [1, 1] as [Float]), (.f32, [.infinity, .nan] as [Float]))
    #expect(one.differingCount == 2 && one.largestDifference == .infinity && one.meanDifference == nil)
  }

  @Test func typesMayDiffer() throws {
    let one = try difference((.f32, [0.5, 0.1] as [Float]), (.bf16, [0x3f00, 0x3dcd] as [UInt16]))
    #expect(one.comparedCount == 2 && one.differingCount == 1 && !one.isEqual && one.left?.type == .f32)
    #expect(one.largestDifference == Double(Float(bitPattern: 0x3dcd_0000)) - Double(Float(0.1)))
  }

  @Test func wholeNumbersBeyondDoublesDiffer() throws {
    let one = try difference((.i64, [1 << 60, 7] as [Int64]), (.i64, [1 << 60 + 1, 7] as [Int64]))
    #expect(one.differingCount == 1 && one.largestDifference == 1)
  }

  @Test func complexNumbersAreComparedAsBytes() throws {
    let one = try difference((.c64, [1, 2, 3, 4] as [Float]), (.c64, [1, 2, 3, 5] as [Float]))
    #expect(one.comparedCount == 2 && one.differingCount == 1 && one.largestDifference == nil)
    #expect(try difference((.c64, [1, 2] as [Float]), (.c64, [1, 2] as [Float])).isEqual)
    #expect(try !difference((.c64, [1, 2] as [Float]), (.c128, [1, 2] as [Double])).isEqual)
  }

  @Test func shapesAndMissingTensors() throws {
    func ones(_ name: String, _ shape: [Int]) -> TensorSource {
      TensorSource(name: name, type: .u8, shape: shape, bytes: Array(repeating: 1, count: shape.reduce(1, *)))
    }
    let left = try checkpoint("a.pt", [ones("x", [2, 3]), ones("y", [1]), ones("z", [])])
    let right = try checkpoint("b.pt", [ones("z", []), ones("x", [3, 2]), ones("n", [1])])
    let all = try left.differences(from: right)
    #expect(all.map(\.name) == ["x", "y", "z", "n"])
    #expect(all.map(\.isEqual) == [false, false, true, false])
    #expect(all[1].right == nil && all[3].left == nil && all[0].comparedCount == 0)
  }

  /// Masks and originals in one file, their products in the other, in whatever format.
  @Test func productsOfPrunedPairs() throws {
    let masks = try Checkpoint.open(Fixture.path("lenet_pruned90_masks.pt"))
    let removed = try Checkpoint.open(Fixture.path("lenet_pruned90_removed.safetensors"))
    for all in [try masks.differences(from: removed), try removed.differences(from: masks)] {
      #expect(all.count == 10 && all.allSatisfy { $0.isEqual && $0.hasSameBytes })
    }
    let dense = try Checkpoint.open(Fixture.path("lenet_dataparallel.pth"))
    let pruned = try dense.differences(from: masks).filter { !$0.isEqual }
    #expect(pruned.map(\.name) == ["conv1", "conv2", "fc1", "fc2", "fc3"].map { "\($0).weight" })
    #expect(pruned.map(\.newZeroCount) == [88, 1910, 43637, 9051, 637])
    #expect(try masks.differences(from: masks).count == 15)
  }

  @Test(.enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func findsWhatTorchFinds() throws {
    let paths = ["lenet.safetensors", "lenet_bf16.safetensors"].map(Fixture.path)
    let lines = try Python.run(
      """
      import sys
      from safetensors.torch import load_file
      a, b = load_file(sys.argv[1]), load_file(sys.argv[2])
      for name in a:
          d = (a[name].double() - b[name].double()).abs()
          print(name, int((d != 0).sum()), float(d.max()).hex(), float(d.mean()), sep="|")
      """, paths[0], paths[1])
    let all = try Checkpoint.open(paths[0]).differences(from: Checkpoint.open(paths[1]))
    #expect(lines.count == 10)
    for line in lines {
      let fields = line.split(separator: "|").map(String.init)
      let one = try #require(all.first { $0.name == fields[0] })
      #expect("\(one.differingCount)" == fields[1] && one.largestDifference == Double(fields[2]))
      #expect(abs((one.meanDifference ?? 0) / (try #require(Double(fields[3]))) - 1) < 1e-12)
    }
  }
}
