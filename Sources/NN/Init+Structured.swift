import Torch

extension Init {
  /// The unit matrix: `eye_`.
  /// - Precondition: two dimensions.
  @discardableResult
  public static func eye(_ tensor: Tensor) -> Tensor {
    let shape = tensor.shape
    precondition(shape.count == 2, "Init.eye takes a matrix, found shape \(shape)")
    return noGrad {
      tensor.zero()
      call("fill_.Scalar", call("diagonal", tensor), 1)
      return tensor
    }
  }

  /// The kernel that hands its input on, channel by channel as far as there are some: `dirac_`.
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
      q.multiply(inPlace: call("diagonal", factors[1]).sign())  // uniform among orthogonal matrices (Mezzadri 2006)
      if rows < columns { q = q.t }
      tensor.copy(from: q.reshape(shape))
      tensor.multiply(inPlace: gain)
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
