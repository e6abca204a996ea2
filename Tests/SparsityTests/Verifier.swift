import Sparsity

/// Checks masks in linear time: the right number went, none was revived, and the most important entry that went comes
/// before the least important one that stayed, ties settled by the flat index. Together these say that exactly the `k`
/// least important entries went.
func flaw(of masks: [BitMask], pruning k: Int, from samples: [Sample], by ranking: Ranking) -> String? {
  typealias Place = (entry: Entry, buffer: Int, index: Int)
  func precedes(_ a: Place, _ b: Place) -> Bool {
    if Reference.precedes(a.entry, b.entry, ranking) { return true }
    if Reference.precedes(b.entry, a.entry, ranking) { return false }
    return (a.buffer, a.index) < (b.buffer, b.index)
  }
  guard masks.map(\.count) == samples.map(\.count) else { return "sizes \(masks.map(\.count))" }
  var gone = 0
  var last: Place?
  var first: Place?
  for (buffer, sample) in samples.enumerated() {
    for index in 0..<sample.count {
      let kept = masks[buffer][index]
      guard sample.kept?[index] ?? true else {
        if kept { return "entry \(index) of buffer \(buffer) was revived" }
        continue
      }
      let place: Place = (sample.entry(index), buffer, index)
      if kept {
        if first.map({ precedes(place, $0) }) ?? true { first = place }
      } else {
        gone += 1
        if last.map({ precedes($0, place) }) ?? true { last = place }
      }
    }
  }
  if gone != k { return "expected \(k) entries to go, found \(gone)" }
  if let last, let first, !precedes(last, first) { return "\(last) went although \(first) stayed" }
  return nil
}
