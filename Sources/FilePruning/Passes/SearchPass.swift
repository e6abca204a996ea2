import Checkpoints
import Recipes
import Sparsity

/// The passes over weights that find out what is pruned.
struct SearchPass {
  let rankers: Rankers
  /// Called with the bytes read so far and those of the pass; may throw to stop.
  let progress: (_ done: Int, _ total: Int) throws -> Void

  private var context: FileContext { rankers.context }

  /// Goes over the weights, in the order in which they lie in the files, until every ranker knows what is pruned.
  func run() throws {
    let order = context.weights.indices.sorted {
      TensorInfo.liesBefore(context.weights[$0].tensor, context.weights[$1].tensor)
    }
    try sample()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: WeightReader.bandLimit, alignment: 64)
    defer { memory.deallocate() }
    while true {
      let waiting = order.filter { rankers.rankers[$0]?.wantsPass ?? false }
      if waiting.isEmpty { return }
      let total = waiting.reduce(0) { $0 + context.weights[$1].tensor.byteCount }
      var done = 0
      for number in waiting {
        try scan(number, memory) {
          done += $0
          try progress(done, total)
        }
      }
      try context.store.checkUnchanged()
    }
  }

  /// Shows rankers that want it a sample of their weights.
  private func sample() throws {
    var shown: Set<ObjectIdentifier> = []
    for ranker in rankers.rankers.lazy.compactMap({ $0 as? any SampledRanker })
    where shown.insert(ObjectIdentifier(ranker)).inserted {
      let wanted = ranker.sampledWeights
      guard !wanted.isEmpty else { continue }
      let sample = try WeightSample(context, wanted)
      withExtendedLifetime(sample) { ranker.expect(sample.clusters) }
      try progress(0, 0)
    }
  }

  /// Reads a weight in blocks and shows them to its ranker.
  private func scan(_ number: Int, _ memory: UnsafeMutableRawBufferPointer, _ read: (Int) throws -> Void) throws {
    let weight = context.weights[number]
    for start in stride(from: 0, to: weight.count, by: rankers.blockCounts[number]) {
      let range = start..<min(weight.count, start + rankers.blockCounts[number])
      let size = range.count * weight.type.byteCount
      try context.reader.readValues(of: weight, range, into: memory)
      let scores = Scores(
        bytes: UnsafeRawBufferPointer(rebasing: memory[..<size]), type: weight.type,
        kept: try context.reader.kept(of: weight, range))
      try rankers.rankers[number]?.scan(WeightBlock(number: number, start: start, scores: scores))
      try read(size)
    }
  }
}
