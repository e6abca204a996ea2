import Sparsity

/// Recipes as text.
///
/// ```json
/// {
///   "schema": 1,
///   "criterion": {"norm": 2},
///   "target": {"sparsity": 0.5},
///   "pattern": "4x1",
///   "distribution": {"kind": "global", "atLeast": 0.1},
///   "schedule": {"curve": "cubic", "from": 0.2, "to": 0.75, "updates": 60},
///   "regrowth": {"growth": "gradient", "share": 0.3, "decay": "cosine", "to": 0.75, "updates": 75},
///   "selector": {"exclude": ["lm_head"]},
///   "rule": [{"match": "attention", "amount": 0.3}, {"match": "embed", "exclude": true}],
///   "nan": "refuse"
/// }
/// ```
///
/// Every part may be left out; then it is what `Recipe(.magnitude)` has. `criterion` is `"magnitude"`, `"lamp"`,
/// `"curvature"`, `"obd"`, `"taylor"`, `"movement"`, `"wanda"`, `"activation-mean"`, `"sparsegpt"` (with its authors' settings),
/// `"snip"`, `"grasp"`, `"synflow"`, `{"norm": 2}` or `{"random": SEED}`; a target or rule has one of `amount` (a share of
/// what is unpruned), `count`, `sparsity` and `below`.
extension Recipe: Codable {
  /// The version of the format.
  static let schema = 1

  /// Writes the recipe.
  ///
  /// - Throws: `EncodingError` for a criterion that is given in memory or one's own: those have no text.
  public func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    try parts.encode(Self.schema, forKey: "schema")
    try parts.encode(CriterionText(criterion, at: encoder.codingPath), forKey: "criterion")
    try parts.encodeIfPresent(target.map(TargetText.init), forKey: "target")
    try parts.encode(pattern.text, forKey: "pattern")
    try parts.encode(distribution, forKey: "distribution")
    try parts.encode(schedule, forKey: "schedule")
    try parts.encodeIfPresent(regrowth, forKey: "regrowth")
    try parts.encode(selector, forKey: "selector")
    if !rules.isEmpty { try parts.encode(rules, forKey: "rule") }
    try parts.encode(nan == .refuse ? "refuse" : "largest", forKey: "nan")
  }

  /// Reads a recipe.
  ///
  /// - Throws: `DecodingError`, also for parts that are not known: probably they are misspelt.
  public init(from decoder: any Decoder) throws {
    let parts = try decoder.parts(
      "schema", "criterion", "target", "pattern", "distribution", "schedule", "regrowth", "selector", "rule", "nan")
    if let schema = try parts.value(Int.self, "schema"), schema != Self.schema {
      throw parts.wrong("schema", "expected \(Self.schema), found \(schema); write it for this version")
    }
    let pattern: Pattern
    if let text = try parts.value(String.self, "pattern") {
      guard let read = Pattern(text: text) else {
        throw parts.wrong(
          "pattern", "expected unstructured, structured@DIM, N:M, N:M@DIM, RxC or RxC@last, found '\(text)'")
      }
      pattern = read
    } else {
      pattern = .unstructured
    }
    let criterion = try parts.value(CriterionText.self, "criterion")?.criterion ?? Magnitude()
    self.init(
      criterion, target: try parts.value(TargetText.self, "target")?.target, pattern: pattern,
      distribution: try parts.value(Distribution.self, "distribution"),
      schedule: try parts.value(Schedule.self, "schedule") ?? .oneShot,
      regrowth: try parts.value(Regrowth.self, "regrowth"),
      selector: try parts.value(Selector.self, "selector") ?? Selector(),
      rules: try parts.value([Rule].self, "rule") ?? [])
    switch try parts.value(String.self, "nan") {
    case nil, "refuse"?: nan = .refuse
    case "largest"?: nan = .rankLargest
    case let found?: throw parts.wrong("nan", "expected refuse or largest, found '\(found)'")
    }
  }
}

/// A criterion as text: a name, or a name with a number.
private struct CriterionText: Codable {
  let criterion: any Criterion

  /// Those that a name alone says.
  private static let named: [any Criterion] = [
    Magnitude(), LAMP(), Curvature(), OptimalBrainDamage(), Taylor(), Movement(), Wanda(), ActivationMean(),
    SparseGPT(), SNIP(),
    GraSP(), SynFlow(),
  ]
  private static var names: String { named.map(\.name).joined(separator: ", ") }

  init(_ criterion: any Criterion, at path: [any CodingKey]) throws {
    let isNamed = Self.named.contains { type(of: $0) == type(of: criterion) }
    guard isNamed || criterion is LnNorm || criterion is RandomScores else {
      throw EncodingError.invalidValue(
        criterion.name,
        .init(
          codingPath: path,
          debugDescription: "expected \(Self.names), norm or random, found the criterion '\(criterion.name)', which "
            + "has no text; give it in Swift"))
    }
    self.criterion = criterion
  }

  func encode(to encoder: any Encoder) throws {
    switch criterion {
    case let norm as LnNorm:
      var parts = encoder.container(keyedBy: TextKey.self)
      switch norm.norm {
      case .p(let order) where order.isFinite: try parts.encode(order, forKey: "norm")
      default: try parts.encode("\(norm.norm)", forKey: "norm")
      }
    case let random as RandomScores:
      var parts = encoder.container(keyedBy: TextKey.self)
      try parts.encode(random.seed, forKey: "random")
    default:
      var name = encoder.singleValueContainer()
      try name.encode(criterion.name)
    }
  }

  init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      guard let found = Self.named.first(where: { $0.name == name }) else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath,
            debugDescription: "expected \(Self.names), {norm} or {random}, found '\(name)'"))
      }
      criterion = found
      return
    }
    let parts = try decoder.parts("norm", "random")
    if let order = try? parts.value(String.self, "norm") {
      switch order {
      case "inf": criterion = LnNorm(.infinity)
      case "-inf": criterion = LnNorm(.negativeInfinity)
      case "fro": criterion = LnNorm(.frobenius)
      default: throw parts.wrong("norm", "expected a number, inf or -inf, found '\(order)'")
      }
    } else if let order = try parts.number("norm") {
      criterion = LnNorm(.p(order))
    } else if let seed = try parts.value(UInt64.self, "random") {
      criterion = RandomScores(seed: seed)
    } else {
      throw parts.wrong("norm", "expected \(Self.names), {norm} or {random}, found none of them")
    }
  }
}
