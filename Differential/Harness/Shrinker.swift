import Foundation

/// Makes a failing program shorter for as long as it fails.
package struct Shrinker {
  /// Runs at most.
  package var limit = 600
  private let fails: (Program) throws -> Bool

  /// A shrinker for programs of which `fails` says whether they still show the failure.
  package init(limit: Int = 600, fails: @escaping (Program) throws -> Bool) {
    self.limit = limit
    self.fails = fails
  }

  /// The shortest program it finds.
  package func shrink(_ program: Program) throws -> Program {
    var best = program
    var left = limit
    while let better = try candidates(best).first(where: {
      left -= 1
      return try left >= 0 && fails($0)
    }) {
      best = better
    }
    return best
  }

  /// Smaller programs, the much smaller ones first.
  private func candidates(_ program: Program) throws -> some Sequence<Program> {
    var found: [Program] = []
    var length = program.steps.count
    while length > 0 {
      for start in stride(from: 0, to: program.steps.count, by: length) {
        var shorter = program
        shorter.steps.removeSubrange(start..<min(start + length, program.steps.count))
        found.append(shorter)
      }
      length /= 2
    }
    if program.layers.count > 1 { found += program.layers.indices.map { program.dropping(layer: $0) } }
    for (i, step) in program.steps.enumerated() {
      for simpler in step.simpler {
        var copy = program
        copy.steps[i] = simpler
        found.append(copy)
      }
    }
    if program.dtype != "float32" {
      var copy = program
      copy.dtype = "float32"
      found.append(copy)
    }
    let json = try JSONDecoder().decode(JSON.self, from: program.json)
    let encoder = JSONEncoder()
    found += json.simpler().compactMap { candidate in
      (try? encoder.encode(candidate)).flatMap { try? Program(json: $0) }
    }
    return found.filter { $0 != program }
  }
}

extension Program {
  /// Without a layer, and without the steps that are about it.
  fileprivate func dropping(layer: Int) -> Program {
    var copy = self
    copy.layers.remove(at: layer)
    func renumbered(_ path: String) -> String? {
      let parts = path.split(separator: ".", maxSplits: 1)
      guard let first = parts.first.flatMap({ Int($0) }) else { return path }
      if first == layer { return nil }
      return (["\(first > layer ? first - 1 : first)"] + parts.dropFirst().map(String.init)).joined(separator: ".")
    }
    copy.steps = steps.compactMap { $0.renumbered(renumbered) }
    return copy
  }
}

extension Step {
  /// The step about modules of other paths; nil where all of them are gone.
  fileprivate func renumbered(_ path: (String) -> String?) -> Step? {
    func moved(_ target: Target) -> Target? { path(target.module).map { Target(module: $0, name: target.name) } }
    switch self {
    case .prune(let target, let method, let seed, let scores):
      return moved(target).map { .prune(target: $0, method: method, seed: seed, scores: scores) }
    case .globally(let targets, let method, let seed, let scores):
      let left = zip(targets, scores).compactMap { target, scores in moved(target).map { ($0, scores) } }
      return left.isEmpty
        ? nil : .globally(targets: left.map(\.0), method: method, seed: seed, scores: left.map(\.1))
    case .remove(let target): return moved(target).map { .remove(target: $0) }
    case .undo(let target): return moved(target).map { .undo(target: $0) }
    case .probe(let target, let method, let seed, let removing):
      return moved(target).map { .probe(target: $0, method: method, seed: seed, removing: removing) }
    case .fill(let target, let recipe): return moved(target).map { .fill(target: $0, recipe: recipe) }
    case .add(let target, let recipe): return moved(target).map { .add(target: $0, recipe: recipe) }
    case .hold(let target): return moved(target).map { .hold(target: $0) }
    case .convert(let module, let dtype): return path(module).map { .convert(module: $0, dtype: dtype) }
    default: return self
    }
  }

  /// Simpler steps of other kinds or with fewer parts.
  fileprivate var simpler: [Step] {
    switch self {
    case .globally(let targets, let method, let seed, let scores):
      return targets.indices.map { i in
        var (fewer, left) = (targets, scores)
        fewer.remove(at: i)
        left.remove(at: i)
        return .globally(targets: fewer, method: method, seed: seed, scores: left)
      } + (targets.count == 1 ? [.prune(target: targets[0], method: method, seed: seed, scores: scores[0])] : [])
    case .backward(let seed, let batch, _): return [.forward(seed: seed, batch: batch, gradients: false)]
    case .prune(let target, let method, let seed, nil) where method != .identity:
      return [.prune(target: target, method: .identity, seed: seed, scores: nil)]
    default: return []
    }
  }
}
