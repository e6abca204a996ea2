import Sparsity

/// Whole channels of one weight, by their norms or by random draws.
///
/// Channels that an earlier mask prunes wholly take no part, as in PyTorch.
final class ChannelJudge: PruningJudge {
  /// The most channels, of which each takes up to 50 bytes.
  static let limit = 1 << 22

  private let context: PruningContext
  private let unit: Int
  private let dimension: Int
  private let extent: PruningRecipe.Extent
  /// Made with the first block: accumulations of many tensors at once would take much memory.
  private var norms: ChannelNorms.Accumulator?
  /// Counts the entries of each channel that an earlier mask keeps; nil where there is none.
  private var open: ChannelNorms.Accumulator?
  private var scanned = 0
  private var channels: BitMask?
  /// How many draws are wanted; for random pruning only.
  private(set) var part: UniformPart?

  /// - Parameter random: Whether draws rank the channels, in place of norms.
  init(_ context: PruningContext, unit: Int, dimension: Int, extent: PruningRecipe.Extent, random: Bool) throws {
    self.context = context
    self.unit = unit
    self.dimension = dimension
    self.extent = extent
    let shape = context.units[unit].shape
    let size = shape[dimension < 0 ? dimension + shape.count : dimension]
    guard size <= Self.limit else {
      throw context.failure(
        .limitExceeded, unit: unit, expected: "at most \(Self.limit) channels", found: "\(size)",
        advice: "choose another dimension or exclude the tensor")
    }
    if random {
      begin(order: nil)
      try countOpen(size)
    } else if context.units[unit].count == 0 {
      begin(order: context.recipe.normOrder)
      try finishPass()
    }
  }

  private func begin(order: Double?) {
    let weight = context.units[unit]
    if let order { norms = .init(shape: weight.shape, dimension: dimension, order: order) }
    if weight.mask != nil { open = .init(shape: weight.shape, dimension: dimension, order: 0) }
  }

  var wantsPass: Bool { channels == nil }

  func scan(_ block: UnitBlock) throws {
    if norms == nil { begin(order: context.recipe.normOrder) }
    norms?.add(block.scores, at: block.start)
    if let kept = block.scores.kept { add(kept, at: block.start) }
    scanned += block.scores.count
    if scanned == context.units[unit].count { try finishPass() }
  }

  private func add(_ kept: BitMask, at start: Int) {
    withUnsafeTemporaryAllocation(byteCount: kept.count, alignment: 64) { dense in
      kept.expand(into: dense, as: .uint8)
      open?.add(Scores(bytes: UnsafeRawBufferPointer(dense), type: .uint8), at: start)
    }
  }

  private var openChannels: BitMask? { open.map { BitMask($0.norms.lazy.map { $0 > 0 }) } }

  private func finishPass() throws {
    guard let values = norms?.norms else { return }
    let kept = openChannels
    norms = nil
    open = nil
    do {
      if case .below(let threshold) = extent {
        if context.recipe.nan == .refuse { _ = try Selection.prune(0, ofUnits: values, kept: kept) }
        let stays = BitMask(values.lazy.map { !($0 < threshold) })
        channels = kept.map { $0.intersection(stays) } ?? stays
      } else {
        let count = try context.resolve(extent, of: kept?.keptCount ?? values.count, unit: unit)
        channels = try Selection.prune(count, ofUnits: values, kept: kept, nan: context.recipe.nan)
      }
    } catch SelectionError.nan(_, let index, let count) {
      throw context.nan(count, unit: unit, at: "channel \(index)")
    }
  }

  /// For random pruning: which channels take part, and how many go.
  private func countOpen(_ size: Int) throws {
    let weight = context.units[unit]
    let each = 1 << 20
    for start in stride(from: 0, to: weight.mask == nil ? 0 : weight.count, by: each) {
      if let kept = try context.reader.kept(of: weight, start..<min(weight.count, start + each)) {
        add(kept, at: start)
      }
    }
    let kept = openChannels ?? BitMask(repeating: true, count: size)
    open = nil
    channels = kept
    let count = try context.resolve(extent, of: kept.keptCount, unit: unit)
    if count > 0 {
      part = UniformPart(type: .float32, count: kept.keptCount)
      going = count
    }
  }

  private var going = 0

  /// Takes the draws of the channels that take part; the smallest go.
  func take(_ draw: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    guard let part, let kept = channels else { return }
    let draws = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count * 4, alignment: 64)
    defer { draws.deallocate() }
    try draw(draws)
    let scores = Scores(bytes: UnsafeRawBufferPointer(draws), type: .float32)
    channels = kept.depositing(try Selection.prune(going, of: [scores], by: .value)[0])
  }

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    guard let channels else { preconditionFailure("applied before the channels are known") }
    var bits = channels.expanded(alongDimension: dimension, of: context.units[unit].shape, in: block.range)
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    output.fill(bits)
    return bits
  }
}
