import Checkpoints
import Sparsity

/// Clusters of neighbouring entries drawn evenly from weights, to tell where a cut probably lies.
///
/// Clusters are far apart where weights are large: each is one access to a disk, and four thousand of them take less time
/// than one more pass over as many entries as make a sample worth while.
final class WeightSample {
  private static let clusterCount = 4096
  private static let clusterSize = 256

  /// The entries, in the order of the weights.
  let clusters: [Scores]
  private let memory: UnsafeMutableRawBufferPointer

  private struct Place {
    var number: Int
    var range: Range<Int>
    var offset: Int
  }

  init(_ context: FileContext, _ numbers: [Int]) throws {
    let total = numbers.reduce(0) { $0 + context.weights[$1].count }
    let step = Double(total) / Double(Self.clusterCount)
    var places: [Place] = []
    var size = 0
    var (index, first) = (0, 0)  // the weight of a cluster, and the entries before that weight
    var state: UInt64 = 0x2545_f491_4f6c_dd1d
    for cluster in 0..<Self.clusterCount {
      state = state &* 0x5851_f42d_4c95_7f2d &+ 0x1405_7b7e_f767_814f
      let entry = min(total - 1, Int((Double(cluster) + Double(state >> 11) * 0x1p-53) * step))
      while entry - first >= context.weights[numbers[index]].count {
        first += context.weights[numbers[index]].count
        index += 1
      }
      let weight = context.weights[numbers[index]]
      let range = entry - first..<min(weight.count, entry - first + Self.clusterSize)
      places.append(Place(number: numbers[index], range: range, offset: size))
      size += range.count * weight.type.byteCount
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    self.memory = memory
    func part(_ place: Place) -> UnsafeMutableRawBufferPointer {
      let end = place.offset + place.range.count * context.weights[place.number].type.byteCount
      return UnsafeMutableRawBufferPointer(rebasing: memory[place.offset..<end])
    }
    clusters = places.map {
      Scores(bytes: UnsafeRawBufferPointer(part($0)), type: context.weights[$0.number].type)
    }
    try ParallelReads.perform(64) { (piece) throws(CheckpointError) in
      for place in places[places.count * piece / 64..<places.count * (piece + 1) / 64] {
        let weight = context.weights[place.number]
        try context.store.read(
          weight.tensor.name, at: place.range.lowerBound * weight.type.byteCount, into: part(place))
      }
    }
  }

  deinit { memory.deallocate() }
}

/// Reads on all processors at once.
enum ParallelReads {
  /// Calls `read` with each number below `count`.
  ///
  /// - Throws: The first error.
  static func perform(_ count: Int, _ read: (Int) throws(CheckpointError) -> Void) throws(CheckpointError) {
    guard count > 1 else { return count == 1 ? try read(0) : () }
    var errors = [CheckpointError?](repeating: nil, count: count)
    errors.withUnsafeMutableBufferPointer { errors in
      Parallel.perform(pieces: count, threads: Parallel.processors) { piece in
        do throws(CheckpointError) { try read(piece) } catch { errors[piece] = error }
      }
    }
    if let error = errors.lazy.compactMap({ $0 }).first { throw error }
  }

  /// Reads a part of a tensor, a stretch of it on each processor.
  static func read(
    _ store: any TensorStore, _ name: String, at offset: Int, into memory: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    // Below that a thread is not worth waking.
    let smallest = 1 << 20
    let pieces = max(1, min(Parallel.processors, memory.count / smallest))
    try perform(pieces) { (piece) throws(CheckpointError) in
      let range =
        memory.count / 64 * piece / pieces
        * 64..<(piece == pieces - 1 ? memory.count : memory.count / 64 * (piece + 1) / pieces * 64)
      try store.read(
        name, at: offset + range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: memory[range]))
    }
  }
}
