/// Where in a pickle the tensors are: the file itself, or a dictionary within a training checkpoint.
struct StateDict {
  /// The keys that lead to it; empty where the file's own value is the state dict.
  var path: [String]
  /// Its members: tensors, in order.
  var tensors: [(name: String, tensor: PickleArena.Tensor)] = []
  /// Members of the state dict, and of the dictionaries on the way to it, that are no part of the tensors.
  var leftOut: [String] = []
  /// Versions of modules by their path, out of `_metadata`.
  var versions: [(module: String, version: Int)] = []

  /// Keys under which training scripts keep the weights, likeliest first.
  private static let usualKeys = [
    "state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params_ema",
    "params",
  ]
  /// Keys whose dictionaries are something else, even where they hold tensors.
  private static let otherKeys = ["optim", "sched", "scaler", "rng", "callback", "loop", "hyper", "config", "args"]

  /// Finds the state dict under `root`: at `wanted` (keys joined by dots) where given; otherwise under the usual keys,
  /// at the root itself, or wherever the only dictionary of tensors is.
  init(in arena: PickleArena, root: PickleArena.ID, wanted: String?) throws(PickleReader.Fault) {
    guard case .dict = arena[root] else { throw Self.noDictionary(arena[root]) }
    if let wanted {
      guard let (path, id) = Self.resolve(wanted, arena, root) else {
        let candidates = Self.candidates(arena, root, includingOthers: true).map { $0.path }
        throw PickleReader.Fault(
          kind: .notFound, expected: "a dictionary at \(CheckpointError.quote(wanted))", found: Self.list(candidates),
          advice: "name one of those")
      }
      try self.init(arena, id, path: path, root: root)
      return
    }
    var seen = Set<PickleArena.ID>()
    if let found = Self.usual(arena, root, path: [], seen: &seen) {
      try self.init(arena, found.id, path: found.path, root: root)
      return
    }
    let candidates = Self.candidates(arena, root, includingOthers: false)
    guard candidates.count < 2 else {
      throw PickleReader.Fault(
        kind: .invalidArgument, expected: "one state dict", found: Self.list(candidates.map { $0.path }),
        advice: "name the one you mean")
    }
    try self.init(arena, candidates.first?.id ?? root, path: candidates.first?.path ?? [], root: root)
  }

  private init(
    _ arena: PickleArena, _ id: PickleArena.ID, path: [String], root: PickleArena.ID
  ) throws(PickleReader.Fault) {
    self.path = path
    var step = root
    for (depth, key) in path.enumerated() {
      for member in arena.textMembers(step) ?? [] where member.key != key {
        leftOut.append((path[..<depth] + [member.key]).joined(separator: "."))
      }
      step = arena.textMembers(step)?.first { $0.key == key }?.value ?? step
    }
    for (key, value) in arena.textMembers(id) ?? [] {
      switch arena[value] {
      case .tensor(let index): tensors.append((key, arena.tensors[Int(index)]))
      case .unsupported(let text):
        throw PickleReader.Fault(
          kind: .unsupported, expected: "dense tensors",
          found: "\(arena.texts[Int(text)]) as \(CheckpointError.quote(key))",
          advice: "in Python, convert it (dequantize(), to_dense(), resolve_conj(), clone()) and save again")
      default: leftOut.append((path + [key]).joined(separator: "."))
      }
    }
    guard case .dict(let index) = arena[id] else { return }
    let members = arena.dicts[Int(index)]
    if tensors.isEmpty && !members.pairs.isEmpty {
      throw PickleReader.Fault(
        kind: .notFound, expected: "tensors by name", found: "none among \(members.pairs.count) members",
        advice: "in Python, save a dictionary of named tensors: torch.save(model.state_dict(), \"model.pt\")")
    }
    guard let attributes = members.attributes,
      let metadata = arena.textMembers(attributes)?.first(where: { $0.key == "_metadata" })
    else { return }
    for (module, value) in arena.textMembers(metadata.value) ?? [] {
      let version = arena.textMembers(value)?.first { $0.key == "version" }
      if let number = version.flatMap({ arena.int($0.value) }) { versions.append((module, number)) }
    }
  }
}

extension StateDict {
  private static func hasTensors(_ arena: PickleArena, _ id: PickleArena.ID) -> Bool {
    guard case .dict(let index) = arena[id] else { return false }
    return arena.dicts[Int(index)].pairs.contains { pair in
      guard arena.text(pair.key) != nil else { return false }
      switch arena[pair.value] {
      case .tensor, .unsupported: return true
      default: return false
      }
    }
  }

  private static func usual(
    _ arena: PickleArena, _ id: PickleArena.ID, path: [String], seen: inout Set<PickleArena.ID>
  ) -> (path: [String], id: PickleArena.ID)? {
    guard seen.insert(id).inserted else { return nil }
    let members = path.count < 4 ? arena.textMembers(id) ?? [] : []
    for key in usualKeys {
      guard let child = members.first(where: { $0.key == key }) else { continue }
      if let found = usual(arena, child.value, path: path + [key], seen: &seen) { return found }
    }
    return hasTensors(arena, id) ? (path, id) : nil
  }

  /// All dictionaries that hold tensors by name, nearest first, each once.
  private static func candidates(
    _ arena: PickleArena, _ root: PickleArena.ID, includingOthers: Bool
  ) -> [(path: [String], id: PickleArena.ID)] {
    var found: [(path: [String], id: PickleArena.ID)] = []
    var level: [(path: [String], id: PickleArena.ID)] = [([], root)]
    var seen = Set<PickleArena.ID>()
    for _ in 0..<6 {
      var next: [(path: [String], id: PickleArena.ID)] = []
      for (path, id) in level where seen.insert(id).inserted {
        if hasTensors(arena, id) { found.append((path, id)) }
        for (key, value) in arena.textMembers(id) ?? [] {
          guard case .dict = arena[value] else { continue }
          if includingOthers || !otherKeys.contains(where: { key.lowercased().contains($0) }) {
            next.append((path + [key], value))
          }
        }
      }
      level = next
    }
    return found
  }

  /// Follows keys joined by dots; keys may contain dots themselves.
  private static func resolve(
    _ wanted: String, _ arena: PickleArena, _ root: PickleArena.ID
  ) -> (path: [String], id: PickleArena.ID)? {
    var path: [String] = []
    var id = root
    var rest = Substring(wanted)
    while !rest.isEmpty {
      let members = arena.textMembers(id) ?? []
      let fitting = members.filter { member in
        guard case .dict = arena[member.value] else { return false }
        return rest == member.key || rest.hasPrefix(member.key + ".")
      }
      guard let longest = fitting.max(by: { $0.key.count < $1.key.count }), !longest.key.isEmpty else { return nil }
      path.append(longest.key)
      id = longest.value
      rest = rest.dropFirst(longest.key.count + 1)
    }
    return (path, id)
  }

  private static func list(_ paths: [[String]]) -> String {
    let names = paths.prefix(8).map {
      $0.isEmpty ? "the file itself" : CheckpointError.quote($0.joined(separator: "."))
    }
    if names.isEmpty { return "no dictionary of tensors" }
    let more = paths.count > 8 ? " and \(paths.count - 8) more" : ""
    return "\(paths.count): " + names.joined(separator: ", ") + more
  }

  private static func noDictionary(_ node: PickleArena.Node) -> PickleReader.Fault {
    let found =
      switch node {
      case .tensor, .unsupported: "a single tensor"
      case .list, .tuple: "a list"
      case .storage: "a storage"
      default: "another value"
      }
    return PickleReader.Fault(
      kind: .unsupported, expected: "a dictionary of tensors", found: found,
      advice: "in Python, save a dictionary: torch.save({\"name\": tensor}, \"file.pt\")")
  }
}
