/// What is asked of recovery.
package struct RecoverRequest: Codable, Sendable {
  /// The smaller or pruned model, and the original.
  package var model: String
  /// The original.
  package var teacher: String
  /// The steps in order: `calibrate`, `bias`, `least-squares`, `distill`.
  package var steps: [Step]
  /// The name of the labels among the data; nil for none.
  package var labels: String?
  /// The share of the samples that is held out.
  package var heldOut: Double
  /// Where the model goes.
  package var output: String
  /// Whether something there may be replaced.
  package var isReplacing: Bool

  /// A step.
  package struct Step: Codable, Sendable, Hashable {
    /// What it is called.
    package var name: String
    /// Passes over the samples, for a step that has them.
    package var epochs: Int?

    /// A step.
    package init(name: String, epochs: Int? = nil) { (self.name, self.epochs) = (name, epochs) }
  }

  /// A request.
  package init(
    model: String, teacher: String, steps: [Step], labels: String?, heldOut: Double, output: String, isReplacing: Bool
  ) {
    (self.model, self.teacher, self.steps, self.labels) = (model, teacher, steps, labels)
    (self.heldOut, self.output, self.isReplacing) = (heldOut, output, isReplacing)
  }
}

/// What came of recovering a model.
package struct RecoverResult: Codable, Sendable {
  /// How far a model is from the original, on samples that are held out.
  package struct Distance: Codable, Sendable {
    /// The root of the summed squares of the differences over that of the original's outputs.
    package var relativeError: Double
    /// The share of samples of the same top class; nil where there are no classes.
    package var agreement: Double?
    /// The share of samples whose top class is that of the label; nil without labels.
    package var accuracy: Double?

    /// A distance.
    package init(relativeError: Double, agreement: Double?, accuracy: Double?) {
      (self.relativeError, self.agreement, self.accuracy) = (relativeError, agreement, accuracy)
    }
  }

  /// A layer that was left as it was.
  package struct Skipped: Codable, Sendable {
    /// The weight's name.
    package var name: String
    /// Why.
    package var reason: String

    /// A layer.
    package init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
  }

  /// A step.
  package struct Step: Codable, Sendable {
    /// What was done.
    package var name: String
    /// How far the model was after it.
    package var after: Distance
    /// Whether it stays.
    package var isKept: Bool
    /// How long it took.
    package var seconds: Double
    /// How many layers were refitted.
    package var layers: Int
    /// Layers that were left as they were.
    package var skipped: [Skipped]
    /// What there is to say beside that.
    package var note: String?

    /// A step.
    package init(
      name: String, after: Distance, isKept: Bool, seconds: Double, layers: Int, skipped: [Skipped], note: String?
    ) {
      (self.name, self.after, self.isKept, self.seconds) = (name, after, isKept, seconds)
      (self.layers, self.skipped, self.note) = (layers, skipped, note)
    }
  }

  /// How far the model was before.
  package var before: Distance
  /// The steps.
  package var steps: [Step]
  /// How far it is now.
  package var after: Distance
  /// The accuracy of the original; nil without labels.
  package var originalAccuracy: Double?
  /// How many samples were learnt from.
  package var samples: Int
  /// How many were held out.
  package var heldOut: Int
  /// Whether it was stopped before its end.
  package var isStopped: Bool
  /// Names in the file of data that the model does not have.
  package var ignored: [String]

  /// What came of it.
  package init(
    before: Distance, steps: [Step], after: Distance, originalAccuracy: Double?, samples: Int, heldOut: Int,
    isStopped: Bool, ignored: [String]
  ) {
    (self.before, self.steps, self.after, self.originalAccuracy) = (before, steps, after, originalAccuracy)
    (self.samples, self.heldOut, self.isStopped, self.ignored) = (samples, heldOut, isStopped, ignored)
  }
}

/// What is asked of a criterion on data.
package struct ScoreRequest: Codable, Sendable {
  /// The model.
  package var model: String
  /// The criterion: `group-obs`, `taylor`, `activation`.
  package var criterion: String
  /// What the model is looked at with: what attention loses, and whether norms are padded.
  package var heads: String
  /// Whether what norms normalise may shrink.
  package var padsNorms: Bool
  /// The name of labels among the data, which are no input; nil for none.
  package var labels: String?

  /// A request.
  package init(model: String, criterion: String, heads: String, padsNorms: Bool, labels: String?) {
    (self.model, self.criterion, self.heads) = (model, criterion, heads)
    (self.padsNorms, self.labels) = (padsNorms, labels)
  }
}

/// The scores of all units of a model.
package struct ScoreResult: Codable, Sendable {
  /// By the numbers of units.
  package var scores: [Double]
  /// Groups that were ranked by magnitude, since no layer takes them in.
  package var unseen: [String]

  /// Scores.
  package init(scores: [Double], unseen: [String]) { (self.scores, self.unseen) = (scores, unseen) }
}
