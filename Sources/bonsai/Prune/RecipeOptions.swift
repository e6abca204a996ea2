import ArgumentParser
import Checkpoints
import Sparsity

/// What is pruned, how, and how much of it.
struct RecipeOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How much goes: a share such as 0.5 or 50%, or a number such as 1000.", valueName: "n"))
  var amount: AmountArgument?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Prune whatever is smaller in magnitude, or in norm, than this.", valueName: "magnitude"))
  var threshold: Double?

  @Option(
    help: "What ranks: l1, magnitudes; ln, norms of channels or blocks; random, PyTorch's draws for a seed.")
  var method = MethodArgument.l1

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The order of the norm for ln: 1, 2, 0.5, inf, -inf.", valueName: "n"))
  var norm: Double?

  @Option(help: ArgumentHelp("Where the random numbers begin.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Take the masks in this file, named NAME_mask or NAME.", valueName: "file"))
  var masksFrom: String?

  @Option(
    help: ArgumentHelp(
      "unstructured, single entries; structured, channels of --dim; N:M, N of every M are kept; RxC, blocks.",
      valueName: "pattern"))
  var pattern = PatternArgument.unstructured

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The dimension whose channels go, for structured; negative from the end.", valueName: "n"))
  var dim: Int?

  @Option(
    help: """
      global, one ranking over all tensors; tensor, one in each; erk, one in each with shares by Erdos-Renyi-kernel. \
      (default: global for single entries, otherwise tensor)
      """)
  var scope: PruningRecipe.Scope?

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

  @Option(help: "NaN among the weights: refuse them, or rank them as the largest, as PyTorch does.")
  var nan = NaNArgument.refuse

  var isRandom: Bool { masksFrom == nil && method == .random }

  func validate() throws {
    func refuse(_ condition: Bool, _ text: String) throws { if condition { throw ValidationError(text) } }
    try refuse(amount != nil && threshold != nil, "expected one of --amount and --threshold, found both")
    try refuse(
      masksFrom != nil
        && (method != .l1 || pattern != .unstructured || scope != nil || rules != nil || !include.isEmpty),
      "--masks-from: expected only --only and --exclude beside it, found another choice of what is pruned; leave that out"
    )
    try refuse(norm != nil && method != .ln, "--norm: expected --method ln beside it; add that, or leave it out")
    try refuse(norm?.isNaN == true, "--norm: expected a real number, inf or -inf, found nan")
    try refuse(
      dim != nil && pattern != .structured, "--dim: expected --pattern structured beside it; add that, or leave it out")
    try refuse(
      threshold.map { !($0 >= 0) } ?? false, "--threshold: expected a magnitude of 0 or more, found \(threshold ?? 0)")
  }

  /// The recipe that the options make.
  func recipe() throws -> PruningRecipe {
    let pattern: Pattern =
      switch self.pattern {
      case .unstructured: .unstructured
      case .structured: .structured(dim: dim ?? 0)
      case .nOfM(let n, let m): .nOfM(n, m)
      case .block(let rows, let columns): .block(rows: rows, columns: columns)
      }
    let criterion: PruningRecipe.Criterion =
      if let masksFrom {
        .masks(try Checkpoint.open(masksFrom))
      } else {
        switch method {
        case .l1: .magnitude
        case .ln: .norm(norm ?? 2)
        case .random: .random(seed: seed)
        }
      }
    let extent: PruningRecipe.Extent? = amount.map { .amount($0.amount) } ?? threshold.map { .below($0) }
    var recipe = PruningRecipe(
      criterion, extent, pattern: pattern, scope: scope ?? (pattern == .unstructured ? .global : .perTensor))
    recipe.nan = nan == .largest ? .rankLargest : .refuse
    recipe.tensors = try TensorChoice(include: include, exclude: exclude, only: only)
    if let rules { recipe.tensors.rules = try PruningRules(path: rules) }
    return recipe
  }
}

extension TensorChoice {
  /// The choice that regular expressions make.
  init(include: [String] = [], exclude: [String], only: [String]) throws {
    self.init()
    included = try include.map { try NamePattern($0) }
    excluded = try exclude.map { try NamePattern($0) }
    self.only = try only.map { try NamePattern($0) }
  }
}
