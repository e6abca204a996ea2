/// The tensors of a pickle as one tree of dotted names, and what else there is.
///
/// Of a training checkpoint the tree begins at the state dict, under the usual keys; where several dictionaries hold
/// tensors (`model` and `ema`, `netG` and `netD`) it begins above them, so that all are in it. Whole pickled modules are
/// named as their `state_dict()` would be. An optimizer's state and its like are left out, unless they are asked for.
struct TensorTree {
  /// The keys that lead to where names begin; empty where they begin at the file's own value.
  private(set) var path: [String] = []
  /// The tensors, in order.
  private(set) var tensors: [(name: String, tensor: PickleArena.Tensor)] = []
  /// What is no tensor, or none that can be read, by its whole path.
  private(set) var others: [OtherEntry] = []
  /// Versions of modules by their path, out of `_metadata`.
  private(set) var versions: [(module: String, version: Int)] = []

  private let arena: PickleArena
  // Whether tensors lie at or below a node: 1 no, 2 yes, 0 not known yet; a node being looked at counts as 1.
  private var known: [UInt8]
  private var steps = 0
  private var skipsOthers = true

  private static let maximumDepth = 64
  /// Keys under which training scripts keep the weights.
  private static let usualKeys: Set<String> = [
    "state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params_ema",
    "params",
  ]
  /// Keys of something else, even where it holds tensors.
  private static let otherKeys = ["optim", "sched", "scaler", "rng", "callback", "loop", "hyper", "config", "args"]

  /// Finds the tensors under `root`: below `wanted` (keys joined by dots) where given, else all of them.
  init(in arena: PickleArena, root: PickleArena.ID, wanted: String?) throws(PickleReader.Fault) {
    self.arena = arena
    known = [UInt8](repeating: 0, count: arena.nodes.count)
    var start = root
    if let wanted {
      start = try resolve(wanted, root)
      skipsOthers = false
    } else if arena.isTensor(root) {
      single(root)
      return
    } else if !holdsTensors(root) {
      skipsOthers = false
      known = [UInt8](repeating: 0, count: arena.nodes.count)
    }
    if wanted == nil { start = descend(from: start) }
    listSurroundings(root)
    try collect(start, prefix: "", depth: 0, within: [])
    known = []
    guard tensors.isEmpty, !others.contains(where: \.isTensor) else { return }
    switch arena[start] {
    case .dict(let index):
      let count = arena.dicts[Int(index)].pairs.count
      guard count > 0 else { return }
      throw PickleReader.Fault(
        kind: .notFound, expected: "tensors by name", found: "none among \(count) members",
        advice: "in Python, save a dictionary of named tensors: torch.save(model.state_dict(), \"model.pt\")")
    default:
      throw PickleReader.Fault(
        kind: .unsupported, expected: "a dictionary of tensors", found: arena.describe(start),
        advice: "in Python, save a dictionary: torch.save({\"name\": tensor}, \"file.pt\")")
    }
  }
}

extension TensorTree {
  /// A file that is one tensor.
  private mutating func single(_ root: PickleArena.ID) {
    known = []
    switch arena[root] {
    case .tensor(let index): tensors = [("tensor", arena.tensors[Int(index)])]
    default: others = [OtherEntry(name: "tensor", what: arena.describe(root), isTensor: true)]
    }
  }

  /// Whether a member is left out for its key; the names within modules are never looked at.
  private func isOther(_ key: String, in container: PickleArena.ID, depth: Int) -> Bool {
    guard skipsOthers, depth < 2, case .dict = arena[container] else { return false }
    let key = key.lowercased()
    return !key.contains(".") && Self.otherKeys.contains { key.contains($0) }
  }

  private mutating func holdsTensors(_ id: PickleArena.ID, depth: Int = 0) -> Bool {
    if arena.isTensor(id) { return true }
    guard arena.isContainer(id), depth < Self.maximumDepth else { return false }
    guard known[Int(id)] == 0 else { return known[Int(id)] == 2 }
    known[Int(id)] = 1
    for (key, value) in arena.branches(id) where !isOther(key, in: id, depth: depth) || arena.isTensor(value) {
      if holdsTensors(value, depth: depth + 1) {
        known[Int(id)] = 2
        return true
      }
    }
    return false
  }

  /// How many dictionaries or modules hold tensors themselves, counted up to 2.
  private mutating func units(_ id: PickleArena.ID, depth: Int = 0) -> Int {
    guard holdsTensors(id, depth: depth), arena.isContainer(id) else { return 0 }
    if arena.isModule(id) { return 1 }
    var count = 0
    var isOne = false
    for (key, value) in arena.branches(id) where !isOther(key, in: id, depth: depth) {
      if arena.isTensor(value) {
        isOne = true
      } else {
        count += units(value, depth: depth + 1)
      }
      if count + (isOne ? 1 : 0) > 1 { return 2 }
    }
    return count + (isOne ? 1 : 0)
  }

  /// Goes down to where names begin.
  private mutating func descend(from root: PickleArena.ID) -> PickleArena.ID {
    var current = root
    let isOnlyOne = units(root) == 1
    while path.count < Self.maximumDepth, !arena.isModule(current) {
      var ways: [(key: String, value: PickleArena.ID)] = []
      var hasTensors = false
      for (key, value) in arena.branches(current) where !isOther(key, in: current, depth: path.count) {
        if arena.isTensor(value) {
          hasTensors = true
        } else if holdsTensors(value, depth: path.count + 1) {
          ways.append((key, value))
        }
      }
      guard ways.count == 1, let way = ways.first, Self.usualKeys.contains(way.key) || isOnlyOne && !hasTensors else {
        break
      }
      path.append(way.key)
      current = way.value
    }
    return current
  }

  /// Follows keys joined by dots; keys may contain dots themselves.
  private mutating func resolve(_ wanted: String, _ root: PickleArena.ID) throws(PickleReader.Fault) -> PickleArena.ID {
    var id = root
    var rest = Substring(wanted)
    while !rest.isEmpty {
      let fitting = arena.branches(id).filter { member in
        arena.isContainer(member.value) && (rest == member.key || rest.hasPrefix(member.key + "."))
      }
      guard let longest = fitting.max(by: { $0.key.count < $1.key.count }), !longest.key.isEmpty else {
        skipsOthers = false
        let found = candidates(root)
        throw PickleReader.Fault(
          kind: .notFound, expected: "a dictionary at \(CheckpointError.quote(wanted))", found: Self.list(found),
          advice: "name one of those")
      }
      path.append(longest.key)
      id = longest.value
      rest = rest.dropFirst(longest.key.count + 1)
    }
    return id
  }

  /// The paths of containers that hold tensors, nearest first, at most nine.
  private mutating func candidates(_ root: PickleArena.ID) -> [String] {
    var found: [String] = []
    var level: [(path: String, id: PickleArena.ID)] = [("", root)]
    var seen = Set<PickleArena.ID>()
    for depth in 0..<6 {
      var next: [(path: String, id: PickleArena.ID)] = []
      for (path, id) in level where seen.insert(id).inserted && found.count < 9 {
        let branches = arena.branches(id)
        if branches.contains(where: { arena.isTensor($0.value) }) { found.append(path) }
        guard !arena.isModule(id) else { continue }
        for (key, value) in branches where arena.isContainer(value) && holdsTensors(value, depth: depth + 1) {
          next.append((path.isEmpty ? key : "\(path).\(key)", value))
        }
      }
      level = next
    }
    return found
  }

  private static func list(_ paths: [String]) -> String {
    guard !paths.isEmpty else { return "no dictionary of tensors" }
    let names = paths.prefix(8).map { $0.isEmpty ? "the file itself" : CheckpointError.quote($0) }.joined(
      separator: ", ")
    return paths.count > 8 ? "more than 8: \(names) ..." : "\(paths.count): \(names)"
  }
}

extension TensorTree {
  /// Lists what lies beside the way to where names begin.
  private mutating func listSurroundings(_ root: PickleArena.ID) {
    var step = root
    for (depth, key) in path.enumerated() {
      var next = step
      for member in arena.branches(step) {
        if member.key == key {
          next = member.value
        } else {
          list(path[..<depth].joined(separator: "."), member.key, member.value)
        }
      }
      listUnnamed(step, path[..<depth].joined(separator: "."))
      step = next
    }
  }

  private mutating func list(_ prefix: String, _ key: String, _ value: PickleArena.ID) {
    others.append(
      OtherEntry(
        name: prefix.isEmpty ? key : "\(prefix).\(key)", what: arena.describe(value), isTensor: arena.isTensor(value)))
  }

  /// Lists the members of a dictionary whose keys are no names, with what their keys are.
  private mutating func listUnnamed(_ id: PickleArena.ID, _ prefix: String) {
    guard case .dict(let index) = arena[id] else { return }
    for pair in arena.dicts[Int(index)].pairs where arena.name(ofKey: pair.key) == nil {
      list(prefix, "(\(arena.describe(pair.key)) as its key)", pair.value)
    }
  }

  /// Takes everything below a container into the tree.
  private mutating func collect(
    _ id: PickleArena.ID, prefix: String, depth: Int, within: Set<PickleArena.ID>
  ) throws(PickleReader.Fault) {
    let whole = (path + (prefix.isEmpty ? [] : [prefix])).joined(separator: ".")
    let isDeepest = depth >= Self.maximumDepth
    let isModule = arena.isModule(id)
    let within = within.union([id])
    readVersions(id, prefix)
    for (key, value) in arena.branches(id) {
      steps += 1
      guard steps <= 4 * arena.nodes.count + 4096 else {
        throw PickleReader.Fault(
          kind: .limitExceeded, expected: "each tensor a few times at most",
          found: "dictionaries that name each other again and again",
          advice: "in Python, save the state dict alone: torch.save(model.state_dict(), \"model.pt\")")
      }
      let name = prefix.isEmpty ? key : "\(prefix).\(key)"
      switch arena[value] {
      case .tensor(let index): tensors.append((name, arena.tensors[Int(index)]))
      case .dict, .list, .tuple, .object:
        let isTaken =
          !isDeepest && !within.contains(value) && !isOther(key, in: id, depth: path.count + depth)
          && holdsTensors(value, depth: path.count + depth + 1)
        if isTaken {
          try collect(value, prefix: name, depth: depth + 1, within: within)
        } else if !isModule {
          list(whole, key, value)
        }
      case .none where isModule: break
      default: list(whole, key, value)
      }
    }
    listUnnamed(id, whole)
  }

  /// Takes a state dict's `_metadata`.
  private mutating func readVersions(_ id: PickleArena.ID, _ prefix: String) {
    guard case .dict(let index) = arena[id], let attributes = arena.dicts[Int(index)].attributes,
      let metadata = arena.member("_metadata", of: attributes)
    else { return }
    for (module, value) in arena.members(metadata) {
      guard let version = arena.member("version", of: value), let number = arena.int(version) else { continue }
      let name = [prefix, module].filter { !$0.isEmpty }.joined(separator: ".")
      versions.append((name, number))
    }
  }
}
