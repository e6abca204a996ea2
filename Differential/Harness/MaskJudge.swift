import NN
import Torch

/// Says whether two different masks are both right: where equal scores lie on both sides of the cut, PyTorch leaves
/// open which of them go, and it compares the norms of channels in the tensor's dtype, rounded.
///
/// It is made before the step, from what is ranked, without help of the code under test.
struct MaskJudge {
  private struct Entry {
    let scores: Tensor
    let previous: Tensor?
    let original: DType
  }

  private let method: Method
  private let seed: UInt64
  private let entries: [Entry]

  init?(_ step: Step, _ network: Module) {
    let recipes: [TensorRecipe?]
    switch step {
    case .prune(_, let method, let seed, let scores): (self.method, self.seed, recipes) = (method, seed, [scores])
    case .globally(_, let method, let seed, let scores): (self.method, self.seed, recipes) = (method, seed, scores)
    default: return nil
    }
    var entries: [Entry] = []
    for (target, recipe) in zip(step.targets, recipes) {
      guard let module = network.namedModules[target.module], let now = module[optional: target.name] else {
        return nil
      }
      let values = noGrad { now.detach().clone() }
      entries.append(
        Entry(
          scores: recipe?.draw(shape: values.shape, dtype: values.dtype) ?? values,
          previous: module[optional: target.name + "_mask"]?.to(.float64), original: values.dtype))
    }
    self.entries = entries
  }

  /// Why the masks cannot both be right, nil where they can.
  func objection(ours: [Tensor], theirs: [Tensor]) -> String? {
    switch method {
    case .l1: compareEntries(ours, theirs, by: entries.map { $0.scores.to(.float64).abs() })
    case .random: compareEntries(ours, theirs, by: draws())
    case .ln(_, let n, let dim): compareChannels(ours[0], theirs[0], n, dim)
    default: "the masks differ"
    }
  }

  /// The random numbers of an unstructured method at the entries that take part, 0 elsewhere.
  private func draws() -> [Tensor] {
    let dtype = entries.dropFirst().reduce(Tensor.empty([0], dtype: entries[0].scores.dtype)) {
      $0 + Tensor.empty([0], dtype: $1.scores.dtype)
    }.dtype
    let parts = entries.map { participating($0) }
    manualSeed(seed)
    let all = Tensor.rand([parts.reduce(0) { $0 + $1.countNonzero() }], dtype: dtype).to(.float64)
    var start = 0
    return parts.map { part in
      let count = part.countNonzero()
      defer { start += count }
      let out = Tensor.zeros(part.shape, dtype: .float64)
      out[part] = all.narrow(0, start: start, length: count)
      return out
    }
  }

  private func participating(_ entry: Entry) -> Tensor {
    entry.previous.map { $0 .== 1 } ?? Tensor.ones(entry.scores.shape, dtype: .bool)
  }

  private func compareEntries(_ ours: [Tensor], _ theirs: [Tensor], by scores: [Tensor]) -> String? {
    var kept: [[Double]] = [[], []]
    for (i, entry) in entries.enumerated() {
      let part = participating(entry)
      for (side, mask) in [ours[i], theirs[i]].enumerated() {
        if let previous = entry.previous, !mask[~part].equal(previous.to(mask.dtype)[~part]) {
          return "entries changed that take no part (\(side == 0 ? "ours" : "theirs"))"
        }
        kept[side] += scores[i][part.logicalAnd(mask .!= 0)].array(of: Double.self)
      }
    }
    let mixed = Set(entries.map(\.scores.dtype)).count > 1
    return difference(kept[0], kept[1], tolerance: mixed ? 1e-3 : 0, "scores")
  }

  private func compareChannels(_ ours: Tensor, _ theirs: Tensor, _ n: String, _ dim: Int) -> String? {
    let entry = entries[0]
    let others = (0..<entry.scores.rank).filter { $0 != (dim < 0 ? dim + entry.scores.rank : dim) }
    let previous = entry.previous ?? Tensor.ones(entry.scores.shape, dtype: .float64)
    func channels(_ mask: Tensor) -> Tensor { (mask .!= 0).to(.int64).sum(others) .> 0 }
    let wide = entry.scores.to(.float64)
    let norms: Tensor
    switch n {
    case "nuc":
      guard let singular = try? callOperator("linalg_matrix_norm.str_ord", [wide, "nuc", others]),
        case .tensor(let found)? = singular.first
      else { return "no nuclear norm" }
      norms = found
    case "fro": norms = wide.vectorNorm(2, others)
    default: norms = wide.vectorNorm(Double(n) ?? .nan, others)
    }
    var kept: [[Double]] = []
    for mask in [ours, theirs] {
      let open = channels(mask)
      var broadcast = Array(repeating: 1, count: mask.rank)
      broadcast[dim < 0 ? dim + mask.rank : dim] = open.count
      guard mask.equal(previous.to(mask.dtype) * open.to(mask.dtype).reshape(broadcast)) else {
        return "more than whole channels changed"
      }
      kept.append(norms[open].array(of: Double.self))
    }
    return difference(kept[0], kept[1], tolerance: tolerance(entry.scores.dtype), "norms")
  }

  /// Within the rounding of the dtype in which PyTorch compares norms.
  private func tolerance(_ dtype: DType) -> Double {
    switch dtype {
    case .bfloat16: 1e-2
    case .float16: 2e-3
    case .float32: 2e-6
    default: 1e-13
    }
  }

  private func difference(_ ours: [Double], _ theirs: [Double], tolerance: Double, _ what: String) -> String? {
    // Ranked as torch does, NaN above infinity; norms that overflow a half type are infinite there.
    func ranked(_ scores: [Double]) -> [Double] { scores.sorted { !$0.isNaN && ($1.isNaN || $0 < $1) } }
    let halves = entries.contains { $0.scores.dtype == .float16 }
    let close = zip(ranked(ours), ranked(theirs)).allSatisfy { a, b in
      a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(abs(a), abs(b))
        || (halves && tolerance > 0 && min(a, b) > 60_000)
    }
    if ours.count == theirs.count && close { return nil }
    return "the kept \(what) differ: ours \(ranked(ours).prefix(12)), theirs \(ranked(theirs).prefix(12))"
  }
}
