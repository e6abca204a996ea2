/// What each step of recovery did, on samples that are held out.
public struct RecoveryReport: Hashable, Sendable, Codable {
  /// A step.
  public struct Step: Hashable, Sendable, Codable {
    /// What was done.
    public var name: String
    /// How far the model was from the original.
    public var before: OutputDistance
    /// How far it was after the step.
    public var after: OutputDistance
    /// Whether the step stays; one that made things worse was undone.
    public var isKept: Bool
    /// How long it took.
    public var seconds: Double
    /// What became of each layer, where layers were refitted.
    public var layers: [FittedOutcome]
    /// Layers that were left as they were, with the reason.
    public var skipped: [SkippedLayer]
    /// What there is to say beside that.
    public var note: String?
  }

  /// The steps in order; those that were not begun are missing.
  public internal(set) var steps: [Step]
  /// How far the model was before the first step.
  public internal(set) var before: OutputDistance
  /// The accuracy of the original on the same samples; nil without labels.
  public internal(set) var originalAccuracy: Double?
  /// How many samples were learnt from.
  public internal(set) var samples: Int
  /// How many samples were held out.
  public internal(set) var heldOut: Int
  /// Whether it was stopped; the model is the best so far.
  public internal(set) var isStopped: Bool

  /// How far the model is now.
  public var after: OutputDistance { steps.last { $0.isKept }?.after ?? before }
}

/// How far recovery has come.
public struct RecoveryProgress: Hashable, Sendable {
  /// The step under way.
  public var step: String
  /// How many parts of it are done.
  public var done: Int
  /// How many parts it has.
  public var total: Int

  /// So much of a step.
  public init(step: String, done: Int, total: Int) { (self.step, self.done, self.total) = (step, done, total) }
}
