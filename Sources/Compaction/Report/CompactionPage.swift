import Console
import Pictures

/// What has become of a model that was made smaller, as one page of HTML: a table of its layers, the curve of what it gains
/// against what its outputs change, and what to try next.
///
/// The page has no scripts and asks for nothing that is not in it; its own policy forbids it to. Names out of a model's
/// file are escaped.
public struct CompactionPage: Sendable {
  /// A group of channels.
  public struct Group: Hashable, Sendable {
    /// What it is called.
    public var name: String
    /// How many channels it had, and has.
    public var before: Int
    /// How many are left.
    public var after: Int
    /// The weights that it runs through.
    public var layers: [String]

    /// A group.
    public init(name: String, before: Int, after: Int, layers: [String] = []) {
      (self.name, self.before, self.after, self.layers) = (name, before, after, layers)
    }
  }

  /// A number before and after.
  public struct Total: Hashable, Sendable {
    /// What is counted.
    public var name: String
    /// As text.
    public var before: String
    /// As text.
    public var after: String
    /// What is left of it.
    public var share: Double

    /// A number.
    public init(name: String, before: String, after: String, share: Double) {
      (self.name, self.before, self.after, self.share) = (name, before, after, share)
    }
  }

  /// The model.
  public var title: String
  /// One sentence below it, such as how it was proven.
  public var remark: String
  /// The groups, in the order of the model.
  public var groups: [Group]
  /// What the model costs.
  public var totals: [Total]
  /// Layers that stay whole, by the reasons.
  public var whole: [(reason: String, layers: [String])]
  /// What a search has found; nil for a choice by an amount.
  public var budget: ChannelBudget?

  /// A page.
  public init(
    title: String, remark: String = "", groups: [Group], totals: [Total], leftWhole: [Compactor.LeftWhole] = [],
    budget: ChannelBudget? = nil
  ) {
    (self.title, self.remark, self.groups, self.totals, self.budget) = (title, remark, groups, totals, budget)
    var (order, layers): ([String], [String: [String]]) = ([], [:])
    for one in leftWhole {
      if layers[one.reason.description] == nil { order.append(one.reason.description) }
      layers[one.reason.description, default: []].append(one.path)
    }
    whole = order.map { ($0, layers[$0] ?? []) }
  }

  /// The page.
  public var html: String {
    let parts =
      [section("What it costs", totalsTable)] + (budget.map(budgetSections) ?? [])
      + [section("Layers", groupsTable), wholeSection, section("What to try next", Self.list(PageAdvice(self).lines))]
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(Markup.escaped(title))</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <h1>\(Markup.escaped(title))</h1>
      <p>\(Markup.escaped(remark))</p>
      \(parts.filter { !$0.isEmpty }.joined(separator: "\n"))
      </body>
      </html>

      """
  }

  private func section(_ heading: String, _ content: String) -> String {
    content.isEmpty ? "" : "<section>\n<h2>\(Markup.escaped(heading))</h2>\n\(content)\n</section>"
  }

  private static func list(_ lines: [String]) -> String {
    lines.isEmpty ? "" : "<ul>\n" + lines.map { "<li>\(Markup.escaped($0))</li>" }.joined(separator: "\n") + "\n</ul>"
  }

  /// Cells of text; all columns but the first stand to the right.
  static func table(_ headings: [String], _ rows: [[String]], marked: Int? = nil) -> String {
    func row(_ cells: [String], _ tag: String, _ kind: String = "") -> String {
      "<tr\(kind)>" + cells.map { "<\(tag)>\($0)</\(tag)>" }.joined() + "</tr>"
    }
    let lines = rows.enumerated().map { number, cells in
      row(cells.map { Markup.escaped($0) }, "td", number == marked ? " class=\"chosen\"" : "")
    }
    return "<table>\n<thead>\(row(headings.map { Markup.escaped($0) }, "th"))</thead>\n<tbody>\n"
      + lines.joined(separator: "\n") + "\n</tbody>\n</table>"
  }

  private var totalsTable: String {
    guard !totals.isEmpty else { return "" }
    return Self.table(
      ["", "before", "after", "left"], totals.map { [$0.name, $0.before, $0.after, $0.share.exactPercent] })
  }

  private var groupsTable: String {
    let most = max(groups.map(\.before).max() ?? 1, 1)
    let rows = groups.map { group -> String in
      func width(_ count: Int) -> String { (100 * Double(count) / Double(most)).fixed(1) }
      let layers = group.layers.isEmpty ? "" : " title=\"\(Markup.escaped(group.layers.joined(separator: ", ")))\""
      return "<tr><td\(layers)>\(Markup.escaped(group.name))</td><td>\(group.before.grouped)</td>"
        + "<td>\(group.after.grouped)</td><td class=\"bar\"><div style=\"width:\(width(group.before))%\">"
        + "<div style=\"width:\((100 * Double(group.after) / Double(max(group.before, 1))).fixed(1))%\"></div></div></td></tr>"
    }
    return
      "<table class=\"layers\">\n<thead><tr><th>channels of</th><th>before</th><th>after</th><th></th></tr></thead>\n"
      + "<tbody>\n\(rows.joined(separator: "\n"))\n</tbody>\n</table>"
  }

  private var wholeSection: String {
    section(
      "What stays whole",
      Self.list(
        whole.map { reason, layers in
          "\(layers.prefix(6).joined(separator: ", "))"
            + (layers.count > 6 ? " and \(layers.count - 6) more" : "") + ": \(reason)"
        }))
  }

  private static let style = """
    body { font: 15px/1.5 -apple-system, "Segoe UI", Inter, "Helvetica Neue", Arial, sans-serif; color: #1d2733; \
    background: #fff; max-width: 900px; margin: 32px auto; padding: 0 20px; font-variant-numeric: tabular-nums }
    h1 { font-size: 24px; margin: 0 } h2 { font-size: 17px; margin: 32px 0 8px } p { color: #4a5663; margin: 6px 0 }
    table { border-collapse: collapse } th { font-weight: 500; color: #66727f; text-align: right }
    th, td { padding: 4px 12px; border-bottom: 1px solid #e9edf0 } td { text-align: right }
    th:first-child, td:first-child { text-align: left; padding-left: 0; overflow-wrap: anywhere }
    .chosen td { font-weight: 600; background: #f0f7f3 } .layers { width: 100% } .bar { width: 45% }
    .bar > div { background: #dbe3ea; height: 12px } .bar > div > div { background: #2a7f4f; height: 12px }
    svg { max-width: 100%; height: auto } ul { padding-left: 20px } li { margin: 4px 0 }
    @media print { body { margin: 0 } }
    """
}
