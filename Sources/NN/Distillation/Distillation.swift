import Torch

/// What a student learns from a teacher: a sum of weighted terms.
///
/// ```swift
/// let distillation = Distillation(.softTargets(temperature: 4), .features("fc2", weight: 0.1))
/// ```
public struct Distillation: Hashable, Sendable {
  /// One term of the loss.
  public struct Term: Hashable, Sendable {
    /// What is compared.
    public enum Kind: Hashable, Sendable {
      /// Softened outputs, see ``softTargetLoss(_:_:temperature:dim:reduction:)``.
      case softTargets(temperature: Double, dim: Int)
      /// Outputs as they are.
      case outputs
      /// What flows into a module, by its path.
      case features(String)
    }

    /// What is compared.
    public var kind: Kind
    /// By which it counts in the sum.
    public var weight: Double

    /// A term.
    public init(_ kind: Kind, weight: Double = 1) {
      self.kind = kind
      self.weight = weight
    }

    /// The divergence of softened outputs (Hinton et al. 2015).
    public static func softTargets(temperature: Double, dim: Int = 1, weight: Double = 1) -> Term {
      Term(.softTargets(temperature: temperature, dim: dim), weight: weight)
    }

    /// The mean squared difference of the outputs: logits (Ba and Caruana 2014, "Do Deep Nets Really Need to be Deep?"),
    /// or whatever a network gives that has no classes.
    public static func outputs(weight: Double = 1) -> Term { Term(.outputs, weight: weight) }

    /// The mean squared difference of what flows into a module of both networks (Romero et al. 2015, "FitNets: Hints for
    /// Thin Deep Nets"), which must have one shape.
    public static func features(_ path: String, weight: Double = 1) -> Term { Term(.features(path), weight: weight) }
  }

  /// The terms.
  public var terms: [Term]

  /// The sum of terms.
  public init(_ terms: Term...) { self.terms = terms }

  /// The sum of terms.
  public init(_ terms: [Term]) { self.terms = terms }

  /// The paths of the modules whose inputs are compared.
  public var features: [String] {
    terms.compactMap { if case .features(let path) = $0.kind { path } else { nil } }
  }
}
