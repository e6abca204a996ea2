import Graphs
import Recipes
import Sparsity
import Testing

@testable import Compaction

/// Rules with a bug put in, and whether the comparison with the masked model finds it: what the other tests are worth.
@Suite(.serialized, .enabled(if: Small.folder != nil, "needs a python3 with torch")) struct DeliberateBugTests {
  /// A bug: the operators, the models in which it must show, and the wrong rule.
  struct Bug: Sendable {
    var name: String
    var operators: String
    var models: [String]
    var rule: @Sendable (Step, OperatorRule) -> Void
  }

  /// The right rule, but nothing is rewritten after the choice.
  static let forgetsRewriting: @Sendable (Step, OperatorRule) -> Void = { step, right in
    right.body(step)
    step.analysis.rewrites[step.analysis.position] = nil
  }

  /// The result is like the first tensor, and nothing is joined.
  static let passesFirst: @Sendable (Step, OperatorRule) -> Void = { step, _ in
    step.give(step.dimensions(of: step.inputs[0]))
  }

  static let bugs: [Bug] = [
    Bug(name: "linear does not join its inputs", operators: "linear", models: ["swiglu"]) { step, _ in
      guard let x = step.dimensions("input"), let weight = step.dimensions("weight") else { return }
      if let bias = step.dimensions("bias") { _ = step.join(bias[0], weight[0]) }
      step.give(x.dropLast() + [weight[0]])
    },
    Bug(name: "linear does not join its bias", operators: "linear", models: ["swiglu"]) { step, _ in
      guard let x = step.dimensions("input"), let weight = step.dimensions("weight") else { return }
      step.labelling.join(step.labelling.flat(x[x.count - 1]), weight[1])
      step.give(x.dropLast() + [weight[0]])
    },
    Bug(name: "convolution does not join its inputs", operators: "conv2d", models: ["residual_concat"]) { step, _ in
      guard let x = step.dimensions("input"), let weight = step.dimensions("weight"), let output = step.outputs.first
      else { return }
      if let bias = step.dimensions("bias") { _ = step.join(bias[0], weight[0]) }
      step.give([x[0], weight[0]] + step.fixed(step.sizes(of: output).dropFirst(2)))
    },
    Bug(name: "groups are not rewritten", operators: "conv2d", models: ["depthwise"], rule: forgetsRewriting),
    Bug(name: "batch norm forgets its variance", operators: "batch_norm", models: ["conv1d"]) { step, _ in
      guard let x = step.dimensions("input") else { return }
      for name in ["weight", "bias", "running_mean"] {
        if let parameter = step.dimensions(name) { _ = step.join(x[1], parameter[0]) }
      }
      step.give(x)
    },
    Bug(name: "sums do not join", operators: "add", models: ["residual_concat"], rule: passesFirst),
    Bug(name: "products do not join", operators: "mul", models: ["swiglu"], rule: passesFirst),
    Bug(name: "concatenation in the wrong order", operators: "cat", models: ["residual_concat"]) { step, _ in
      guard let names = step.tensors("tensors") else { return }
      var result = step.dimensions(of: names[0])
      let labels = names.reversed().flatMap { step.labelling.flat(step.dimensions(of: $0)[1]) ?? [] }
      result[1] = step.dimension(labels)
      step.give(result)
    },
    Bug(name: "softmax does not freeze", operators: "softmax", models: ["softmax_channels"], rule: passesFirst),
    Bug(name: "layer norm is not padded", operators: "layer_norm", models: ["layernorm2d"], rule: forgetsRewriting),
    Bug(name: "layer norm's parameters are cut", operators: "layer_norm", models: ["layernorm2d"]) { step, right in
      right.body(step)
      step.analysis.padded = [:]
    },
    Bug(
      name: "a mean over fewer entries", operators: "mean", models: ["channel_mean", "rmsnorm_by_hand"],
      rule: forgetsRewriting),
    Bug(
      name: "attention's scale follows the head", operators: "scaled_dot_product_attention", models: ["fused"],
      rule: forgetsRewriting),
    Bug(
      name: "the number of norm groups stays", operators: "group_norm", models: ["groupnorm"], rule: forgetsRewriting),
    Bug(name: "slices stay where they were", operators: "slice", models: ["slices"], rule: forgetsRewriting),
    Bug(
      name: "parts keep their sizes", operators: "chunk split split_with_sizes", models: ["split3", "split_uneven"],
      rule: forgetsRewriting),
    Bug(
      name: "views keep their sizes", operators: "view unflatten", models: ["linear_view_transposed", "fused"],
      rule: forgetsRewriting),
    Bug(name: "a maximum is taken for a sum", operators: "amax", models: ["maxout"]) { step, _ in
      RuleTable.standard["sum"]?.body(step)
    },
    Bug(name: "indices stay as they were", operators: "index_select index", models: ["index_select"]) { step, right in
      right.body(step)
      if let index = step.tensor("index") { step.analysis.contents[index] = nil }
    },
    Bug(name: "recurrent weights keep their columns", operators: "lstm", models: ["lstm_state"]) { step, _ in
      guard let names = step.tensors("params"), let states = step.tensors("hx"), let x = step.dimensions("input"),
        let units = step.dimensions(of: states[0]).last.flatMap(step.labelling.flat)
      else { return }
      for name in names { step.labelling.join((0..<4).flatMap { _ in units }, step.dimensions(of: name)[0]) }
      for (index, name) in step.outputs.enumerated() {
        let kept = step.fixed(step.sizes(of: name).dropLast())
        step.give((index == 0 ? Array(x.dropLast()) : kept) + [step.dimension(units)], to: name)
      }
    },
    Bug(name: "einsum does not join", operators: "einsum", models: ["einsum"]) { step, _ in
      guard let names = step.tensors("tensors") else { return }
      let (x, w) = (step.dimensions(of: names[0]), step.dimensions(of: names[1]))
      step.give([x[0], x[1], w[0].isEmpty ? [] : [Factor(w[0].extent, .lazy)]])
    },
    Bug(name: "pixel shuffle takes other neighbours", operators: "pixel_shuffle", models: ["pixelshuffle"]) { step, _ in
      guard let x = step.dimensions("self"), let labels = step.labelling.flat(x[1]), let output = step.outputs.first
      else { return }
      let count = labels.count / 4
      for index in labels.indices { step.labelling.forest.join(labels[index], labels[index % count]) }
      step.give([x[0], step.dimension(Array(labels[..<count]))] + step.fixed(step.sizes(of: output).suffix(2)))
    },
    Bug(name: "halves of a gate do not join", operators: "glu", models: ["glu"]) { step, _ in
      guard var x = step.dimensions("self"), let labels = step.labelling.flat(x[x.count - 1]) else { return }
      x[x.count - 1] = step.dimension(Array(labels[..<(labels.count / 2)]))
      step.give(x)
    },
    Bug(name: "prelu's slopes are not joined", operators: "prelu", models: ["prelu"], rule: passesFirst),
  ]

  @Test func areFound() throws {
    var missed: [String] = []
    for bug in Self.bugs {
      var rules = RuleTable.standard
      for name in bug.operators.split(separator: " ").map(String.init) {
        let right = try #require(RuleTable.standard[name])
        rules[name] = OperatorRule { step in bug.rule(step, right) }
      }
      var isFound = false
      for model in bug.models where !isFound {
        for heads in HeadPolicy.allCases where !isFound {
          for seed in 0..<3 as Range<UInt64> where !isFound {
            do {
              let compactor = try Compactor(
                Small.program(model), options: CompactionOptions(heads: heads), rules: rules)
              let choice = try compactor.choose(CompactionRecipe(RandomUnits(seed: seed), target: .amount(0.5)))
              isFound = try compactor.error(of: choice) > 1e-9
            } catch {
              isFound = true  // it cannot be run
            }
          }
        }
      }
      if !isFound { missed.append(bug.name) }
    }
    #expect(missed.isEmpty, "\(missed)")
    print("deliberate bugs: \(Self.bugs.count - missed.count) of \(Self.bugs.count) found")
  }
}
