import Sparsity

/// `n` of every `m` entries of one weight: each group is settled by itself, so that no pass is needed.
final class GroupJudge: PruningJudge {
  private let context: PruningContext
  private let pattern: Pattern

  init(_ context: PruningContext, pattern: Pattern) {
    self.context = context
    self.pattern = pattern
  }

  var wantsPass: Bool { false }
  func scan(_ block: UnitBlock) {}

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    do throws(PatternError) {
      // The last dimension is made of whole groups, so that their places in the shape do not matter.
      let bits = try pattern.mask(of: block.scores, shape: [block.scores.count], nan: context.recipe.nan)
      output.fill(bits)
      return bits
    } catch {
      guard case .selection(.nan(_, let index, let count)) = error else { throw error }
      throw context.nan(count, unit: block.unit, at: "entry \(block.start + index)")
    }
  }
}

/// Masks out of another checkpoint, on top of earlier ones.
final class GivenJudge: PruningJudge {
  private let context: PruningContext
  private let masks: Checkpoint
  private let reader: UnitReader

  init(_ context: PruningContext, masks: Checkpoint) {
    self.context = context
    self.masks = masks
    reader = UnitReader(masks)
  }

  var wantsPass: Bool { false }
  func scan(_ block: UnitBlock) {}

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    guard let mask = context.units[block.unit].given else { preconditionFailure("no mask is given for the weight") }
    var bits = try reader.bits(of: mask, in: masks, block.range)
    if let kept = block.scores.kept { bits.formIntersection(kept) }
    output.fill(bits)
    return bits
  }
}

/// Nothing but the earlier mask.
final class EarlierJudge: PruningJudge {
  var wantsPass: Bool { false }
  func scan(_ block: UnitBlock) {}

  func survivors(of block: UnitBlock, writing output: DenseOutput) throws -> BitMask {
    let bits = block.scores.kept ?? BitMask(repeating: true, count: block.scores.count)
    output.fill(bits)
    return bits
  }
}
