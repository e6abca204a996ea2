import Torch

/// What is added to the weights of a layer so that the squares of what its outputs lack become least, the change itself
/// damped: `(A + d I) change = C`, for whole rows of weights or within the mask of each.
struct RidgeProblem {
  private let gram: Gram
  /// Outputs of one group that may change at the same entries: their numbers, and the entries; nil for all entries.
  private let parts: [(group: Int, outputs: [Int], entries: Tensor?)]
  private let isWhole: Bool
  private let scale: Double

  /// - Parameters:
  ///   - gram: the sums, finished.
  ///   - weight: the weight `[groups, outputs, inputs]`, whose zeros stay.
  init(_ gram: Gram, _ weight: Tensor) {
    self.gram = gram
    let width = weight.shape[2]
    let diagonal = gram.products.diagonal()
    scale = diagonal.mean().item()
    let open = weight .!= 0
    isWhole = open.all().item() != 0
    guard !isWhole else {
      parts = []
      return
    }
    var parts: [(group: Int, outputs: [Int], entries: Tensor?)] = []
    for group in 0..<weight.shape[0] {
      let bits = open.select(0, group).to(.uint8).array(of: UInt8.self)
      var numbers: [ArraySlice<UInt8>: Int] = [:]
      for output in 0..<weight.shape[1] {
        let row = bits[(output * width)..<((output + 1) * width)]
        // Slices are equal by their entries, whatever their places.
        if let known = numbers[row] {
          parts[known].outputs.append(output)
        } else {
          numbers[row] = parts.count
          let entries = row.enumerated().filter { $0.element != 0 }.map { Int64($0.offset) }
          parts.append((group, [output], entries.count == width ? nil : Tensor(entries).to(weight.device)))
        }
      }
    }
    self.parts = parts
  }

  /// Dampings to try, over the mean of the diagonal: fewer where each costs much.
  var dampings: [Double] {
    guard scale > 0, scale.isFinite else { return [] }
    let width = gram.products.shape[1]
    return width > 1500 || parts.count > 64 ? [1e-4, 1e-2, 1e-1] : [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1]
  }

  /// The change `[groups, inputs, outputs]`; nil where the equations have no solution in numbers.
  func change(damping: Double) -> Tensor? {
    let ridge = damping * scale
    if isWhole { return Self.solve(gram.products, gram.targets, ridge) }
    let change = gram.targets.zerosLike()
    for part in parts {
      let (a, c) = (gram.products.select(0, part.group), gram.targets.select(0, part.group))
      let outputs = Tensor(part.outputs.map(Int64.init)).to(a.device)
      let wanted = c.indexSelect(1, outputs)
      guard let entries = part.entries else {
        guard let found = Self.solve(a, wanted, ridge) else { return nil }
        change.select(0, part.group).indexCopyInPlace(1, outputs, found)
        continue
      }
      guard entries.count > 0 else { continue }
      let own = a.indexSelect(0, entries).indexSelect(1, entries)
      guard let found = Self.solve(own, wanted.indexSelect(0, entries), ridge) else { return nil }
      let rows = Tensor.zeros([a.shape[0], part.outputs.count], dtype: .float64, device: a.device)
      rows.indexCopyInPlace(0, entries, found)
      change.select(0, part.group).indexCopyInPlace(1, outputs, rows)
    }
    return change
  }

  private static func solve(_ a: Tensor, _ c: Tensor, _ ridge: Double) -> Tensor? {
    let damped = a.clone()
    damped.diagonal().addInPlace(ridge)
    let found = callList("linalg_cholesky_ex", damped, capacity: 2)
    guard found.count == 2, found[1].countNonzero() == 0 else { return nil }
    let change = call("cholesky_solve", c, found[0])
    return change.isFinite().all().item() != 0 ? change : nil
  }
}
