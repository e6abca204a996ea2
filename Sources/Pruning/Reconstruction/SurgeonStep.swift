import Recipes
import Sparsity
import Torch

/// SparseGPT on one matrix: which entries go, and what becomes of the others.
struct SurgeonStep {
  /// What is pruned.
  enum Choice {
    /// So many entries in all, those that are pruned already among them.
    case count(Int)
    /// All but `kept` of every `of` inputs.
    case nOfM(kept: Int, of: Int)
  }

  let settings: SparseGPT
  let choice: Choice

  /// What came out.
  struct Outcome {
    /// The weight, 0 where it is pruned, [outputs, inputs] in float64.
    var weight: Tensor
    var kept: BitMask
  }

  /// - Parameters:
  ///   - matrix: The weight, [outputs, inputs] in float64.
  ///   - products: Σ x xᵀ over all samples, [inputs, inputs] in float64.
  ///   - earlier: The entries that are not pruned already; nil for all.
  /// - Returns: nil where the products have no Cholesky factor.
  func callAsFunction(_ matrix: Tensor, _ products: Tensor, earlier: BitMask?) -> Outcome? {
    noGrad {
      let (rows, columns) = (matrix.shape[0], matrix.shape[1])
      guard let factor = factor(of: products) else { return nil }
      let weight = matrix.clone()
      let dead = products.diagonal() .== 0
      _ = weight.maskedFillInPlace(dead.unsqueeze(0), 0)
      if let earlier {
        _ = weight.maskedFillInPlace(Tensor.make(earlier.complement, shape: matrix.shape, dtype: .bool), 0)
      }
      let open = earlier.map { Tensor.make($0, shape: matrix.shape, dtype: .bool) }
      let diagonal = factor.diagonal()
      let kept = Tensor.ones([rows, columns], dtype: .bool)
      var size = settings.blockSize
      if case .nOfM(_, let m) = choice { size = (size + m - 1) / m * m }
      for start in stride(from: 0, to: columns, by: size) {
        let width = min(size, columns - start)
        let block = weight.narrow(1, start: start, length: width).clone()
        let part = factor.narrow(0, start: start, length: width)
        let own = part.narrow(1, start: start, length: width)
        let stays = kept.narrow(1, start: start, length: width)
        // Which entries of some inputs stay, by how much their removal costs.
        func choose(_ from: Int, _ length: Int, ofEachRow width: Int? = nil, pruning count: Int) {
          let ratio =
            block.narrow(1, start: from, length: length) / diagonal.narrow(0, start: start + from, length: length)
          let bits = open?.narrow(1, start: start + from, length: length).contiguous().bits()
          _ = stays.narrow(1, start: from, length: length)
            .copy(from: mask(ratio * ratio, bits, ofEachRow: width, pruning: count))
        }
        if case .count(let count) = choice {
          choose(0, width, pruning: share(count, start + width, columns) - share(count, start, columns))
        }
        let errors = block.zerosLike()
        for column in 0..<width {
          if case .nOfM(let n, let m) = choice, column % m == 0 {
            let length = min(m, width - column)
            choose(column, length, ofEachRow: length, pruning: max(0, length - n))
          }
          let values = block.select(1, column)
          let rounded = values.where(stays.select(1, column), else: 0.0)
          let error = (values - rounded) / diagonal.select(0, start + column)
          let rest = width - column
          let later = own.select(0, column).narrow(0, start: column, length: rest)
          _ = block.narrow(1, start: column, length: rest).subtractInPlace(error.outer(later))
          _ = block.select(1, column).copy(from: rounded)
          _ = errors.select(1, column).copy(from: error)
        }
        _ = weight.narrow(1, start: start, length: width).copy(from: block)
        let rest = columns - start - width
        if rest > 0 {
          let later = part.narrow(1, start: start + width, length: rest)
          _ = weight.narrow(1, start: start + width, length: rest).subtractInPlace(errors.matmul(later))
        }
      }
      return Outcome(weight: weight, kept: kept.bits())
    }
  }

  /// The upper Cholesky factor of the inverse of the damped products.
  private func factor(of products: Tensor) -> Tensor? {
    let diagonal = products.diagonal()
    var damped = products.clone()
    let idle = (diagonal .== 0).to(.float64)
    damped = damped + idle.diag()
    let extra = damped.diagonal().mean() * settings.damping
    damped = damped + Tensor.eye(products.shape[0], dtype: .float64) * extra
    guard let lower = Self.cholesky(damped), let inverse = try? callOperator("cholesky_inverse", [lower]).first,
      case .tensor(let inverted) = inverse, let other = Self.cholesky(inverted)
    else { return nil }
    return other.transpose(0, 1).contiguous()
  }

  /// The lower factor; nil where there is none.
  private static func cholesky(_ matrix: Tensor) -> Tensor? {
    guard let found = try? callOperator("linalg_cholesky_ex", [matrix]), found.count == 2,
      case .tensor(let lower) = found[0], case .tensor(let info) = found[1], info.intItem() == 0
    else { return nil }
    return lower
  }

  /// The part of `count` that falls to the first inputs.
  private func share(_ count: Int, _ columns: Int, _ all: Int) -> Int {
    Int((Double(count) * Double(columns) / Double(all)).rounded(.toNearestOrEven))
  }

  /// What stays where the smallest go, until so many of all or of each row are pruned.
  private func mask(_ salience: Tensor, _ open: BitMask?, ofEachRow width: Int?, pruning count: Int) -> Tensor {
    let values = salience.contiguous()
    let kept = values.withUnsafeBytes { bytes -> BitMask in
      let scores = Scores(bytes: bytes, type: .float64, kept: open)
      do {
        guard let width else {
          let left = max(0, count - scores.count + scores.keptCount)
          return try Selection.prune(left, of: [scores], by: .value, nan: .rankLargest)[0]
        }
        return try Selection.prune(ofEachRow: width, of: scores, by: .value, nan: .rankLargest) { kept in
          max(0, count - width + kept)
        }
      } catch {
        fatalError("SparseGPT: \(error)")
      }
    }
    return Tensor.make(kept, shape: values.shape, dtype: .bool)
  }
}
