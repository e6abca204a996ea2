import Sparsity

extension Regrowth {
  /// The mask of a weight after a share of its kept entries has moved.
  ///
  /// - Parameters:
  ///   - share: Which share, rounded half to even to whole entries.
  ///   - weights: The weight, with the mask of now.
  ///   - growth: For each entry how much it ought to grow: the largest do, the lowest flat index first of equal ones.
  ///   - nan: What to do with NaN among the weights; among `growth` it is an error.
  /// - Returns: The entries that stay, and those of them that the mask of now prunes.
  /// - Throws: `SelectionError`, buffer 0 for the weights and 1 for `growth`.
  public func moved(
    _ share: Double, weights: Scores, growth: [Double], nan: NaNRule = .refuse
  ) throws(SelectionError) -> (kept: BitMask, grown: BitMask) {
    precondition(
      growth.count == weights.count, "Regrowth: expected \(weights.count) numbers, found \(growth.count)")
    let before = weights.kept ?? BitMask(repeating: true, count: weights.count)
    let count = Int((share * Double(before.keptCount)).rounded(.toNearestOrEven))
    let stay = try Selection.prune(count, of: [weights], by: .magnitude, nan: nan)[0]
    let rest: BitMask
    do throws(SelectionError) {
      rest = try growth.withUnsafeBufferPointer { buffer throws(SelectionError) in
        let candidates = Scores(buffer, kept: stay.complement)
        return try Selection.prune(count, of: [candidates], by: .largestValue)[0]
      }
    } catch {
      guard case .nan(_, let index, let count) = error else { throw error }
      throw .nan(buffer: 1, index: index, count: count)
    }
    let kept = rest.complement
    return (kept, kept.subtracting(before))
  }
}
