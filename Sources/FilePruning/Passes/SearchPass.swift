import Checkpoints
import Dispatch
import Sparsity

/// The passes over weights that find out what is pruned; the first also takes the digest of the files.
struct SearchPass {
  let rankers: Rankers
  /// Called with the bytes read so far and those of the pass; may throw to stop.
  let progress: (_ done: Int, _ total: Int) throws -> Void

  private var context: FileContext { rankers.context }

  /// Goes over the files until every ranker knows what is pruned.
  ///
  /// - Returns: The digest of each file, in the order of the checkpoint's; none without a digest.
  func run(digest: (any FileDigest.Type)?) throws -> [String] {
    let digests = try firstPass(digest)
    try context.store.checkUnchanged()
    while true {
      let waiting = context.weights.indices.filter { rankers.rankers[$0]?.wantsPass ?? false }
      if waiting.isEmpty { return digests }
      let total = waiting.reduce(0) { $0 + context.weights[$1].tensor.byteCount }
      var done = 0
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: WeightReader.bandLimit, alignment: 64)
      defer { memory.deallocate() }
      for number in waiting {
        try scan(number, memory) {
          done += $0
          try progress(done, total)
        }
      }
      try context.store.checkUnchanged()
    }
  }

  /// Reads a weight in blocks and shows them to its ranker.
  private func scan(_ number: Int, _ memory: UnsafeMutableRawBufferPointer, _ read: (Int) throws -> Void) throws {
    let weight = context.weights[number]
    for start in stride(from: 0, to: weight.count, by: rankers.blockCounts[number]) {
      let range = start..<min(weight.count, start + rankers.blockCounts[number])
      try context.reader.readValues(of: weight, range, into: memory)
      try show(number, range, UnsafeRawBufferPointer(rebasing: memory[..<(range.count * weight.type.byteCount)]))
      try read(range.count * weight.type.byteCount)
    }
  }

  private func show(_ number: Int, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) throws {
    let weight = context.weights[number]
    let kept = try context.reader.kept(of: weight, range)
    let scores = Scores(bytes: bytes, type: weight.type, kept: kept)
    try rankers.rankers[number]?.scan(WeightBlock(number: number, start: range.lowerBound, scores: scores))
  }

  /// A stretch of a file: a block of a weight, or bytes of no interest but to the digest.
  private struct Stretch {
    let range: Range<Int>
    let weight: Int?
    let start: Int
  }

  private func firstPass(_ digest: (any FileDigest.Type)?) throws -> [String] {
    let sizes = context.store.fileSizes
    let parts = sizes.indices.map { stretches(of: $0, size: sizes[$0], all: digest != nil) }
    // Strided weights are gathered, whatever their place in the file.
    let gathered = context.weights.indices.filter {
      context.weights[$0].tensor.strides != nil && (rankers.rankers[$0]?.wantsPass ?? false)
    }
    let total =
      parts.joined().reduce(0) { $0 + $1.range.count }
      + gathered.reduce(0) { $0 + context.weights[$1].tensor.byteCount }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: WeightReader.bandLimit, alignment: 64)
    defer { memory.deallocate() }
    var done = 0
    let digests = try sizes.indices.compactMap { number in
      let hasher = digest.map { BackgroundDigest($0.init()) }
      for stretch in parts[number] {
        let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<stretch.range.count])
        try context.store.readFile(number, at: stretch.range.lowerBound, into: block)
        // The digest takes the block in while the ranker looks at it.
        hasher?.begin(UnsafeRawBufferPointer(block))
        defer { hasher?.end() }
        if let weight = stretch.weight {
          let count = stretch.range.count / context.weights[weight].type.byteCount
          try show(weight, stretch.start..<stretch.start + count, UnsafeRawBufferPointer(block))
        }
        done += stretch.range.count
        try progress(done, total)
      }
      return hasher?.text
    }
    for number in gathered {
      try scan(number, memory) {
        done += $0
        try progress(done, total)
      }
    }
    return digests
  }

  /// The stretches of a file in order: all of it, or what rankers wait for.
  private func stretches(of file: Int, size: Int, all: Bool) -> [Stretch] {
    let waiting = context.weights.indices.filter { index in
      let tensor = context.weights[index].tensor
      return tensor.fileIndex == file && tensor.strides == nil && (rankers.rankers[index]?.wantsPass ?? false)
    }.sorted { context.weights[$0].tensor.byteRange.lowerBound < context.weights[$1].tensor.byteRange.lowerBound }
    var result: [Stretch] = []
    var position = 0
    func skip(to end: Int) {
      guard all else { return }
      for start in stride(from: position, to: end, by: context.blockSize) {
        result.append(Stretch(range: start..<min(end, start + context.blockSize), weight: nil, start: 0))
      }
    }
    for weight in waiting {
      let range = context.weights[weight].tensor.byteRange
      // Tensors of no bytes have nothing to scan, and rankers of such know it.
      guard !range.isEmpty else { continue }
      skip(to: range.lowerBound)
      let width = context.weights[weight].type.byteCount
      let each = rankers.blockCounts[weight] * width
      for start in stride(from: range.lowerBound, to: range.upperBound, by: each) {
        result.append(
          Stretch(
            range: start..<min(range.upperBound, start + each), weight: weight,
            start: (start - range.lowerBound) / width))
      }
      position = range.upperBound
    }
    skip(to: size)
    return result
  }
}

/// A digest that takes in blocks on a thread of its own.
private final class BackgroundDigest: @unchecked Sendable {
  // Touched by the queue only, and after it has come to rest.
  private var digest: any FileDigest
  private let queue = DispatchQueue(label: "bonsai.digest")
  private let group = DispatchGroup()

  init(_ digest: any FileDigest) { self.digest = digest }

  /// Takes in a block, which must last until ``end()``.
  func begin(_ block: UnsafeRawBufferPointer) {
    let block = Block(bytes: block)
    queue.async(group: group) { self.digest.update(block.bytes) }
  }

  /// Waits until the block is taken in.
  func end() { group.wait() }

  var text: String {
    group.wait()
    return digest.text()
  }

  private struct Block: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
  }
}
