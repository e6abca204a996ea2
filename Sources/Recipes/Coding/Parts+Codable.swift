import Sparsity

/// A target as text: one of `amount`, `count`, `sparsity` and `below`.
struct TargetText: Codable {
  let target: Target

  init(_ target: Target) { self.target = target }

  static let keys = ["amount", "count", "sparsity", "below"]

  func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    try encode(into: &parts)
  }

  func encode(into parts: inout KeyedEncodingContainer<TextKey>) throws {
    switch target {
    case .amount(.fraction(let share)): try parts.encode(share, forKey: "amount")
    case .amount(.count(let count)): try parts.encode(count, forKey: "count")
    case .sparsity(let sparsity): try parts.encode(sparsity, forKey: "sparsity")
    case .below(let threshold): try parts.encode(threshold, forKey: "below")
    }
  }

  init(from decoder: any Decoder) throws {
    let parts = try decoder.parts(Self.keys)
    guard let target = try Self.target(in: parts) else {
      throw parts.wrong("target", "expected one of amount, count, sparsity and below, found none")
    }
    self.target = target
  }

  /// The target among the parts of a table; nil where there is none.
  static func target(in parts: TextParts) throws -> Target? {
    let given = keys.filter { parts.has($0) }
    guard given.count < 2 else {
      throw parts.wrong(
        given[1], "expected one of \(keys.joined(separator: ", ")), found \(given.joined(separator: " and "))")
    }
    if parts.isWhole("amount") {
      throw parts.wrong(
        "amount", "expected a share in 0...1, found a whole number above; write count for a number of entries")
    }
    if let share = try parts.number("amount") { return .amount(.fraction(share)) }
    if let count = try parts.value(Int.self, "count") { return .amount(.count(count)) }
    if let sparsity = try parts.number("sparsity") { return .sparsity(sparsity) }
    if let threshold = try parts.number("below") { return .below(threshold) }
    return nil
  }
}

extension Rule: Codable {
  /// Writes the rule as a table: `match`, and `exclude` or a target.
  public func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    try parts.encode(match.description, forKey: "match")
    switch action {
    case .exclude: try parts.encode(true, forKey: "exclude")
    case .prune(let target): try TargetText(target).encode(into: &parts)
    }
  }

  /// Reads a rule.
  public init(from decoder: any Decoder) throws {
    let parts = try decoder.parts(["match", "exclude"] + TargetText.keys)
    guard let match = try parts.value(String.self, "match") else {
      throw parts.wrong("match", "expected a regular expression of names, found none")
    }
    self.match = try parts.pattern(match, "match")
    let target = try TargetText.target(in: parts)
    switch (try parts.value(Bool.self, "exclude"), target) {
    case (true?, nil): action = .exclude
    case (nil, let target?): action = .prune(target)
    default:
      throw parts.wrong("exclude", "expected exclude = true, or one of \(TargetText.keys.joined(separator: ", "))")
    }
  }
}

extension Distribution: Codable {
  /// Writes the kind, with the least share where there is one.
  public func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    try parts.encode(kind.rawValue, forKey: "kind")
    if atLeast > 0 { try parts.encode(atLeast, forKey: "atLeast") }
  }

  /// Reads `"global"`, or a table with `kind` and `atLeast`.
  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      self.init(try Self.kind(name, decoder.codingPath))
      return
    }
    let parts = try decoder.parts("kind", "atLeast")
    let kind = try Self.kind(try parts.value(String.self, "kind") ?? "", decoder.codingPath)
    self.init(kind, atLeast: try parts.number("atLeast") ?? 0)
  }

  private static func kind(_ name: String, _ path: [any CodingKey]) throws -> Kind {
    if let kind = Kind(rawValue: name) { return kind }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: path,
        debugDescription:
          "expected \(Kind.allCases.map(\.rawValue).joined(separator: ", ")), found '\(name)'"))
  }
}

extension Schedule: Codable {
  /// Writes the curve and where it begins and ends.
  public func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    try parts.encode(curve.rawValue, forKey: "curve")
    try parts.encode(start, forKey: "from")
    try parts.encode(end, forKey: "to")
    try parts.encodeIfPresent(updates, forKey: "updates")
    if curve == .cyclic { try parts.encode(cycles, forKey: "cycles") }
  }

  /// Reads a schedule.
  public init(from decoder: any Decoder) throws {
    let parts = try decoder.parts("curve", "from", "to", "updates", "cycles")
    let name = try parts.value(String.self, "curve") ?? ""
    guard let curve = Curve(rawValue: name) else {
      throw parts.wrong(
        "curve", "expected \(Curve.allCases.map(\.rawValue).joined(separator: ", ")), found '\(name)'")
    }
    let (start, end) = (try parts.number("from") ?? 0, try parts.number("to") ?? 1)
    let (updates, cycles) = (try parts.value(Int.self, "updates"), try parts.value(Int.self, "cycles") ?? 1)
    guard 0 <= start, start <= end, end <= 1 else {
      throw parts.wrong("from", "expected 0 <= from <= to <= 1, found \(start) and \(end)")
    }
    guard updates ?? 1 > 0, cycles > 0 else { throw parts.wrong("updates", "expected updates and cycles of 1 or more") }
    self.init(curve, from: start, to: end, updates: updates, cycles: cycles)
  }
}

extension Selector: Codable {
  /// Writes roles, layers and expressions.
  public func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    try parts.encode(roles.map(\.rawValue).sorted(), forKey: "roles")
    if !layers.isEmpty { try parts.encode(layers.sorted(), forKey: "layers") }
    for (key, patterns) in [("include", included), ("exclude", excluded), ("only", only)] where !patterns.isEmpty {
      try parts.encode(patterns.map(\.description), forKey: TextKey(key))
    }
  }

  /// Reads a selector.
  public init(from decoder: any Decoder) throws {
    let parts = try decoder.parts("roles", "layers", "include", "exclude", "only")
    func patterns(_ key: String) throws -> [NamePattern] {
      try (try parts.value([String].self, key) ?? []).map { try parts.pattern($0, key) }
    }
    self.init(only: try patterns("only"), included: try patterns("include"), excluded: try patterns("exclude"))
    if let names = try parts.value([String].self, "roles") {
      roles = try Set(
        names.map { name in
          guard let role = Role(rawValue: name) else {
            throw parts.wrong(
              "roles", "expected \(Role.allCases.map(\.rawValue).joined(separator: ", ")), found '\(name)'")
          }
          return role
        })
    }
    layers = Set(try parts.value([String].self, "layers") ?? [])
  }
}
