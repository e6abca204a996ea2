import Checkpoints

extension ONNXOperators {
  /// Steps that hand on what they get, in evaluation or in another type.
  static let identities: [String: ONNXBuilder.Rule] = {
    var rules: [String: ONNXBuilder.Rule] = [:]
    for name in ["alias", "contiguous", "clone", "detach", "lift_fresh_copy", "lift_fresh"] {
      rules[name] = { builder, node in [try input(&builder, node)] }
    }
    for name in ["to", "_to_copy", "type_as"] {
      rules[name] = { builder, node in
        [try cast(&builder, try input(&builder, node), type(builder, node), to: node)]
      }
    }
    for name in ["dropout", "feature_dropout", "alpha_dropout"] {
      rules[name] = { builder, node in
        guard !(try builder.flag(node, "train")) else {
          throw ONNXBuilder.Problem("it draws random numbers, as in training; export the model in evaluation")
        }
        return [try input(&builder, node)]
      }
    }
    return rules
  }()
}
