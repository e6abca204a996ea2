import Foundation
import NN
import Recipes
import Torch

/// What a saved state belongs to, in words, so that the state of something else is told from it.
struct StateIdentity {
  private static let prefix = "identity."
  private let parts: [(name: String, text: String)]

  /// - Parameter parts: What must agree, each with a name; of several lines the first that differs is told.
  init(_ parts: [(name: String, text: String)]) { self.parts = parts }

  /// The words as tensors of UTF-8.
  var tensors: StateDict {
    StateDict(uniqueKeysWithValues: parts.map { (Self.prefix + $0.name, Tensor(Array($0.text.utf8))) })
  }

  /// Whether an entry of a state is one of the words.
  func names(_ entry: String) -> Bool { parts.contains { Self.prefix + $0.name == entry } }

  /// Throws where a state belongs to something else, or does not say to what.
  func check(_ state: StateDict, of owner: String) throws(ModuleError) {
    let missing = parts.map { Self.prefix + $0.name }.filter { state[$0] == nil }
    let mismatched = parts.compactMap { name, text -> String? in
      guard let tensor = state[Self.prefix + name] else { return nil }
      let found = String(decoding: tensor.array(of: UInt8.self), as: UTF8.self)
      return found == text ? nil : Self.difference(name, expected: text, found: found)
    }
    guard missing.isEmpty, mismatched.isEmpty else {
      throw .stateDict(module: owner, missing: missing, unexpected: [], mismatched: mismatched)
    }
  }

  private static func difference(_ name: String, expected: String, found: String) -> String {
    func lines(_ text: String) -> [String] {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let (wanted, given) = (lines(expected), lines(found))
    let first = zip(wanted, given).first { $0 != $1 }
    let other = (wanted.dropFirst(given.count).first ?? "nothing", given.dropFirst(wanted.count).first ?? "nothing")
    let (a, b) = first ?? other
    return "\(name): \(a) expected, found \(b)"
  }
}

extension ModelWeights {
  /// Paths and shapes, a line each, in an order that pruning does not change.
  var identity: String { weights.map { "\($0.path) \($0.shape)" }.sorted().joined(separator: "\n") }
}

extension Recipe {
  /// All but the criterion, as JSON.
  var settingsIdentity: String {
    var own = self
    own.criterion = Magnitude()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(own) else { return "\(own)" }
    return String(decoding: data, as: UTF8.self)
  }
}
