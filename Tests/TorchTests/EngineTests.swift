import Dispatch
import Testing
import Torch

/// One after the other: the number of threads is the process's.
@Suite(.serialized) struct EngineTests {
  @Test(arguments: [0, 1, 2, 7, 1000]) func everyPieceIsDoneOnce(pieces: Int) {
    let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: pieces)
    defer { counts.deallocate() }
    counts.initialize(repeating: 0)
    onEngineThreads(pieces: pieces) { counts[$0] += 1 }
    #expect(counts.allSatisfy { $0 == 1 })
  }

  /// The engine's pool is there for whoever calls, also within a piece and from several threads at once.
  @Test func piecesOfPiecesAndOfManyThreads() {
    let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: 4 * 8 * 8)
    defer { counts.deallocate() }
    counts.initialize(repeating: 0)
    nonisolated(unsafe) let shared = counts
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      onEngineThreads(pieces: 8) { outer in
        onEngineThreads(pieces: 8) { shared[(thread * 8 + outer) * 8 + $0] += 1 }
      }
    }
    #expect(counts.allSatisfy { $0 == 1 })
  }

  @Test func oneThreadDoesAllInOrder() {
    let before = threadCount
    defer { threadCount = before }
    threadCount = 1
    var order: [Int] = []
    onEngineThreads(pieces: 5) { order.append($0) }
    #expect(order == [0, 1, 2, 3, 4])
  }
}
