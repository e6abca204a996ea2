import Dispatch
import Sparsity

/// The passes over weights that find out what goes; the first also takes the digest of the files.
struct PruningPass {
  let plan: PruningPlan
  /// Called with the bytes read so far and those of the pass; may throw to stop.
  let progress: (_ done: Int, _ total: Int) throws -> Void

  private var context: PruningContext { plan.context }
  private var checkpoint: Checkpoint { plan.context.checkpoint }

  /// Goes over the files until every judge knows what goes.
  ///
  /// - Returns: The digest of each file, in the order of the checkpoint's; none without a digest.
  func run(digest: (any CheckpointDigest.Type)?) throws -> [String] {
    let digests = try firstPass(digest)
    while true {
      let waiting = context.units.indices.filter { plan.judges[$0]?.wantsPass ?? false }
      if waiting.isEmpty { return digests }
      let total = waiting.reduce(0) { $0 + context.units[$1].tensor.byteCount }
      var done = 0
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: UnitReader.bandLimit, alignment: 64)
      defer { memory.deallocate() }
      for unit in waiting {
        try scan(unit, memory) {
          done += $0
          try progress(done, total)
        }
      }
    }
  }

  /// Reads a weight in blocks and shows them to its judge.
  private func scan(_ unit: Int, _ memory: UnsafeMutableRawBufferPointer, _ read: (Int) throws -> Void) throws {
    let weight = context.units[unit]
    for start in stride(from: 0, to: weight.count, by: plan.blockCounts[unit]) {
      let range = start..<min(weight.count, start + plan.blockCounts[unit])
      try context.reader.readValues(of: weight, range, into: memory)
      try judge(unit, range, UnsafeRawBufferPointer(rebasing: memory[..<(range.count * weight.type.byteCount)]))
      try read(range.count * weight.type.byteCount)
    }
  }

  private func judge(_ unit: Int, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) throws {
    let weight = context.units[unit]
    let kept = try context.reader.kept(of: weight, range)
    let scores = Scores(bytes: bytes, type: weight.type, kept: kept)
    try plan.judges[unit]?.scan(UnitBlock(unit: unit, start: range.lowerBound, scores: scores))
  }

  /// A stretch of a file: a block of a weight, or bytes of no interest but to the digest.
  private struct Stretch {
    let range: Range<Int>
    let unit: Int?
    let start: Int
  }

  private func firstPass(_ digest: (any CheckpointDigest.Type)?) throws -> [String] {
    let files = checkpoint.mappedFiles
    let parts = files.indices.map { stretches(of: $0, size: files[$0].size, all: digest != nil) }
    // Strided weights are gathered, whatever their place in the file.
    let gathered = context.units.indices.filter {
      context.units[$0].tensor.strides != nil && (plan.judges[$0]?.wantsPass ?? false)
    }
    let total =
      parts.joined().reduce(0) { $0 + $1.range.count }
      + gathered.reduce(0) { $0 + context.units[$1].tensor.byteCount }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: UnitReader.bandLimit, alignment: 64)
    defer { memory.deallocate() }
    var done = 0
    let digests = try files.indices.compactMap { number in
      let hasher = digest.map { BackgroundDigest($0.init()) }
      for stretch in parts[number] {
        let block = UnsafeMutableRawBufferPointer(rebasing: memory[..<stretch.range.count])
        try files[number].read(at: stretch.range.lowerBound, into: block)
        // The digest takes the block in while the judge looks at it.
        hasher?.begin(UnsafeRawBufferPointer(block))
        defer { hasher?.end() }
        if let unit = stretch.unit {
          let count = stretch.range.count / context.units[unit].type.byteCount
          try judge(unit, stretch.start..<stretch.start + count, UnsafeRawBufferPointer(block))
        }
        done += stretch.range.count
        try progress(done, total)
      }
      return hasher?.text
    }
    for unit in gathered {
      try scan(unit, memory) {
        done += $0
        try progress(done, total)
      }
    }
    return digests
  }

  /// The stretches of a file in order: all of it, or what judges wait for.
  private func stretches(of file: Int, size: Int, all: Bool) -> [Stretch] {
    let waiting = context.units.indices.filter { index in
      let tensor = context.units[index].tensor
      return tensor.fileIndex == file && tensor.strides == nil && (plan.judges[index]?.wantsPass ?? false)
    }.sorted { context.units[$0].tensor.byteRange.lowerBound < context.units[$1].tensor.byteRange.lowerBound }
    var result: [Stretch] = []
    var position = 0
    func skip(to end: Int) {
      guard all else { return }
      for start in stride(from: position, to: end, by: context.blockSize) {
        result.append(Stretch(range: start..<min(end, start + context.blockSize), unit: nil, start: 0))
      }
    }
    for unit in waiting {
      let range = context.units[unit].tensor.byteRange
      // Tensors of no bytes have nothing to scan, and judges of such know it.
      guard !range.isEmpty else { continue }
      skip(to: range.lowerBound)
      let width = context.units[unit].type.byteCount
      let each = plan.blockCounts[unit] * width
      for start in stride(from: range.lowerBound, to: range.upperBound, by: each) {
        result.append(
          Stretch(
            range: start..<min(range.upperBound, start + each), unit: unit, start: (start - range.lowerBound) / width))
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
  private var digest: any CheckpointDigest
  private let queue = DispatchQueue(label: "bonsai.digest")
  private let group = DispatchGroup()

  init(_ digest: any CheckpointDigest) { self.digest = digest }

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
