extension Regrowth: Codable {
  /// Writes `growth` (`"gradient"`, or `{"random": SEED}`), share, decay and when.
  public func encode(to encoder: any Encoder) throws {
    var parts = encoder.container(keyedBy: TextKey.self)
    switch growth {
    case .gradient: try parts.encode("gradient", forKey: "growth")
    case .random(let seed): try parts.encode(["random": seed], forKey: "growth")
    }
    try parts.encode(share, forKey: "share")
    try parts.encode(decay.rawValue, forKey: "decay")
    try parts.encode(schedule.start, forKey: "from")
    try parts.encode(schedule.end, forKey: "to")
    try parts.encode(schedule.updates ?? 1, forKey: "updates")
  }

  /// Reads how masks move.
  public init(from decoder: any Decoder) throws {
    let parts = try decoder.parts("growth", "share", "decay", "from", "to", "updates")
    let growth: Growth
    if let name = try? parts.value(String.self, "growth") {
      guard name == "gradient" else {
        throw parts.wrong("growth", "expected gradient or {random}, found '\(name)'")
      }
      growth = .gradient
    } else if let seeds = try parts.value([String: UInt64].self, "growth"), let seed = seeds["random"], seeds.count == 1
    {
      growth = .random(seed: seed)
    } else {
      throw parts.wrong("growth", "expected gradient or {random}, found neither")
    }
    let name = try parts.value(String.self, "decay") ?? "none"
    guard let decay = Decay(rawValue: name) else {
      throw parts.wrong(
        "decay", "expected \(Decay.allCases.map(\.rawValue).joined(separator: " or ")), found '\(name)'")
    }
    let (start, end) = (try parts.number("from") ?? 0, try parts.number("to") ?? 1)
    guard 0 <= start, start <= end, end <= 1 else {
      throw parts.wrong("from", "expected 0 <= from <= to <= 1, found \(start) and \(end)")
    }
    let (share, updates) = (try parts.number("share") ?? 0.3, try parts.value(Int.self, "updates") ?? 0)
    guard (0...1).contains(share) else { throw parts.wrong("share", "expected a share in 0...1, found \(share)") }
    guard updates > 0 else { throw parts.wrong("updates", "expected 1 or more, found \(updates)") }
    self.init(growth, share: share, decay: decay, from: start, to: end, updates: updates)
  }
}
