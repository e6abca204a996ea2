import Checkpoints
import Console

/// Two files and what differs between them.
struct Comparison {
  let files: (Checkpoint, Checkpoint)
  let differences: [TensorDifference]

  /// Whether both hold the same tensors with the same values.
  var isEqual: Bool { differences.allSatisfy(\.isEqual) }

  /// The zeros and elements of all tensors that were compared.
  private var zeros: (left: Int, right: Int, new: Int, lost: Int, elements: Int) {
    differences.reduce(into: (0, 0, 0, 0, 0)) { sum, one in
      sum.0 += one.leftZeroCount
      sum.1 += one.rightZeroCount
      sum.2 += one.newZeroCount
      sum.3 += one.lostZeroCount
      sum.4 += one.comparedCount
    }
  }

  /// The comparison for people.
  func lines(all: Bool) -> [String] {
    let shown = differences.filter { all || !$0.isEqual }
    var table = TextTable(columns: [
      .init("tensor", .left), .init("differ"), .init("of"), .init("largest"), .init("mean"), .init("zeros before"),
      .init("after"), .init("", .left),
    ])
    table.rows = shown.map(row)
    var lines = [
      "a: \(files.0.path), \(files.0.formatDescription)", "b: \(files.1.path), \(files.1.formatDescription)",
    ]
    if !shown.isEmpty { lines += [""] + table.lines }
    return lines + ["", summary]
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
    let differing = differences.filter { !$0.isEqual }.count
    let all = differences.count.counted("tensor")
    guard differing > 0 else { return "equal: \(all) with the same types, shapes and values" }
    let zeros = zeros
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
      tensors: differences.map { one in
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
