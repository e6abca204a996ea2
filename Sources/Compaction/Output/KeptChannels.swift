import Checkpoints
import OrderedCollections

/// Which entries of the original's weights a smaller model still has, by the names of its weights: what it takes to hold
/// the one against the other.
///
/// ``CompactedModel/write(to:)`` leaves it in the file, so that the two files are enough.
public struct KeptChannels: Hashable, Sendable {
  /// The indices that stay, in order, by weight and dimension; what is not named is whole.
  public var indices: [String: [Int: [Int]]]

  /// Under what the metadata of a file has it.
  public static let key = "bonsai.kept"

  /// What is left of weights.
  public init(_ slices: [Compactor.Slice] = []) {
    indices = slices.reduce(into: [:]) { $0[$1.path, default: [:]][$1.dimension] = $1.kept }
  }

  /// The indices that stay of a weight along a dimension; nil where it is whole.
  public func kept(_ path: String, _ dimension: Int) -> [Int]? { indices[path]?[dimension] }

  /// What the metadata of a file says; nil where it says nothing, or nothing that can be read.
  public init?(metadata: CheckpointMetadata) {
    guard let text = metadata[Self.key], let value = try? JSONValue(parsing: Array(text.utf8), file: Self.key),
      value["schema"]?.int == 1, let weights = value["weights"]?.object
    else { return nil }
    indices = [:]
    for (path, dimensions) in weights {
      for (dimension, ranges) in dimensions.object ?? [:] {
        guard let axis = Int(dimension), let kept = Self.indices(ranges.string ?? "") else { return nil }
        indices[path, default: [:]][axis] = kept
      }
    }
  }

  /// The same as text for the metadata of a file.
  public var text: String {
    let weights = indices.sorted { $0.key < $1.key }.map { path, dimensions in
      (path, dimensions.sorted { $0.key < $1.key }.map { ("\($0)", JSONValue.string(Self.ranges($1))) })
    }
    let members = JSONObject(
      uniqueKeysWithValues: weights.map { ($0, JSONValue.object(JSONObject(uniqueKeysWithValues: $1))) })
    let bytes = JSONValue.object(["schema": .int(1), "weights": .object(members)]).text
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What stays of the original of a model that was itself made smaller: these are indices of that model.
  public func following(_ earlier: KeptChannels) -> KeptChannels {
    var result = earlier
    for (path, dimensions) in indices {
      for (axis, kept) in dimensions {
        guard let before = earlier.kept(path, axis) else {
          result.indices[path, default: [:]][axis] = kept
          continue
        }
        result.indices[path]?[axis] = kept.compactMap { before.indices.contains($0) ? before[$0] : nil }
      }
    }
    return result
  }

  /// Ranges as text: `0-3,7,9-12`.
  private static func ranges(_ indices: [Int]) -> String {
    var parts: [(first: Int, last: Int)] = []
    for index in indices {
      if let last = parts.last, last.last + 1 == index {
        parts[parts.count - 1].last = index
      } else {
        parts.append((index, index))
      }
    }
    return parts.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ",")
  }

  private static func indices(_ ranges: String) -> [Int]? {
    var indices: [Int] = []
    for part in ranges.split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
        last - first < 1 << 24
      else { return nil }
      indices += first...last
    }
    return indices
  }
}
