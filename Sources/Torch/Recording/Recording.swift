/// An operator's call as it was heard, tensors by numbers.
package struct RecordedCall {
  /// The operator.
  package let schema: OperatorSchema
  /// What it was given, for each argument of the schema; nil for what was left to its default.
  package let arguments: [RecordedArgument?]
  /// The tensors that it gave, lists flattened; a tensor that it wrote to has a new number.
  package let results: [Int]
  /// The modules around it, outermost first.
  package let scope: [ObjectIdentifier]
  /// Whether gradients were recorded.
  package let recordsGradients: Bool
  /// Whether it only keeps a constant from being written to.
  package let isProtection: Bool
}

/// What an operator was given.
package enum RecordedArgument {
  /// Nothing.
  case none
  /// A tensor by its number.
  case tensor(Int)
  /// Tensors by their numbers, some perhaps absent.
  case tensors([Int?])
  /// Anything else.
  case plain(OperatorValue)
}

/// A tensor as it was when it was first heard of.
package struct RecordedTensor {
  /// Its dtype by LibTorch's number.
  package let dtype: Int
  /// Its shape.
  package let shape: [Int]
  /// Its strides; empty for a layout without them.
  package let strides: [Int]
  /// Where it lies.
  package let device: Device
  /// Whether gradients are recorded for it.
  package let requiresGrad: Bool
}

/// A tensor that the recorder was not told of and that no operator gave: it is part of no module, or made in Swift.
package struct CapturedTensor {
  /// Its number.
  package let id: Int
  /// Its entries when it was first used.
  package let content: Tensor
  /// The tensor itself, to see whether another recording has the same.
  package let origin: Tensor
  /// The first operator that took it.
  package let operation: String
  /// The modules around that.
  package let scope: [ObjectIdentifier]
}

/// What a recorder cannot hear, and heard of.
package struct RecorderFinding {
  /// The kinds of findings.
  package enum Kind: Hashable, Sendable {
    /// Entries of a tensor were read: what follows may depend on them. `dependsOnInput` where they do on the inputs, or are
    /// moved on from run to run.
    case read(dependsOnInput: Bool)
    /// Memory was written to past the operators.
    case written
    /// Something was done that is no operator.
    case unheard
    /// Entries that follow from the inputs say how long a result is.
    case dynamicShape
    /// Random numbers were drawn, from a generator of their own or the default one.
    case random(ownGenerator: Bool)
  }

  /// What kind.
  package let kind: Kind
  /// What was done.
  package let operation: String
  /// The tensor concerned, by its number.
  package let tensor: Int?
  /// The modules around it.
  package let scope: [ObjectIdentifier]
}
