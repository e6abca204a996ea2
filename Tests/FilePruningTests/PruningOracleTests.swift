import Checkpoints
import FilePruning
import Foundation
import Recipes
import Sparsity
import TestSupport
import Testing

/// The same checkpoints as `torch.nn.utils.prune` makes of the same weights, whole and bit for bit.
@Suite("Pruning a checkpoint gives PyTorch's result", .enabled(if: PruningOracle.isThere, "needs Python with torch"))
struct PruningOracleTests {
  let scratch = Scratch()

  /// Prunes both ways of writing and compares names, order, types and bytes.
  func compare(
    _ input: String, _ recipe: Recipe, with expected: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try Checkpoint.open(PruningOracle.path(input))
    let pruner = try FilePruner(before, recipe)
    for form in PrunedForm.allCases {
      let path = scratch("\(expected).\(form.rawValue).pt")
      let report = try pruner.run(to: .init(path: path, format: .pytorch, form: form))
      let found = try Checkpoint.open(path)
      let wanted = try Checkpoint.open(PruningOracle.path("\(expected).\(form.rawValue).pt"))
      if form == .zeros, !input.contains("before") {
        // Nothing has changed its name: the order of the file is kept, where PyTorch's `remove` puts weights last.
        #expect(found.tensors.map(\.spec) == before.tensors.map(\.spec), sourceLocation: location)
      } else {
        #expect(found.tensors.map(\.spec) == wanted.tensors.map(\.spec), sourceLocation: location)
      }
      for tensor in wanted.tensors {
        let same = try wanted.withBytes(of: tensor.name) { wanted in
          try found.withBytes(of: tensor.name) { wanted.elementsEqual($0) }
        }
        #expect(same, "\(expected) \(form): \(tensor.name)", sourceLocation: location)
      }
      #expect(report.weights.tensors.allSatisfy { $0.pruned > 0 }, sourceLocation: location)
    }
  }

  @Test("single entries", arguments: PruningOracle.dtypes)
  func entries(dtype: String) throws {
    func recipe(_ amount: Amount, _ distribution: Distribution) -> Recipe {
      Recipe(.magnitude, target: .amount(amount), distribution: distribution)
    }
    try compare("\(dtype)-entries.pt", recipe(.fraction(0.37), .uniform), with: "\(dtype)-tensor")
    try compare("\(dtype)-entries.pt", recipe(.count(123), .uniform), with: "\(dtype)-count")
    try compare("\(dtype)-entries.pt", recipe(.fraction(0.61), .global), with: "\(dtype)-global")
    try compare("\(dtype)-entries.pt", recipe(.count(777), .global), with: "\(dtype)-globalcount")
    var biases = recipe(.fraction(0.5), .uniform)
    biases.selector.included = [try NamePattern("^(conv|fc.)\\.bias$")]
    try compare("\(dtype)-entries.pt", biases, with: "\(dtype)-bias")
  }

  @Test("whole channels", arguments: PruningOracle.dtypes)
  func channels(dtype: String) throws {
    func recipe(_ norm: Norm, _ amount: Amount, _ dim: Int) -> Recipe {
      Recipe(.norm(norm), target: .amount(amount), pattern: .structured(dim: dim))
    }
    try compare("\(dtype)-channels.pt", recipe(1, .fraction(0.4), 0), with: "\(dtype)-ln1")
    try compare("\(dtype)-channels.pt", recipe(2, .fraction(0.4), 1), with: "\(dtype)-ln2")
    try compare("\(dtype)-channels.pt", recipe(.infinity, .count(2), 0), with: "\(dtype)-inf")
    try compare("\(dtype)-again.before.pt", recipe(2, .fraction(0.5), 0), with: "\(dtype)-again")
    try compare("\(dtype)-across.before.pt", recipe(2, .fraction(0.3), 1), with: "\(dtype)-across")
  }

  @Test("on top of earlier masks, and by given ones", arguments: PruningOracle.dtypes)
  func masks(dtype: String) throws {
    let given = Recipe(
      .masks(StoredTensors(masksIn: try Checkpoint.open(PruningOracle.path("\(dtype)-given.safetensors")))))
    try compare("\(dtype)-entries.pt", given, with: "\(dtype)-given")
    try compare("\(dtype)-givenagain.before.pt", given, with: "\(dtype)-givenagain")
    try compare("\(dtype)-twice.before.pt", Recipe(.magnitude, target: .amount(.fraction(0.5))), with: "\(dtype)-twice")
    try compare(
      "\(dtype)-tensoragain.before.pt", Recipe(.magnitude, target: .amount(.fraction(0.25)), distribution: .uniform),
      with: "\(dtype)-tensoragain")
  }

  @Test("making masks permanent", arguments: PruningOracle.dtypes)
  func removing(dtype: String) throws {
    for expected in ["global", "bias", "ln2", "givenagain"].map({ "\(dtype)-\($0)" }) {
      let pruner = try FilePruner(
        removingMasksIn: try Checkpoint.open(PruningOracle.path("\(expected).masks.pt")))
      let path = scratch("\(expected).pt")
      _ = try pruner.run(to: .init(path: path, format: .pytorch))
      let found = try Checkpoint.open(path)
      let wanted = try Checkpoint.open(PruningOracle.path("\(expected).zeros.pt"))
      #expect(found.tensors.map(\.spec) == wanted.tensors.map(\.spec))
      for tensor in wanted.tensors {
        let same = try wanted.withBytes(of: tensor.name) { wanted in
          try found.withBytes(of: tensor.name) { wanted.elementsEqual($0) }
        }
        #expect(same, "\(expected): \(tensor.name)")
      }
    }
  }
}
