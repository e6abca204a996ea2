import ArgumentParser
import Checkpoints
import Compaction
import Recipes
import Sparsity

import enum Graphs.ModelFile

/// The model that is written.
struct CompactOutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The model to write (.pt2, .onnx).", valueName: "path"))
  var path: String?

  @Option(
    help: ArgumentHelp(
      "Write also the model with zeros in place of what goes, which the smaller one must equal.", valueName: "path"))
  var reference: String?

  @Flag(help: "Replace what is there.")
  var force = false

  @Flag(help: "Find out what would go and write nothing.")
  var dryRun = false

  @Option(help: ArgumentHelp("Draw the channels of each group before and after as a picture.", valueName: "svg"))
  var plot: String?

  @Option(
    help: ArgumentHelp(
      "Write a page about it: layers, the curve of gain against change, what to try next.", valueName: "html"))
  var report: String?

  var target: String? { dryRun ? nil : path }

  func validate() throws {
    guard dryRun || path != nil else {
      throw ValidationError("expected --output with the model to write, or --dry-run, found neither")
    }
    if let path, !path.hasSuffix(".pt2"), !path.hasSuffix(".onnx") {
      throw ValidationError("--output: expected a path ending in .pt2 or .onnx, found '\(path)'")
    }
    if let reference, !reference.hasSuffix(".pt2"), !reference.hasSuffix(".onnx") {
      throw ValidationError("--reference: expected a path ending in .pt2 or .onnx, found '\(reference)'")
    }
    if let plot, !plot.lowercased().hasSuffix(".svg") {
      throw ValidationError("--plot: expected a path ending in .svg, found '\(plot)'")
    }
    if let report, !report.lowercased().hasSuffix(".html") {
      throw ValidationError("--report: expected a path ending in .html, found '\(report)'")
    }
  }

  /// A model keeps its format.
  func check(fits model: ModelFile) throws {
    let ending = if case .onnx = model { ".onnx" } else { ".pt2" }
    if let path, !path.hasSuffix(ending) {
      throw ValidationError("--output: expected a path ending in \(ending), as the model is, found '\(path)'")
    }
    if let reference, ending == ".pt2", !reference.hasSuffix(ending) {
      throw ValidationError("--reference: expected a path ending in .pt2, as the model is, found '\(reference)'")
    }
  }

  func checkIsFree() throws {
    if let target {
      if !force { try Checkpoint.checkIsFree(target, for: target.hasSuffix(".onnx") ? .onnx : .pt2) }
      Interrupt.watch()
    }
    if let reference, !force {
      try Checkpoint.checkIsFree(reference, for: reference.hasSuffix(".onnx") ? .onnx : .pt2)
    }
    for text in [plot, report].compactMap({ $0 }) { try TextFile.checkIsFree(text, replacing: force) }
  }
}

/// What ranks units, on the command line.
enum UnitCriterionArgument: String, ExpressibleByArgument, CaseIterable {
  case magnitude, norm, lamp, random, fpgm
  case batchNormScale = "batch-norm-scale"
  case groupOBS = "group-obs"
  case taylor, activation

  /// Whether samples are needed to rank by it.
  var needsData: Bool { [.groupOBS, .taylor, .activation].contains(self) }
}

extension ReducedCriterion.Reduction: ExpressibleByArgument {}
extension HeadPolicy: ExpressibleByArgument {}

/// What becomes of layer and RMS norms.
enum NormArgument: String, ExpressibleByArgument, CaseIterable {
  case pad, keep
}

/// How much remains, as it is written: a share such as `0.5` or `50%`, or a number such as `3000000`.
struct RemainingArgument: ExpressibleByArgument, Equatable {
  let amount: Amount

  init?(argument: String) {
    if let count = Int(argument), count > 1 {
      amount = .count(count)
    } else if let share = try? ShareArgument(argument: argument)?.share("") {
      amount = .fraction(share)
    } else {
      return nil
    }
  }
}

/// What goes, and how much of it.
struct CompactRecipeOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Remove this share of the channels, such as 0.3 or 30%.", valueName: "share"))
  var amount: ShareArgument?

  @Option(help: ArgumentHelp("Keep this share or number of multiplications.", valueName: "share"))
  var macs: RemainingArgument?

  @Option(help: ArgumentHelp("Keep this share or number of parameters.", valueName: "share"))
  var parameters: RemainingArgument?

  @Option(help: ArgumentHelp("Keep this share or number of the bytes of parameters and buffers.", valueName: "share"))
  var bytes: RemainingArgument?

  @Flag(
    help: """
      Remove what is 0 already, so that the model goes on computing what it computes: channels that nothing takes in, or \
      whose constant can be added to biases.
      """)
  var zeros = false

  @Option(
    help: """
      What ranks: magnitude, the L2 norm of all parameters of a unit; batch-norm-scale; fpgm, the distance to the others; \
      norm and lamp, each slice by itself, put together by --reduce; random, by --seed; on --data group-obs, taylor and \
      activation, by what the layers that take a unit in lose.
      """)
  var criterion: UnitCriterionArgument = .magnitude

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Rank slices by the norm of this order: 1, 2, 0.5.", valueName: "n"))
  var norm: Double?

  @Option(help: "How the slices of a unit are put together: sum, mean, max.")
  var reduce: ReducedCriterion.Reduction = .sum

  @Option(help: "What is ranked together: uniform, each group; global, all units by scores over their group's mean.")
  var distribution: Distribution.Kind?

  @Option(parsing: .unconditional, help: ArgumentHelp("Leave each group at least this share.", valueName: "share"))
  var atLeast: ShareArgument?

  @Option(help: ArgumentHelp("Round the channels of each group to a multiple of this.", valueName: "n"))
  var roundTo = 1

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Keep the outputs of weights that it finds in a name whole.", valueName: "regex"))
  var keep: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Remove only outputs of weights that it finds in a name.", valueName: "regex"))
  var only: [String] = []

  @Option(help: ArgumentHelp("A file of amounts and exclusions by name, as for bonsai prune.", valueName: "file"))
  var rules: String?

  @Option(help: ArgumentHelp("Take criterion, amount and names from a recipe, as for bonsai prune.", valueName: "file"))
  var recipe: String?

  @Option(help: "What attention loses where nothing else decides: whole heads, or their size.")
  var heads: HeadPolicy = .whole

  @Option(help: "Layer and RMS norms: pad lets what they normalise shrink, exactly; keep leaves it whole.")
  var norms: NormArgument = .pad

  @Flag(help: "Leave out parameters and buffers that nothing uses.")
  var dropUnused = false

  var options: CompactionOptions {
    CompactionOptions(heads: heads, padsNorms: norms == .pad, dropsUnused: dropUnused)
  }

  /// Throws unless just one option says how much.
  func checkAmounts(isGoalGiven: Bool) throws {
    let given = [
      amount.map { _ in "--amount" }, macs.map { _ in "--macs" }, parameters.map { _ in "--parameters" },
      bytes.map { _ in "--bytes" }, zeros ? "--zeros" : nil,
      isGoalGiven ? "a goal" : nil,
    ].compactMap { $0 }
    guard given.count <= 1 else {
      throw ValidationError(
        "expected one of --amount, --macs, --parameters, --bytes, --zeros, --speedup and --max-change, found "
          + given.joined(separator: " and "))
    }
    guard !given.isEmpty || rules != nil || recipe != nil else {
      throw ValidationError(
        "expected --amount, --macs, --parameters, --bytes, --speedup, --max-change or --zeros, found none")
    }
  }

  func validate() throws {
    if zeros {
      guard rules == nil, recipe == nil, keep.isEmpty, only.isEmpty, roundTo == 1 else {
        throw ValidationError(
          "--zeros: expected no --rules, --recipe, --keep, --only or --round-to beside it, found one; leave it out: the zeros "
            + "say what goes")
      }
      return
    }
    if norm != nil, criterion != .magnitude, criterion != .norm {
      throw ValidationError(
        "--norm: expected --criterion norm beside it, or none, found --criterion \(criterion.rawValue)")
    }
    if let norm, !(norm > 0 && norm.isFinite) {
      throw ValidationError("--norm: expected an order above 0, found \(norm)")
    }
    if rules == nil, recipe == nil {
      do { _ = try made(seed: 0, hasGoal: true) } catch let error as RecipeError {
        throw ValidationError("expected \(error.expected), found \(error.found); \(error.advice)")
      }
    }
  }

  /// The recipe that the options make; a recipe in a file gives what they leave open.
  ///
  /// - Parameter hasGoal: whether another option says how much goes.
  func made(seed: UInt64, hasGoal: Bool) throws -> CompactionRecipe {
    var result: CompactionRecipe
    if let recipe {
      var read = try RecipeFile.recipe(recipe)
      // What the options say takes the place of what the file says.
      if target != nil || hasGoal { read.target = .amount(0.0) }
      result = try CompactionRecipe(read, roundTo: roundTo, over: reduce)
    } else {
      result = CompactionRecipe(unitCriterion(seed: seed), target: nil, roundTo: roundTo)
    }
    if let target { result.target = try target() }
    if hasGoal, result.target == nil { result.target = .amount(0.0) }
    if let distribution { result.distribution.kind = distribution }
    if let atLeast { result.distribution.atLeast = try atLeast.share("--at-least") }
    result.selector.excluded += try keep.map { try NamePattern($0) }
    result.selector.only += try only.map { try NamePattern($0) }
    if let rules { result.rules += try RecipeFile.rules(rules) }
    try result.validate()
    return result
  }

  private var target: (() throws -> CompactionTarget)? {
    if let amount { return { .amount(.fraction(try amount.share("--amount"))) } }
    if let macs { return { .remaining(.macs, macs.amount) } }
    if let parameters { return { .remaining(.parameters, parameters.amount) } }
    return bytes.map { bytes in { .remaining(.bytes, bytes.amount) } }
  }

  private func unitCriterion(seed: UInt64) -> any UnitCriterion {
    switch criterion {
    case .magnitude where norm == nil: GroupMagnitude()
    case .magnitude, .norm: ReducedCriterion(LnNorm(.p(norm ?? 2)), over: reduce)
    case .lamp: ReducedCriterion(LAMP(), over: reduce)
    case .random: RandomUnits(seed: seed)
    case .fpgm: MedianDistance()
    case .batchNormScale: BatchNormScale()
    // Its scores come from the engine.
    case .groupOBS, .taylor, .activation: GroupMagnitude()
    }
  }
}
