import ArgumentParser
import Checkpoints
import Sparsity

/// How much goes, as it is written: `0.5`, `50%`, or `1000` entries.
struct AmountArgument: ExpressibleByArgument, Equatable {
  let amount: Amount

  init?(argument: String) {
    if argument.hasSuffix("%") {
      guard let percent = Double(argument.dropLast()), percent >= 0, percent <= 100 else { return nil }
      amount = .fraction(percent / 100)
    } else if let count = Int(argument) {
      guard count >= 0 else { return nil }
      amount = .count(count)
    } else {
      guard let fraction = Double(argument), fraction >= 0, fraction <= 1 else { return nil }
      amount = .fraction(fraction)
    }
  }
}

/// A pattern, as it is written: `unstructured`, `structured`, `2:4`, `4x4`.
enum PatternArgument: ExpressibleByArgument, Equatable {
  case unstructured
  case structured
  case nOfM(Int, Int)
  case block(Int, Int)

  init?(argument: String) {
    func numbers(_ separator: Character) -> (Int, Int)? {
      let parts = argument.split(separator: separator, omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let first = parts[0], let second = parts[1], first > 0, second > 0 else { return nil }
      return (first, second)
    }
    switch argument {
    case "unstructured": self = .unstructured
    case "structured": self = .structured
    default:
      if let (n, m) = numbers(":"), n <= m {
        self = .nOfM(n, m)
      } else if let (rows, columns) = numbers("x") {
        self = .block(rows, columns)
      } else {
        return nil
      }
    }
  }
}

/// What ranks.
enum MethodArgument: String, ExpressibleByArgument, CaseIterable {
  case l1, ln, random
}

/// What becomes of NaN among the weights.
enum NaNArgument: String, ExpressibleByArgument, CaseIterable {
  case refuse, largest
}

extension PruningRecipe.Scope: ExpressibleByArgument {}
