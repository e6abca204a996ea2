import Checkpoints
import Console

/// Two files and what differs between them.
struct Comparison {
  let files: (Checkpoint, Checkpoint)
  /// The tensors that are shown: all, or those that differ.
  private var shown: [TensorDifference] = []
  private var count = 0
  private var differing = 0
  /// The zeros and elements of all tensors that were compared.
  private var zeros = (left: 0, right: 0, new: 0, lost: 0, elements: 0)

  /// Compares two checkpoints.
  ///
  /// - Parameters:
  ///   - files: What was named.
  ///   - dense: What they hold.
  ///   - all: Whether tensors that are equal are shown, too.
  init(
    _ files: (Checkpoint, Checkpoint), dense: (Checkpoint, Checkpoint), all: Bool, progress: WritingProgress?
  ) throws {
    self.files = files
    try dense.0.forEachDifference(from: dense.1, progress: progress) { one in
      count += 1
      differing += one.isEqual ? 0 : 1
      zeros.left += one.leftZeroCount
      zeros.right += one.rightZeroCount
      zeros.new += one.newZeroCount
      zeros.lost += one.lostZeroCount
      zeros.elements += one.comparedCount
      if all || !one.isEqual { shown.append(one) }
    }
  }

  /// Whether both hold the same tensors with the same values.
  var isEqual: Bool { differing == 0 }

  /// Hands out the comparison for people, line by line.
  func write(_ body: (String) -> Void) {
    body("a: \(files.0.path), \(files.0.formatDescription)")
    body("b: \(files.1.path), \(files.1.formatDescription)")
    if !shown.isEmpty {
      body("")
      let columns: [TextTable.Column] = [
        .init("tensor", .left), .init("differ"), .init("of"), .init("largest"), .init("mean"), .init("zeros before"),
        .init("after"), .init("", .left),
      ]
      TextTable.write(columns, count: shown.count, row: { row(shown[$0]) }, body)
    }
    body("")
    body(summary)
  }

  private func row(_ one: TensorDifference) -> [String] {
    let name = Inspection.oneLine(one.name)
    guard one.comparedCount > 0 || one.isEqual else { return [name, "", "", "", "", "", "", one.remark] }
    func share(_ zeros: Int) -> String {
      one.comparedCount == 0 ? "" : (Double(zeros) / Double(one.comparedCount)).percent
    }
    let differ = one.differingCount > 0
    return [
      name, one.differingCount.grouped, one.comparedCount.grouped,
      differ ? one.largestDifference?.significant(3) ?? "" : "", differ ? one.meanDifference?.significant(3) ?? "" : "",
      share(one.leftZeroCount), share(one.rightZeroCount), one.remark,
    ]
  }

  private var summary: String {
    let all = count.counted("tensor")
    guard differing > 0 else { return "equal: \(all) with the same types, shapes and values" }
    func share(_ count: Int) -> String { (Double(count) / Double(max(1, zeros.elements))).percent }
    return "\(differing.grouped) of \(all) differ; zeros \(share(zeros.left)) before, \(share(zeros.right)) after "
      + "(\(zeros.new.grouped) new, \(zeros.lost.grouped) lost)"
  }

  /// What `bonsai diff --json` prints.
  struct Report: Encodable {
    struct Side: Encodable {
      var dtype: String
      var shape: [Int]
    }

    struct Tensor: Encodable {
      var name: String
      var equal: Bool
      var sameBytes: Bool
      var a: Side?
      var b: Side?
      var compared: Int
      var differing: Int
      var largestDifference: Double?
      var meanDifference: Double?
      var zerosBefore: Int
      var zerosAfter: Int
      var newZeros: Int
      var lostZeros: Int
    }

    var a: String
    var b: String
    var equal: Bool
    var tensors: [Tensor]
  }

  /// The comparison for programs.
  var report: Report {
    func side(_ spec: TensorSpec?) -> Report.Side? { spec.map { Report.Side(dtype: $0.type.name, shape: $0.shape) } }
    return Report(
      a: files.0.path, b: files.1.path, equal: isEqual,
      tensors: shown.map { one in
        Report.Tensor(
          name: one.name, equal: one.isEqual, sameBytes: one.hasSameBytes, a: side(one.left), b: side(one.right),
          compared: one.comparedCount, differing: one.differingCount, largestDifference: one.largestDifference,
          meanDifference: one.meanDifference, zerosBefore: one.leftZeroCount, zerosAfter: one.rightZeroCount,
          newZeros: one.newZeroCount, lostZeros: one.lostZeroCount)
      })
  }
}

extension TensorDifference {
  /// What there is to say beside the numbers.
  fileprivate var remark: String {
    guard let left, let right else { return self.left == nil ? "only in b" : "only in a" }
    if left.shape != right.shape { return "shape \(left.shape) before, \(right.shape) after" }
    if left.type != right.type { return "\(left.type) before, \(right.type) after" }
    return isEqual && !hasSameBytes ? "signs of zeros or bits of NaN differ" : ""
  }
}
