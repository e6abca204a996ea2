import Checkpoints
import Foundation
import Testing

/// Exported models written from nothing. That Python reads them is tested with the graphs in them.
@Suite struct PT2ArchiveTests {
  private func write(_ weights: [PT2Tensor], to path: String) throws {
    try PT2Archive.write(
      to: path, graph: Array("{}".utf8), weights: weights,
      constants: [PT2Tensor(TensorSource(name: "c", type: .i64, shape: [2], elements: [1, 2] as [Int64]))],
      inputs: [TensorSource(name: "0", type: .f32, shape: [1], elements: [1] as [Float])])
  }

  private func path() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-\(UUID().uuidString).pt2").path
  }

  @Test func whatIsWrittenIsRead() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let source = TensorSource(name: "a.weight", type: .f32, shape: [2, 2], elements: [1, 2, 3, 4] as [Float])
    var tied = source
    tied.spec.name = "b.weight"
    try write(
      [
        PT2Tensor(source, isParameter: true, requiresGrad: true),
        PT2Tensor(tied, isParameter: true, requiresGrad: true, sharing: "a.weight"),
        PT2Tensor(TensorSource(name: "n", type: .i64, shape: [], elements: [7] as [Int64])),
      ], to: path)
    let file = try PT2File(path: path)
    #expect(file.tensors.map(\.name) == ["a.weight", "b.weight", "n"])
    #expect(file["a.weight"]?.byteRange == file["b.weight"]?.byteRange)
    #expect(file.isParameter("a.weight") == (true, true) && file.isParameter("n") == (false, false))
    #expect(try file.withBytes(of: "b.weight") { Array($0.bindMemory(to: Float.self)) } == [1, 2, 3, 4])
    #expect(file.constants.map(\.name) == ["c"])
    #expect(try file.graphText() == Array("{}".utf8))
    #expect(try Checkpoint(file).verify().findings.isEmpty)
  }

  @Test func aFailingWriteLeavesTheTarget() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("before".utf8).write(to: URL(fileURLWithPath: path))
    let short = TensorSource(name: "a", type: .f32, shape: [3], elements: [1, 2] as [Float])
    let plain = TensorSource(name: "a", type: .f32, shape: [1], elements: [1] as [Float])
    let foreign = TensorSource(name: "a", type: .f4, shape: [2], bytes: [0])
    for weights in [[PT2Tensor(short)], [PT2Tensor(plain), PT2Tensor(plain)], [PT2Tensor(foreign)]] {
      #expect(throws: CheckpointError.self) { try write(weights, to: path) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("before".utf8))
    }
  }
}
