import Checkpoints
import Recipes
import Sparsity

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How important each unit of a group is; those of the lowest scores go first.
///
/// ```swift
/// /// The largest weight that a unit puts out with.
/// struct LargestOutput: UnitCriterion {
///   let name = "largest-output"
///   func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
///     guard let member = group.members.firstIndex(where: \.isOutput) else { return group.units.map { _ in 0 } }
///     return try weights.slices(of: member, in: group).map { $0.reduce(0) { max($0, abs($1)) } }
///   }
/// }
/// ```
public protocol UnitCriterion: Sendable {
  /// What reports and recipes call it.
  var name: String { get }
  /// One score for each unit of the group, in order.
  func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double]
}

/// The L2 norm of all parameters of a unit together, on the side of its outputs and of its inputs.
public struct GroupMagnitude: UnitCriterion {
  /// `magnitude`.
  public let name = "magnitude"

  /// The criterion.
  public init() {}

  /// The root of the sum of squares.
  public func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
    var sums = [Double](repeating: 0, count: group.units.count)
    for (index, member) in group.members.enumerated() where member.isParameter {
      let part = try weights.sums(of: index, in: group, "squares") { data, axis in data.sums(along: axis) { $0 * $0 } }
      for unit in sums.indices { sums[unit] += part[unit] }
    }
    return sums.map { $0.squareRoot() }
  }
}

/// The magnitude of batch norm's scale (Liu et al. 2017, "Learning Efficient Convolutional Networks through Network
/// Slimming"); of groups without batch norm the L2 norm of all parameters.
public struct BatchNormScale: UnitCriterion {
  /// `batch-norm-scale`.
  public let name = "batch-norm-scale"

  /// The criterion.
  public init() {}

  /// The sum of the magnitudes of the scales that a unit has.
  public func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
    let norms = Set(
      group.members.map(\.path).filter { $0.hasSuffix(".running_mean") }.map { String($0.dropLast(12)) + "weight" })
    let scales = group.members.indices.filter { norms.contains(group.members[$0].path) }
    guard !scales.isEmpty else { return try GroupMagnitude().scores(of: group, in: weights) }
    var sums = [Double](repeating: 0, count: group.units.count)
    for index in scales {
      let part = try weights.sums(of: index, in: group, "magnitudes") { data, axis in data.sums(along: axis) { abs($0) }
      }
      for unit in sums.indices { sums[unit] += part[unit] }
    }
    return sums
  }
}

/// Distance to the other units: those nearest to the middle of their group can best be done without (He et al. 2019,
/// "Filter Pruning via Geometric Median").
public struct MedianDistance: UnitCriterion {
  /// `fpgm`.
  public let name = "fpgm"

  /// The criterion.
  public init() {}

  /// The sum of the Euclidean distances to all other units, in the space of the weights that put the units out. Quadratic
  /// in the number of units.
  public func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
    var rows = [[Double]](repeating: [], count: group.units.count)
    let outputs = group.members.indices.filter { group.members[$0].isOutput && group.members[$0].isParameter }
    for index in outputs.isEmpty ? Array(group.members.indices) : outputs {
      for (unit, slice) in try weights.slices(of: index, in: group).enumerated() { rows[unit] += slice }
    }
    var sums = [Double](repeating: 0, count: rows.count)
    for a in rows.indices {
      for b in rows.indices[(a + 1)...] {
        var squares = 0.0
        for place in rows[a].indices {
          let difference = rows[a][place] - rows[b][place]
          squares += difference * difference
        }
        sums[a] += squares.squareRoot()
        sums[b] += squares.squareRoot()
      }
    }
    return sums
  }
}

/// Chance, by a seed: a baseline, which shows what the choice of another criterion is worth. The numbers are those of
/// SplitMix64 and not PyTorch's.
public struct RandomUnits: UnitCriterion {
  /// `random`.
  public let name = "random"
  /// Where the numbers begin.
  public let seed: UInt64

  /// The criterion.
  public init(seed: UInt64) { self.seed = seed }

  /// A number in 0..<1 for each unit, by seed and the unit's number alone.
  public func scores(of group: UnitGroup, in weights: UnitWeights) -> [Double] {
    group.units.map { unit in
      var bits = seed &+ UInt64(unit + 1) &* 0x9e37_79b9_7f4a_7c15
      bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
      bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
      return Double((bits ^ (bits >> 31)) >> 11) * 0x1p-53
    }
  }
}

/// A criterion of entries, reduced over all slices of a unit.
///
/// The score of a slice, the part of one weight that belongs to a unit, is the criterion's own reduction of its entries:
/// a norm or a sum. The score of the unit is the sum, mean or maximum of those.
public struct ReducedCriterion: UnitCriterion {
  /// How the slices of a unit are reduced.
  public enum Reduction: String, Sendable, Hashable, CaseIterable {
    /// Their sum.
    case sum
    /// Their mean.
    case mean
    /// The largest.
    case max
  }

  /// What scores entries.
  public let criterion: any Criterion
  /// How slices are reduced.
  public let reduction: Reduction

  /// A criterion of units.
  public init(_ criterion: any Criterion, over reduction: Reduction = .sum) {
    (self.criterion, self.reduction) = (criterion, reduction)
  }

  /// The criterion's name.
  public var name: String { criterion.name }

  /// The reduced scores of the slices.
  public func scores(of group: UnitGroup, in weights: UnitWeights) throws -> [Double] {
    var slices: [[Double]] = []
    for (index, member) in group.members.enumerated() where member.isParameter {
      slices.append(
        try weights.sums(of: index, in: group, "reduced", power: power) { data, axis in
          guard let type = data.type.element else { return [Double](repeating: 0, count: data.shape[axis]) }
          let weight = Weight(path: member.path, shape: data.shape, type: type)
          let scores = try criterion.scores(of: WeightValues(weight, values: data.values, dimension: axis))
          if scores.count == data.shape[axis], data.shape.count > 1 { return scores }
          let copy = TensorData(scores, shape: data.shape, type: .f64)
          return copy.sums(along: axis) { value in power.map { pow(abs(value), $0) } ?? value }
        })
    }
    return group.units.indices.map { unit in
      let scores = slices.map { $0[unit] }
      switch reduction {
      case .sum: return scores.reduce(0, +)
      case .mean: return scores.reduce(0, +) / Double(Swift.max(scores.count, 1))
      case .max: return scores.max() ?? 0
      }
    }
  }

  private var power: Double? {
    if case .norm(let order) = criterion.reduction, order > 0, order.isFinite { order } else { nil }
  }
}
