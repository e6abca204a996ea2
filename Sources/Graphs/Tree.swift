import Checkpoints

/// How values are arranged in tuples, lists and dictionaries: a `pytree` of Python.
///
/// Source: torch/utils/_pytree.py, protocol 1.
public struct Tree: Hashable, Sendable {
  /// The kind of container by its Python name; nil for a leaf.
  public var type: String?
  /// The names of the children: keys of a dictionary, fields of a named tuple, positions otherwise.
  public var keys: [String]
  /// The children, in order.
  public var children: [Tree]

  /// A leaf.
  public static let leaf = Tree(type: nil, keys: [], children: [])

  /// The leaves' names, those of their containers in front, joined by dots.
  public var leafNames: [String] {
    if type == nil { return [""] }
    return zip(keys, children).flatMap { key, child in child.leafNames.map { $0.isEmpty ? key : "\(key).\($0)" } }
  }

  /// Reads the text that exported models keep; nil where it is of another protocol.
  init?(_ text: String, fields: [String: [String]] = [:]) {
    guard let json = try? JSONValue(parsing: Array(text.utf8), file: "tree", maximumDepth: 128), let parts = json.array,
      parts.count == 2, parts[0].int == 1
    else { return nil }
    self.init(parts[1], fields)
  }

  init(type: String?, keys: [String], children: [Tree]) {
    (self.type, self.keys, self.children) = (type, keys, children)
  }

  private init?(_ node: JSONValue, _ fields: [String: [String]]) {
    guard let list = node["children_spec"]?.array else { return nil }
    let children = list.compactMap { Tree($0, fields) }
    guard children.count == list.count else { return nil }
    let type = node["type"]?.string
    let context = node["context"]?.string.flatMap {
      try? JSONValue(parsing: Array($0.utf8), file: "tree", maximumDepth: 16)
    }
    var keys = (0..<children.count).map(String.init)
    if let type, let names = fields[type], names.count == children.count {
      keys = names
    } else if let names = Self.names(context), names.count == children.count {
      keys = names
    }
    self.init(type: type, keys: keys, children: children)
  }

  /// Keys out of a container's context: a list of texts or numbers, for some containers within another list.
  private static func names(_ context: JSONValue?) -> [String]? {
    guard let list = context?.array else { return nil }
    let names = list.compactMap { $0.string ?? $0.int.map(String.init) ?? $0["key"]?.string }
    if names.count == list.count { return names }
    return list.lazy.compactMap { Self.names($0) }.first
  }
}
