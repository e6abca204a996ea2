import Graphs

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The weights of the units, read when a criterion asks for them; sums are kept, since one weight serves many groups.
public final class UnitWeights {
  private struct Key: Hashable {
    var path: String
    var dimension: Int
    var name: String
  }

  private let tensors: ModelTensors
  private let units: ChannelUnits
  private let entries: [String: Int]
  private var cache: [Key: [Double]] = [:]

  init(_ tensors: ModelTensors, _ units: ChannelUnits) {
    (self.tensors, self.units) = (tensors, units)
    entries = Dictionary(
      units.weightLabels.enumerated().map { ($1.input.role.path ?? $1.input.name, $0) }, uniquingKeysWith: { $1 })
  }

  /// For each unit of a group the sum, over its indices in a member, of what `each` gives for the indices of the weight.
  ///
  /// - Parameter power: what to take the root of at the end; none where nil.
  func sums(
    of index: Int, in group: UnitGroup, _ name: String, power: Double? = nil,
    _ each: (TensorData, Int) throws -> [Double]
  ) throws -> [Double] {
    let member = group.members[index]
    let key = Key(path: member.path, dimension: member.dimension, name: name)
    if cache[key] == nil { cache[key] = try each(tensors.data(member.path), member.dimension) }
    let values = cache[key] ?? []
    let sums = places(of: member, in: group).map { $0.reduce(0) { $0 + values[$1] } }
    return power.map { order in sums.map { pow($0, 1 / order) } } ?? sums
  }

  /// For each unit of a group its entries in a member, in flat order.
  public func slices(of index: Int, in group: UnitGroup) throws -> [[Double]] {
    let member = group.members[index]
    let data = try tensors.data(member.path)
    return places(of: member, in: group).map { data.taking($0, along: member.dimension).values }
  }

  /// For each unit of a group its indices in a member, along the member's dimension.
  public func indices(of member: UnitGroup.Member, in group: UnitGroup) -> [[Int]] { places(of: member, in: group) }

  /// For each unit of a group its indices in a member.
  func places(of member: UnitGroup.Member, in group: UnitGroup) -> [[Int]] {
    guard let entry = entries[member.path], let labels = units.weightLabels[entry].labels[member.dimension]
    else { return group.units.map { _ in [] } }
    let numbers = Dictionary(uniqueKeysWithValues: group.units.enumerated().map { ($1, $0) })
    var places = [[Int]](repeating: [], count: group.units.count)
    for (place, label) in labels.enumerated() {
      let unit = units.units[Int(units.classes[Int(label)])]
      if unit >= 0, let number = numbers[unit] { places[number].append(place) }
    }
    return places
  }
}
