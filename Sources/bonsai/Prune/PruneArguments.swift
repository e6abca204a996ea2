import ArgumentParser
import Recipes
import Sparsity

/// A share of something, as it is written: `0.5` or `50%`.
struct ShareArgument: ExpressibleByArgument, Equatable {
  let text: String

  init?(argument: String) { text = argument }

  /// The share.
  ///
  /// - Parameters:
  ///   - option: What messages call it.
  ///   - count: The option for a number, where there is one that may have been meant.
  /// - Throws: `ValidationError` where it is none in 0...1.
  func share(_ option: String, count: String? = nil) throws -> Double {
    let isPercent = text.hasSuffix("%")
    let number = Double(isPercent ? String(text.dropLast()) : text).map { isPercent ? $0 / 100 : $0 }
    guard let number, (0...1).contains(number) else {
      let other = count.map { "; give \($0) for a number of entries" } ?? ""
      throw ValidationError("\(option): expected a share such as 0.3 or 30%, found '\(text)'\(other)")
    }
    // A bare 1 may have been meant as a number.
    if let count, Int(text) == 1 {
      throw ValidationError(
        "\(option): expected a share such as 0.3 or 30%, found 1; give \(option) 100% for everything, or \(count) 1 for one "
          + "entry")
    }
    return number
  }
}

/// A pattern, as it is written: `unstructured`, `structured`, `2:4`, `4x1`.
struct PatternArgument: ExpressibleByArgument, Equatable {
  let pattern: Pattern

  init?(argument: String) {
    guard let pattern = Pattern(text: argument) else { return nil }
    self.pattern = pattern
  }
}

/// What ranks.
enum CriterionArgument: String, ExpressibleByArgument, CaseIterable {
  case magnitude, norm, lamp, random
}

/// What becomes of NaN among the weights.
enum NaNArgument: String, ExpressibleByArgument, CaseIterable {
  case refuse, largest
}

extension Distribution.Kind: ExpressibleByArgument {}
