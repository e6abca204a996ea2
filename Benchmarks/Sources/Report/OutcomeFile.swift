import Foundation

/// The outcomes of long runs in a JSON file that is added to, so that a run that was cut off goes on.
struct OutcomeFile<Outcome: Codable> {
  /// All outcomes, those of earlier runs first.
  private(set) var outcomes: [Outcome] = []

  private let path: String

  /// Reads what earlier runs have written.
  init(_ path: String) throws {
    self.path = path
    guard let data = FileManager.default.contents(atPath: path) else { return }
    outcomes = try JSONDecoder().decode([Outcome].self, from: data)
  }

  /// Adds an outcome, in the file too.
  mutating func add(_ outcome: Outcome) throws {
    outcomes.append(outcome)
    try write(outcomes, toJSON: path)
  }
}
