import Torch

/// Zeroes entries at random while training (Srivastava et al. 2014): `torch.nn.Dropout`.
open class Dropout: Module {
  /// The probability of an entry to become 0; the others are scaled by 1 / (1 - p).
  public final let p: Double

  /// Dropout of probability `p`.
  public init(_ p: Double = 0.5) {
    precondition((0...1).contains(p), "Dropout: expected a probability from 0 to 1, found \(p)")
    self.p = p
  }

  /// The input, with entries zeroed while training.
  open override func forward(_ x: Tensor) -> Tensor { dropout(x, p: p, training: isTraining) }

  /// The probability.
  open override var extraDescription: String { "p=\(p), inplace=False" }
}

/// Zeroes whole channels at random while training (Tompson et al. 2015): `torch.nn.Dropout2d`. Input [N, C, H, W].
open class Dropout2d: Dropout {
  /// The input, with channels zeroed while training.
  open override func forward(_ x: Tensor) -> Tensor { call("feature_dropout", x, p, isTraining) }
}

/// Zeroes whole channels at random while training: `torch.nn.Dropout1d`. Input [N, C, L].
open class Dropout1d: Dropout {
  /// The input, with channels zeroed while training.
  open override func forward(_ x: Tensor) -> Tensor { call("feature_dropout", x, p, isTraining) }
}

/// Zeroes whole channels at random while training: `torch.nn.Dropout3d`. Input [N, C, D, H, W].
open class Dropout3d: Dropout {
  /// The input, with channels zeroed while training.
  open override func forward(_ x: Tensor) -> Tensor { call("feature_dropout", x, p, isTraining) }
}

/// Dropout that keeps mean and variance of ``SELU``'s outputs (Klambauer et al. 2017): `torch.nn.AlphaDropout`.
open class AlphaDropout: Dropout {
  /// The input, with entries set to the unit's lower bound while training.
  open override func forward(_ x: Tensor) -> Tensor { call("alpha_dropout", x, p, isTraining) }
}
