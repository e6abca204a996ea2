import Compaction
import Console

extension ModuleCompaction {
  /// A page about it: its layers, the curve of gain against change, what to try next.
  ///
  /// ```swift
  /// let report = try net.compact(found.recipe(for: compactor), example: images)
  /// try report.page(of: "LeNet", found).html.write(toFile: "report.html", atomically: true, encoding: .utf8)
  /// ```
  /// - Parameters:
  ///   - name: what the model is called.
  ///   - budget: the search that the recipe came from; nil for none, and no curve.
  public func page(of name: String, _ budget: ChannelBudget? = nil) -> CompactionPage {
    func total(_ name: String, _ change: Change) -> CompactionPage.Total {
      .init(
        name: name, before: change.before.grouped, after: change.after.grouped,
        share: Double(change.after) / Double(max(change.before, 1)))
    }
    return CompactionPage(
      title: "\(name) made smaller",
      remark: "Proven beside the model with zeros in the same places: outputs differ by "
        + "\(doubleDifference.significant(2)) of the largest in float64, by \(difference.significant(2)) as the module is.",
      groups: groups.map { .init(name: $0.name, before: $0.channels.before, after: $0.channels.after) },
      totals: [total("parameters", parameters), total("MACs", macs)], leftWhole: leftWhole, budget: budget)
  }
}
