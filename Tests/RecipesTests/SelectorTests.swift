import Sparsity
import Testing

@testable import Recipes

@Suite("Which weights are pruned, and by what rules") struct SelectorTests {
  @Test("a name as it stands, whatever characters it has")
  func exactly() {
    for name in ["a.b", "x(1)[2]{3}", "a+b*c?^$|\\d", ""] {
      let pattern = NamePattern(exactly: name)
      #expect(pattern.matches(name) && !pattern.matches("a" + name) && !pattern.matches(name + "x"))
    }
    #expect(!NamePattern(exactly: "a.b").matches("acb"))
  }

  static let weights = [
    ("model.embed_tokens.weight", [8, 4]), ("layers.0.attn.q_proj.weight", [4, 4]), ("layers.0.attn.q_proj.bias", [4]),
    ("layers.0.input_layernorm.weight", [4]), ("layers.0.mlp.up.weight", [8, 4]), ("transformer.wte.weight", [8, 4]),
    ("table.relative_position_bias_table", [4, 2]), ("bn1.weight", [1, 4]), ("norm.weight", [2, 2]),
    ("head.weight", [3, 4]),
  ].map { Weight(path: $0.0, shape: $0.1, type: .float32) }

  let half = Recipe(.magnitude, target: .amount(0.5))

  func names(_ weights: [Weight] = SelectorTests.weights, _ change: (inout Recipe) throws -> Void) throws -> [String] {
    var recipe = half
    try change(&recipe)
    return try recipe.plan(for: weights).pruned.map { weights[$0].path }
  }

  @Test("usually weights of two or more dimensions, but no norms, embeddings or biases")
  func usual() throws {
    let usual = ["layers.0.attn.q_proj.weight", "layers.0.mlp.up.weight", "head.weight"]
    #expect(try names { _ in } == usual)
    #expect(
      try names { $0.selector.included = [try NamePattern("embed|q_proj.bias")] } == [
        "model.embed_tokens.weight", "layers.0.attn.q_proj.weight", "layers.0.attn.q_proj.bias",
        "layers.0.mlp.up.weight", "head.weight",
      ])
    #expect(try names { $0.selector.excluded = [try NamePattern("^head")] } == Array(usual.prefix(2)))
    #expect(
      try names { $0.selector.only = [try NamePattern("norm")] } == ["layers.0.input_layernorm.weight", "norm.weight"])
    #expect(
      try names { $0.selector.roles = [.norm] } == ["layers.0.input_layernorm.weight", "bn1.weight", "norm.weight"])
  }

  @Test("layers of some types, where somebody knows them")
  func layers() throws {
    let weights = [("a.weight", "Linear"), ("b.weight", "Conv2d"), ("c.weight", nil)].map {
      Weight(path: $0.0, shape: [4, 4], type: .float32, layer: $0.1)
    }
    #expect(try names(weights) { $0.selector = .layers("Linear") } == ["a.weight"])
    #expect(try names(weights) { $0.selector = .layers("Linear", "Conv2d") } == ["a.weight", "b.weight"])
  }

  @Test("of several names of a weight those that were asked for decide, else that it stays")
  func aliases() throws {
    var tied = Weight(path: "head.weight", shape: [4, 4], type: .float32)
    tied.aliases = [.init(path: "embed.weight", rank: 2)]
    let weights = [tied, Weight(path: "fc.weight", shape: [4, 4], type: .float32)]
    #expect(try names(weights) { _ in } == ["fc.weight"])
    #expect(try names(weights) { $0.selector.included = [try NamePattern("head")] } == ["head.weight", "fc.weight"])
    #expect(throws: RecipeError.self) { try names(weights) { $0.selector.excluded = [try NamePattern("heads")] } }
  }

  @Test("the first rule that matches decides, and the weights of a rule are ranked together")
  func rules() throws {
    var recipe = Recipe(.magnitude)
    recipe.rules = [
      Rule(try NamePattern("q_proj"), .prune(.amount(0.75))), Rule(try NamePattern("\\.attn\\."), .exclude),
      Rule(try NamePattern("mlp"), .prune(.amount(3))), Rule(try NamePattern("head"), .prune(.below(5))),
    ]
    let plan = try recipe.plan(for: Self.weights)
    #expect(
      plan.groups == [
        .init(weights: [1, 2], target: .amount(0.75)), .init(weights: [4], target: .amount(3)),
        .init(weights: [9], target: .below(5)),
      ])
    recipe.distribution = .uniform
    #expect(try recipe.plan(for: Self.weights).groups.map(\.weights) == [[1], [2], [4], [9]])
  }

  @Test("a weight that the pattern does not fit is left whole, unless it was asked for by name")
  func leftWhole() throws {
    let weights = [
      Weight(path: "conv1.weight", shape: [8, 3, 3, 3], type: .float32),
      Weight(path: "conv2.weight", shape: [8, 16, 3, 3], type: .float32),
    ]
    var recipe = Recipe(.magnitude, pattern: .nOfM(2, 4))
    let plan = try recipe.plan(for: weights)
    #expect(plan.pruned == [1])
    #expect(plan.leftWhole == [.init(weight: 0, reason: "3 in [8, 3, 3, 3] is no multiple of 4")])
    recipe.selector.only = [try NamePattern("conv1")]
    #expect(throws: RecipeError.self) { try recipe.plan(for: weights) }
    recipe.selector.only = []
    #expect(throws: RecipeError.self) { try recipe.plan(for: [weights[0]]) }
  }

  @Test(
    "what does not go together is refused",
    arguments: [
      (Recipe(.magnitude), "expected an amount, found none"),
      (Recipe(.magnitude, target: .amount(.fraction(1.5))), "found fraction 1.5"),
      (Recipe(.magnitude, target: .amount(-1)), "found count -1"),
      (Recipe(.magnitude, target: .sparsity(1.5)), "expected a sparsity in 0...1, found 1.5"),
      (Recipe(.norm(2), target: .amount(0.5)), "expected channels or blocks to take norms of"),
      (Recipe(.norm(.nuclear), target: .amount(0.5), pattern: .structured(dim: 0)), "expected a norm of a real order"),
      (Recipe(.magnitude, target: .amount(0.5), pattern: .nOfM(2, 4)), "expected no amount beside 2 of 4"),
      (Recipe(.random(seed: 0), target: .below(0.5)), "expected a share or a number for random"),
      (Recipe(.magnitude, target: .amount(5), distribution: .erk), "expected a share to divide by ERK"),
      (
        Recipe(.magnitude, target: .amount(0.5), pattern: .structured(dim: 0), distribution: .perRow),
        "expected entries or blocks to rank in each row"
      ),
      (
        Recipe(.magnitude, target: .amount(0.5), distribution: .perRow.keeping(atLeast: 0.1)),
        "expected no least share beside a ranking in each row"
      ),
      (
        Recipe(.masks(TensorsInMemory()), target: .amount(0.5)), "expected no amount beside masks"
      ),
    ])
  func refusals(recipe: Recipe, message: String) throws {
    let error = #expect(throws: RecipeError.self) { try recipe.plan(for: Self.weights) }
    #expect(
      error?.kind == .contradiction && error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
