import ArgumentParser
import Checkpoints
import FilePruning
import Recipes
import Sparsity

/// What is pruned, how, and how much of it.
struct RecipeOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Prune this share of what is still unpruned, such as 0.3 or 30%.", valueName: "share"))
  var amount: ShareArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Prune so many entries, channels or blocks, such as 1000.", valueName: "n"))
  var count: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Prune until this share of all is pruned, what was masked before included.", valueName: "share"))
  var sparsity: ShareArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Prune whatever is smaller in magnitude, or in norm, than this.", valueName: "magnitude"))
  var threshold: Double?

  @Option(
    help: """
      What ranks: magnitude, of channels and blocks the L2 norm; norm, channels and blocks by --norm; lamp, magnitudes \
      weighed by layer; random, PyTorch's draws for --seed. (default: magnitude)
      """)
  var criterion: CriterionArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Rank channels or blocks by the norm of this order: 1, 2, 0.5, inf, -inf.", valueName: "n"))
  var norm: Double?

  @Option(help: ArgumentHelp("Where the random numbers begin. (default: 0)", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Take the masks in this file, named NAME_mask or NAME.", valueName: "file"))
  var masksFrom: String?

  @Option(
    help: ArgumentHelp(
      """
      unstructured, single entries; structured, channels of --dim; N:M, N of every M along the inputs are kept; RxC, \
      blocks of R outputs by C flattened inputs, RxC@last of the last two dimensions. (default: unstructured)
      """, valueName: "pattern"))
  var pattern: PatternArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The dimension whose channels go, or along which N:M lies; negative from the end.", valueName: "n"))
  var dim: Int?

  @Option(
    help: """
      What is ranked together: global, all weights; uniform, each weight; erk, each with shares by \
      Erdos-Renyi-kernel; row, each output row. (default: global for single entries, otherwise uniform)
      """)
  var distribution: Distribution.Kind?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Leave each weight at least this share of itself.", valueName: "share"))
  var atLeast: ShareArgument?

  @Option(help: ArgumentHelp("Take all of this from a file, JSON or TOML; see RECIPES above.", valueName: "file"))
  var recipe: String?

  @Option(help: ArgumentHelp("A file of amounts and exclusions by name; see RULES above.", valueName: "file"))
  var rules: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Prune what a regular expression finds in a name, beside the usual weights.", valueName: "regex")
  )
  var include: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("Do not prune what it finds in a name.", valueName: "regex"))
  var exclude: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("Prune only what it finds in a name.", valueName: "regex"))
  var only: [String] = []

  @Option(help: "NaN among the weights: refuse them, or rank them as the largest, as PyTorch does. (default: refuse)")
  var nan: NaNArgument?

  private func refuse(_ condition: Bool, _ text: String) throws { if condition { throw ValidationError(text) } }

  func validate() throws {
    let extents = [
      amount.map { _ in "--amount" }, count.map { _ in "--count" }, sparsity.map { _ in "--sparsity" },
      threshold.map { _ in "--threshold" },
    ].compactMap { $0 }
    try refuse(
      extents.count > 1,
      "expected one of --amount, --count, --sparsity and --threshold, found \(extents.joined(separator: " and "))")
    let choices = [criterion != nil, norm != nil, pattern != nil, distribution != nil, rules != nil, !include.isEmpty]
    try refuse(
      masksFrom != nil && choices.contains(true),
      "--masks-from: expected only --only and --exclude beside it, found another choice of what is pruned; leave that out"
    )
    let others = choices + [!extents.isEmpty, dim != nil, atLeast != nil, nan != nil, !exclude.isEmpty, !only.isEmpty]
    try refuse(
      recipe != nil && (others.contains(true) || masksFrom != nil || seed != nil),
      "--recipe: expected no other choice of what is pruned beside it, found one; write it into the recipe")
    try refuse(
      norm != nil && criterion != nil && criterion != .norm,
      "--norm: expected --criterion norm beside it, or none, found --criterion \(criterion?.rawValue ?? "")")
    try refuse(norm?.isNaN == true, "--norm: expected a real number, inf or -inf, found nan")
    try refuse(seed != nil && criterion != .random, "--seed: expected --criterion random beside it, found none")
    try refuse(count.map { $0 < 0 } ?? false, "--count: expected a number of 0 or more, found \(count ?? 0)")
    try refuse(
      threshold.map { !($0 >= 0) } ?? false, "--threshold: expected a magnitude of 0 or more, found \(threshold ?? 0)")
    if dim != nil { _ = try wholePattern() }
    _ = try target()
    _ = try atLeast?.share("--at-least")
    if recipe == nil, masksFrom == nil, rules == nil {
      do { try assembled().validate() } catch let error as RecipeError {
        throw ValidationError("expected \(error.expected), found \(error.found); \(error.advice)")
      }
    }
  }

  private func target() throws -> Target? {
    if let amount { return .amount(.fraction(try amount.share("--amount", count: "--count"))) }
    if let count { return .amount(.count(count)) }
    if let sparsity { return .sparsity(try sparsity.share("--sparsity")) }
    return threshold.map { .below($0) }
  }

  /// The pattern with its dimension.
  private func wholePattern() throws -> Pattern {
    let pattern = pattern?.pattern ?? .unstructured
    guard let dim else { return pattern }
    switch pattern {
    case .structured(0): return .structured(dim: dim)
    case .nOfM(let n, let m, nil): return .nOfM(n, m, dim: dim)
    default:
      throw ValidationError(
        "--dim: expected --pattern structured or N:M without a dimension of its own beside it; add that, or leave it out"
      )
    }
  }

  private func assembled() throws -> Recipe {
    let pattern = try wholePattern()
    let criterion: any Criterion =
      switch self.criterion ?? (norm == nil ? .magnitude : .norm) {
      case .magnitude: Magnitude()
      case .norm: LnNorm(.p(norm ?? 2))
      case .lamp: LAMP()
      case .random: RandomScores(seed: seed ?? 0)
      }
    func patterns(_ texts: [String]) throws -> [NamePattern] { try texts.map { try NamePattern($0) } }
    var recipe = Recipe(
      criterion, target: try target(), pattern: pattern, distribution: distribution.map { Distribution($0) },
      selector: Selector(
        only: try patterns(only), included: try patterns(include), excluded: try patterns(exclude)))
    recipe.distribution.atLeast = try atLeast?.share("--at-least") ?? 0
    recipe.nan = nan == .largest ? .rankLargest : .refuse
    return recipe
  }

  /// The recipe that the options make.
  func made() throws -> Recipe {
    if let recipe { return try RecipeFile.recipe(recipe) }
    var result = try assembled()
    if let masksFrom {
      result.criterion = GivenMasks(StoredTensors(masksIn: try Checkpoint.open(masksFrom)))
      result.target = try target()
    }
    if let rules { result.rules = try RecipeFile.rules(rules) }
    try result.validate()
    return result
  }
}
