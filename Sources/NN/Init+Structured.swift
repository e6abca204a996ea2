import Torch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension Init {
  /// Normal draws within [low, high], others drawn anew: `trunc_normal_`.
  ///
  /// Where the bounds take in less than 0.3 of the distribution, uniform draws are accepted by its density instead.
  @discardableResult
  public static func truncNormal(
    _ tensor: Tensor, mean: Double = 0, std: Double = 1, low: Double = -2, high: Double = 2,
    generator: Generator? = nil
  ) -> Tensor {
    precondition(low < high && std > 0, "Init.truncNormal: [\(low), \(high)] and standard deviation \(std)")
    func below(_ x: Double) -> Double { (1 + erf((x - mean) / std / (2.0).squareRoot())) / 2 }
    return noGrad {
      if below(high) - below(low) > 0.3 {
        let bounds = Tensor([low, high]).to(tensor.dtype).array(of: Double.self)
        var drawn = tensor.normal(mean: mean, std: std, generator: generator)
        while true {
          let outside = (drawn .< bounds[0]).logicalOr(drawn .> bounds[1])
          guard outside.any().intItem() != 0 else { break }
          drawn = drawn.emptyLike().normal(mean: mean, std: std, generator: generator).where(outside, else: drawn)
        }
        return drawn.isSame(as: tensor) ? tensor : tensor.copy(from: drawn)
      }
      let peak = -0.5 * ((max(low, min(mean, high)) - mean) / std) * ((max(low, min(mean, high)) - mean) / std)
      let candidates = tensor.emptyLike()
      let chances = tensor.emptyLike()
      func refused() -> Tensor {
        candidates.subtractInPlace(mean).divideInPlace(std)
        let density = call("pow_.Scalar", candidates, 2).multiplyInPlace(-0.5).subtractInPlace(peak)
        return call("log_", chances.uniform(0, 1, generator: generator)) .> density
      }
      tensor.uniform(low, high, generator: generator)
      candidates.copy(from: tensor)
      var pending = refused()
      var drawn = tensor
      while pending.any().intItem() != 0 {
        candidates.uniform(low, high, generator: generator)
        drawn = candidates.where(pending, else: drawn)
        pending = refused().logicalAnd(pending)
      }
      return drawn.isSame(as: tensor) ? tensor : tensor.copy(from: drawn)
    }
  }

  /// The unit matrix: `eye_`.
  /// - Precondition: two dimensions.
  @discardableResult
  public static func eye(_ tensor: Tensor) -> Tensor {
    let shape = tensor.shape
    precondition(shape.count == 2, "Init.eye takes a matrix, found shape \(shape)")
    return noGrad {
      tensor.zero()
      tensor.diagonal().fill(1)
      return tensor
    }
  }

  /// The kernel that leaves its input as it is, for as many channels as both sides have: `dirac_`.
  /// - Precondition: three to five dimensions, of which the first is divisible by `groups`.
  @discardableResult
  public static func dirac(_ tensor: Tensor, groups: Int = 1) -> Tensor {
    let shape = tensor.shape
    precondition((3...5).contains(shape.count), "Init.dirac takes the weight of a convolution, found shape \(shape)")
    precondition(groups > 0 && shape[0] % groups == 0, "Init.dirac: \(shape[0]) channels in \(groups) groups")
    let perGroup = shape[0] / groups
    return noGrad {
      tensor.zero()
      for group in 0..<groups {
        for channel in 0..<min(perGroup, shape[1]) {
          var kernel = tensor[group * perGroup + channel, channel]
          for length in shape.dropFirst(2) { kernel = kernel[length / 2] }
          kernel.fill(1)
        }
      }
      return tensor
    }
  }

  /// A random matrix of orthonormal rows or columns (Saxe et al. 2013); trailing dimensions are flattened:
  /// `orthogonal_`.
  /// - Precondition: at least two dimensions.
  @discardableResult
  public static func orthogonal(_ tensor: Tensor, gain: Double = 1, generator: Generator? = nil) -> Tensor {
    let shape = tensor.shape
    precondition(shape.count >= 2, "Init.orthogonal needs at least 2 dimensions, found shape \(shape)")
    guard tensor.count > 0 else { return tensor }
    let rows = shape[0]
    let columns = tensor.count / rows
    return noGrad {
      var drawn = Tensor.empty([rows, columns], dtype: tensor.dtype, device: tensor.device)
        .normal(generator: generator)
      if rows < columns { drawn = drawn.t }
      let factors = callList("linalg_qr", drawn, capacity: 2)
      var q = factors[0]
      q.multiplyInPlace(factors[1].diagonal().sign())  // uniform among orthogonal matrices (Mezzadri 2006)
      if rows < columns { q = q.t }
      tensor.copy(from: q.reshape(shape))
      tensor.multiplyInPlace(gain)
      return tensor
    }
  }

  /// Normal draws of which the fraction `sparsity` of each column is 0 (Martens 2010): `sparse_`.
  /// - Precondition: two dimensions.
  @discardableResult
  public static func sparse(
    _ tensor: Tensor, sparsity: Double, std: Double = 0.01, generator: Generator? = nil
  ) -> Tensor {
    let shape = tensor.shape
    precondition(shape.count == 2, "Init.sparse takes a matrix, found shape \(shape)")
    precondition((0...1).contains(sparsity), "Init.sparse: expected a sparsity from 0 to 1, found \(sparsity)")
    let zeros = Int((sparsity * Double(shape[0])).rounded(.up))
    return noGrad {
      tensor.normal(std: std, generator: generator)
      for column in 0..<shape[1] {
        let rows = Tensor.randperm(shape[0])[0..<zeros].to(tensor.device)
        call("index_fill_.int_Scalar", tensor.narrow(1, start: column, length: 1), 0, rows, 0.0)
      }
      return tensor
    }
  }
}
