import Recipes

/// Scores of units that were found elsewhere, by their numbers: on data, by another process. Groups without scores are
/// ranked by another criterion.
public struct GivenUnitScores: UnitCriterion {
  /// What reports call it.
  public let name: String
  /// The score of each unit by its number; nil where there is none.
  public let scores: [Double?]
  /// What ranks the others.
  public let fallback: any UnitCriterion

  /// Scores by the numbers of units.
  public init(_ name: String, _ scores: [Double?], fallback: any UnitCriterion = GroupMagnitude()) {
    (self.name, self.scores, self.fallback) = (name, scores, fallback)
  }

  /// The scores of a group; those of the fallback where one is missing.
  public func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
    let own = group.units.map { scores.indices.contains($0) ? scores[$0] : nil }
    guard own.contains(where: { $0 == nil }) else { return own.compactMap { $0 } }
    return try fallback.scores(of: group, in: weights)
  }
}

extension Compactor {
  /// Scores of all units by a criterion, by their numbers, to be handed on as ``GivenUnitScores``.
  public func scores(_ criterion: any UnitCriterion) throws -> [Double] {
    let weights = UnitWeights(lowered.tensors, units)
    var scores = [Double](repeating: 0, count: unitCount)
    for group in groups {
      for (unit, score) in zip(group.units, try criterion.scores(of: group, in: weights)) { scores[unit] = score }
    }
    return scores
  }
}
