import Torch

/// Sums of products of inputs with themselves and with what outputs lack, in 64 bits: all that least squares need, in
/// memory that does not depend on the number of samples.
struct Gram {
  /// Inputs with inputs, `[groups, inputs, inputs]`; of one group the lower blocks alone until ``finish()``.
  private(set) var products: Tensor
  /// Inputs with residuals, `[groups, inputs, outputs]`.
  private(set) var targets: Tensor
  /// Inputs, `[groups, inputs, 1]`.
  private(set) var inputSums: Tensor
  /// Residuals, `[groups, 1, outputs]`.
  private(set) var targetSums: Tensor
  /// How many rows there were.
  private(set) var count = 0

  private static let block = 512

  init(groups: Int, inputs: Int, outputs: Int, device: Device) {
    products = .zeros([groups, inputs, inputs], dtype: .float64, device: device)
    targets = .zeros([groups, inputs, outputs], dtype: .float64, device: device)
    inputSums = .zeros([groups, inputs, 1], dtype: .float64, device: device)
    targetSums = .zeros([groups, 1, outputs], dtype: .float64, device: device)
  }

  /// How many rows are enough for so many inputs: fifty for each, of large layers as many as some 10^12 multiplications
  /// allow, but four.
  static func enoughRows(_ inputs: Int) -> Int {
    let most = 2_200_000_000_000 / max(inputs * inputs, 1)
    return min(max(50_000, 50 * inputs), max(4 * inputs, most))
  }

  /// Adds rows of inputs `[groups, rows, inputs]` and residuals `[groups, rows, outputs]`.
  mutating func add(_ x: Tensor, _ residual: Tensor) {
    let transposed = x.transpose(1, 2)
    if x.shape[0] == 1, x.shape[2] > Self.block {
      // A symmetric product needs half of its blocks.
      let (flat, width) = (x.select(0, 0), x.shape[2])
      for row in stride(from: 0, to: width, by: Self.block) {
        let end = min(row + Self.block, width)
        let target = products.select(0, 0).narrow(0, start: row, length: end - row).narrow(1, start: 0, length: end)
        call(
          "addmm_", target, flat.narrow(1, start: row, length: end - row).t, flat.narrow(1, start: 0, length: end))
      }
    } else {
      call("baddbmm_", products, transposed, x)
    }
    call("baddbmm_", targets, transposed, residual)
    inputSums += transposed.sum(2, keepDim: true)
    targetSums += residual.sum(1, keepDim: true)
    count += x.shape[1]
  }

  /// Fills the upper blocks, and takes the means out where a constant can be added to the outputs.
  mutating func finish(isCentred: Bool) {
    if products.shape[0] == 1, products.shape[1] > Self.block {
      let lower = products.tril(-1)
      products = products.tril() + lower.transpose(1, 2)
    }
    guard isCentred, count > 0 else { return }
    call("baddbmm_", products, inputSums, inputSums.transpose(1, 2), keywords: [("alpha", -1 / Double(count))])
    call("baddbmm_", targets, inputSums, targetSums, keywords: [("alpha", -1 / Double(count))])
  }
}
