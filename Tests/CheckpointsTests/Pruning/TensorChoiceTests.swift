import Sparsity
import Testing

@testable import Checkpoints

@Suite("Which tensors are pruned, and by what rules") struct TensorChoiceTests {
  let scratch = Scratch()

  static let names: [(String, [Int])] = [
    ("model.embed_tokens.weight", [8, 4]), ("layers.0.attn.q_proj.weight", [4, 4]), ("layers.0.attn.q_proj.bias", [4]),
    ("layers.0.input_layernorm.weight", [4]), ("layers.0.mlp.up.weight", [8, 4]), ("transformer.wte.weight", [8, 4]),
    ("table.relative_position_bias_table", [4, 2]), ("bn1.weight", [1, 4]), ("norm.weight", [2, 2]),
    ("head.weight", [3, 4]),
  ]

  func checkpoint() throws -> Checkpoint {
    let sources = Self.names.map { name, shape in
      TensorSource(
        name: name, type: .f32, shape: shape, elements: (0..<shape.reduce(1, *)).map { Float($0 + 1) })
    }
    let whole = TensorSource(name: "head.index", type: .i64, shape: [2, 2], elements: [1, 2, 3, 4] as [Int64])
    try SafetensorsWriter.write(sources + [whole], to: scratch("names.safetensors"))
    return try Checkpoint.open(scratch("names.safetensors"))
  }

  func names(_ change: (inout PruningRecipe) throws -> Void) throws -> [String] {
    var recipe = PruningRecipe(.magnitude, .fraction(0.5))
    try change(&recipe)
    return try CheckpointPruner(try checkpoint(), recipe).names
  }

  @Test("usually weights of two or more dimensions, but no norms, embeddings or biases")
  func usual() throws {
    let usual = ["layers.0.attn.q_proj.weight", "layers.0.mlp.up.weight", "head.weight"]
    #expect(try names { _ in } == usual)
    #expect(
      try names { $0.tensors.included = [try NamePattern("embed|q_proj.bias")] } == [
        "model.embed_tokens.weight", "layers.0.attn.q_proj.weight", "layers.0.attn.q_proj.bias",
        "layers.0.mlp.up.weight", "head.weight",
      ])
    #expect(try names { $0.tensors.excluded = [try NamePattern("^head")] } == Array(usual.prefix(2)))
    #expect(
      try names { $0.tensors.only = [try NamePattern("norm")] } == [
        "layers.0.input_layernorm.weight", "norm.weight",
      ])
  }

  @Test("rules decide in their order")
  func rules() throws {
    let text = """
      # amounts by name
      [[rule]]
      match = 'q_proj'   # the first that matches
      amount = 0.75

      [[rule]]
      match = "\\\\.attn\\\\."
      exclude = true
      [[rule]]
      match = 'mlp'
      amount = 3
      [[rule]]
      match = 'head'
      threshold = 5e0
      """
    var recipe = PruningRecipe(.magnitude)
    recipe.tensors.rules = try PruningRules(text: text, file: "rules.toml")
    let report = try CheckpointPruner(try checkpoint(), recipe).dryRun()
    #expect(
      report.tensors.map { "\($0.name) \($0.pruned)" } == [
        "layers.0.attn.q_proj.weight 11", "layers.0.attn.q_proj.bias 4", "layers.0.mlp.up.weight 3", "head.weight 4",
      ])
  }

  @Test(
    "an error in the rules names the line",
    arguments: [
      ("match = 'a'", "line 1 of '': expected [[rule]] first, found \"match\""),
      ("[[rule]]\nmatch = a", "line 2 of '': expected text in quotes, found \"a\""),
      (
        "[[rule]]\nmatch = 'a'\namount = 1.5",
        "line 3 of '': expected a share in 0...1 or a whole number, found \"1.5\""
      ),
      (
        "[[rule]]\nmatch = 'a'\n\n[[rule]]",
        "line 1 of '': expected amount, threshold or exclude in the rule, found none"
      ),
      ("[[rule]]\namount = 1", "line 1 of '': expected a match in the rule, found none"),
      ("[[rule]]\nmatch = '('\namount = 1", "line 2 of '': expected a regular expression, found"),
      ("[[rule]]\nmatch = 'a' b", "line 2 of '': expected nothing more on the line, found \"b\""),
      ("[[rule]]\nmatsch = 'a'", "line 2 of '': expected match, amount, threshold or exclude, found \"matsch\""),
      ("[[rule]]\nmatch = \"a\\d\"", "line 2 of '': expected \\\\, \\\", \\n or \\t in double quotes"),
      ("[[rule]]\nexclude = false", "line 2 of '': expected exclude = true, found \"false\""),
      ("[[rule]]\nmatch = 'a", "line 2 of '': expected text that ends with ', found none"),
      ("[[rules]]", "line 1 of '': expected [[rule]] or KEY = VALUE, found \"[[rules]]\""),
    ])
  func badRules(text: String, message: String) {
    #expect(sentence { _ = try PruningRules(text: text, file: "") }.hasPrefix("read rules, " + message))
  }

  @Test("what does not go together is refused") func refusals() throws {
    let checkpoint = try checkpoint()
    func refusal(_ recipe: PruningRecipe) -> String {
      sentence { _ = try CheckpointPruner(checkpoint, recipe).dryRun() }
    }
    #expect(refusal(PruningRecipe(.magnitude)).contains("expected an amount, found none"))
    #expect(refusal(PruningRecipe(.magnitude, .fraction(1.5))).contains("found fraction 1.5"))
    #expect(refusal(PruningRecipe(.magnitude, .count(1000))).contains("expected at most 60 to prune"))
    #expect(refusal(PruningRecipe(.norm(2), .fraction(0.5))).contains("expected channels or blocks to take norms of"))
    #expect(
      refusal(PruningRecipe(.magnitude, .fraction(0.5), pattern: .nOfM(2, 4))).contains(
        "expected no amount beside 2 of 4"))
    #expect(
      refusal(PruningRecipe(.magnitude, pattern: .nOfM(1, 3))).contains("expected a shape for 1 of 3, found [4, 4]"))
    #expect(
      refusal(PruningRecipe(.magnitude, .fraction(0.5), pattern: .structured(dim: 0))).contains(
        "expected single entries for one ranking"))
    #expect(refusal(PruningRecipe(.random(seed: 0), .fraction(0.5))).contains("expected a source of random numbers"))
    #expect(refusal(PruningRecipe(.random(seed: 0), .below(0.5))).contains("expected a share or a number for random"))
    #expect(refusal(PruningRecipe(.magnitude, .count(5), scope: .erk)).contains("expected a share to divide by ERK"))
    var misspelt = PruningRecipe(.magnitude, .fraction(0.5))
    misspelt.tensors.excluded = [try NamePattern("heads")]
    #expect(refusal(misspelt).contains("whose name matches 'heads', found none among 10"))
  }
}
