import Torch

/// What flows into a layer, and what the layer does with it.
package struct LayerInput {
  /// How an input meets a weight.
  package enum Product {
    /// As rows along the last dimension.
    case linear
    /// In windows.
    case convolution(Windows)
    /// In another way, or in none.
    case other
  }

  /// The windows of a convolution.
  package struct Windows {
    package var stride: [Int]
    package var dilation: [Int]
    package var groups: Int
    /// How far the input is padded left and right of the last dimension, then of the one before.
    package var border: [Int]
    package var paddingMode: PaddingMode

    package init(stride: [Int], dilation: [Int], groups: Int, border: [Int], paddingMode: PaddingMode = .zeros) {
      (self.stride, self.dilation, self.groups, self.border) = (stride, dilation, groups, border)
      self.paddingMode = paddingMode
    }
  }

  package let tensor: Tensor
  package let product: Product

  package init(_ tensor: Tensor, _ product: Product) {
    self.tensor = tensor
    self.product = product
  }

  init(_ tensor: Tensor, into module: Module) {
    self.tensor = tensor
    switch module {
    case is Linear: product = .linear
    case let layer as Convolution where !layer.isTransposed:
      product = .convolution(
        Windows(
          stride: layer.stride, dilation: layer.dilation, groups: layer.groups, border: layer.borderLengths,
          paddingMode: layer.paddingMode))
    default: product = .other
    }
  }

  /// All that meets a row of the weight, as rows in float64: [groups, samples, entries of a row]; nil for layers of which that
  /// is not known, and for convolutions of three dimensions.
  /// - Parameter shape: The weight's.
  package func rows(for shape: [Int]) -> Tensor? {
    let x = tensor.detach().to(.float64)
    switch product {
    case .linear: return x.reshape([1, -1, x.shape[x.rank - 1]])
    case .convolution(let windows) where shape.count == 3 || shape.count == 4:
      var x = x.rank == shape.count ? x : x.unsqueeze(0)
      if windows.border.contains(where: { $0 != 0 }) {
        x = x.pad(windows.border, mode: windows.paddingMode == .zeros ? "constant" : windows.paddingMode.rawValue)
      }
      var (kernel, stride, dilation) = (Array(shape[2...]), windows.stride, windows.dilation)
      if kernel.count == 1 {
        x = x.unsqueeze(2)
        (kernel, stride, dilation) = ([1] + kernel, [1] + stride, [1] + dilation)
      }
      let columns = call("im2col", x, kernel, dilation, [0, 0], stride)
      let width = shape[1] * kernel[0] * kernel[1]
      return columns.reshape([columns.shape[0], windows.groups, width, columns.shape[2]]).permute(1, 0, 3, 2)
        .reshape([windows.groups, -1, width])
    default: return nil
    }
  }

  /// The input with all but its channels made one: [samples, channels]; nil where there are none.
  /// - Parameter rank: The weight's number of dimensions.
  package func channels(rank: Int) -> Tensor? {
    let x = tensor.detach()
    switch product {
    case .linear: return x.reshape([-1, x.shape[x.rank - 1]])
    case .convolution:
      let dim = x.rank - 1 - (rank - 2)
      return x.movedim(dim, -1).reshape([-1, x.shape[dim]])
    case .other: return nil
    }
  }
}
