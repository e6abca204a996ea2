import Checkpoints

extension ONNXOperatorTable {
  /// Losses.
  mutating func addLosses() {
    add("NegativeLogLikelihoodLoss", "nll_loss_nd") { step in
      let x = try step.input(0)
      step.give(try step.likelihood(x))
    }
    add("SoftmaxCrossEntropyLoss", "log_softmax nll_loss_nd") { step in
      let x = try step.input(0)
      let scores = step.op("log_softmax.int", ["self": try step.tensor(0), "dim": .int(1)], x.type, x.sizes)
      step.give(try step.likelihood(scores))
      if step.isWanted(1) { step.give(scores, at: 1) }
    }
  }
}

extension ONNXStep {
  fileprivate func likelihood(_ scores: ONNXValue) throws -> ONNXValue {
    let target = try cast(input(1), to: .i64)
    guard let reduction = ["none": 0, "mean": 1, "sum": 2][string("reduction", "mean")] else {
      throw refusal("its reduction is unknown")
    }
    return op(
      "nll_loss_nd",
      [
        "self": .tensor(try name(scores)), "target": .tensor(try name(target)), "weight": try optionalTensor(2),
        "reduction": .int(reduction), "ignore_index": .int(int("ignore_index", -100)),
      ], scores.type, reduction == 0 ? target.sizes : [])
  }
}
