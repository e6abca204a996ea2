import Console
import Foundation
import Pictures

/// Accuracy against sparsity, before and after fine-tuning, and the size of the files below it, as SVG. A pure function
/// of the results.
struct SVGPlot {
  let results: Results

  private static let size = (width: 920.0, height: 590.0)
  /// The part of the picture where accuracies are drawn, and the one for file sizes below it.
  private static let plot = (left: 92.0, right: 828.0, top: 124.0, bottom: 392.0)
  private static let bars = (top: 478.0, bottom: 540.0, width: 46.0)
  /// Points keep this far from the sides of the plot.
  private static let inset = 44.0

  private let sparsities: SparsityScale
  private let accuracies: AccuracyScale

  init(_ results: Results) {
    self.results = results
    sparsities = SparsityScale(results.points.map(\.sparsity))
    accuracies = AccuracyScale(results.points.flatMap { [$0.pruned, $0.fineTuned, $0.duringTraining] })
  }

  /// The file's content.
  var source: String {
    var document = SVGDocument(
      width: Self.size.width, height: Self.size.height,
      title: "LeNet on Fashion-MNIST: test accuracy and file size against sparsity", style: Self.style)
    document.rectangle(
      (0.5, 0.5), width: Self.size.width - 1, height: Self.size.height - 1, corner: 12, class: "ground")
    headings(&document)
    axes(&document)
    curves(&document)
    fileSizes(&document)
    return document.source
  }

  private func x(_ sparsity: Double) -> Double {
    let (left, right) = (Self.plot.left + Self.inset, Self.plot.right - Self.inset)
    return left + sparsities.position(sparsity) * (right - left)
  }

  private func y(_ accuracy: Double) -> Double {
    Self.plot.bottom - accuracies.position(accuracy) * (Self.plot.bottom - Self.plot.top)
  }

  private func headings(_ document: inout SVGDocument) {
    let settings = results.settings
    let left = 40.0
    document.text("LeNet on Fashion-MNIST, pruned and fine-tuned", (left, 52), class: "title")
    document.text(
      "Test accuracy when the smallest weights of the whole network are set to zero, after "
        + Self.epochs(settings.fineTuningEpochs) + " of fine-tuning, and pruned during as many epochs in all",
      (left, 78),
      class: "muted")
    document.text(
      "Trained for \(Self.epochs(settings.epochs)), Adam \(settings.learningRate), batches of \(settings.batchSize), "
        + "seed \(settings.seed), \(settings.trainingImages.grouped) images; LibTorch \(settings.engine) "
        + "on \(settings.device)", (left, Self.size.height - 22), class: "muted")
  }

  private static func epochs(_ count: Int) -> String { count == 1 ? "1 epoch" : "\(count) epochs" }

  private func axes(_ document: inout SVGDocument) {
    let plot = Self.plot
    for mark in accuracies.marks {
      document.line(
        (plot.left, y(mark)), (plot.right, y(mark)), class: mark == accuracies.marks.first ? "axis" : "grid")
      document.text(String(format: "%.0f %%", mark * 100), (plot.left - 12, y(mark) + 4.5), class: "end muted")
    }
    var free = -Double.infinity
    for point in results.points {
      let x = x(point.sparsity)
      document.line((x, plot.bottom), (x, plot.bottom + 6), class: "axis")
      guard x - 22 >= free else { continue }
      document.text(point.sparsity.percent, (x, plot.bottom + 24), class: "middle")
      free = x + 22
    }
    document.text("set to zero", (plot.right - Self.inset + 30, plot.bottom + 24), class: "muted")
  }

  private func curves(_ document: inout SVGDocument) {
    let points = results.points
    let pruned = points.map { (x: x($0.sparsity), y: y($0.pruned)) }
    let tuned = points.map { (x: x($0.sparsity), y: y($0.fineTuned)) }
    let gradual = points.map { (x: x($0.sparsity), y: y($0.duringTraining)) }
    if let dense = points.first {
      document.line((Self.plot.left, y(dense.pruned)), (Self.plot.right, y(dense.pruned)), class: "dense")
    }
    document.polyline(pruned, class: "pruned-line")
    document.polyline(tuned, class: "tuned-line")
    document.polyline(gradual, class: "gradual-line")
    for (index, point) in points.enumerated() {
      guard point.sparsity > 0 else {
        document.text("unpruned", (tuned[index].x, tuned[index].y + 23), class: "middle muted halo")
        document.circle(tuned[index], radius: 5.5, class: "tuned-dot")
        value(point.fineTuned, at: tuned[index], above: true, class: "tuned", in: &document)
        continue
      }
      document.circle(pruned[index], radius: 5, class: "pruned-dot")
      document.circle(tuned[index], radius: 5.5, class: "tuned-dot")
      document.circle(gradual[index], radius: 5.5, class: "gradual-dot")
      // The highest carries its number above, the lowest below; the one between has room only where both are far.
      let curves = [
        (point.pruned, pruned[index], "pruned"), (point.fineTuned, tuned[index], "tuned"),
        (point.duringTraining, gradual[index], "gradual"),
      ].sorted { $0.1.y < $1.1.y }
      value(curves[0].0, at: curves[0].1, above: true, class: curves[0].2, in: &document)
      value(curves[2].0, at: curves[2].1, above: false, class: curves[2].2, in: &document)
      if curves[2].1.y - curves[1].1.y > 50 {
        value(curves[1].0, at: curves[1].1, above: false, class: curves[1].2, in: &document)
      }
    }
    guard points.count > 1 else { return }
    let names = [
      (pruned, "pruned only", "pruned"), (tuned, "fine-tuned", "tuned"), (gradual, "in training", "gradual"),
    ]
    // Names that would touch move apart.
    var free = -Double.infinity
    for (curve, name, kind) in names.sorted(by: { ($0.0.last?.y ?? 0) < ($1.0.last?.y ?? 0) }) {
      guard let end = curve.last else { continue }
      let place = max(end.y + 4.5, free)
      free = place + 18
      document.text(name, (end.x + 18, place), class: "value halo \(kind)")
    }
  }

  /// The number of a point; above it in any case where the axis is too close below.
  private func value(
    _ accuracy: Double, at point: SVGDocument.Point, above: Bool, class name: String, in document: inout SVGDocument
  ) {
    let isAbove = above || point.y + 26 > Self.plot.bottom
    document.text(
      String(format: "%.1f", accuracy * 100), (point.x, point.y + (isAbove ? -13 : 23)),
      class: "middle value halo \(name)")
  }

  private func fileSizes(_ document: inout SVGDocument) {
    let bars = Self.bars
    let largest = Double(results.points.map { max($0.fileBytes, $0.packedFileBytes) }.max() ?? 1)
    document.text(
      "Size of the packed file: the kept weights, and one bit for each weight", (40, bars.top - 32), class: "muted")
    var free = -Double.infinity
    for point in results.points {
      let x = x(point.sparsity)
      guard x - bars.width / 2 >= free else { continue }
      free = x + bars.width / 2 + 4
      let height = max(2, Double(point.packedFileBytes) / largest * (bars.bottom - bars.top))
      document.rectangle(
        (x - bars.width / 2, bars.top), width: bars.width, height: bars.bottom - bars.top, corner: 3, class: "ghost")
      document.rectangle(
        (x - bars.width / 2, bars.bottom - height), width: bars.width, height: height, corner: 3, class: "bar")
      document.text(
        String(format: "%.0f kB", Double(point.packedFileBytes) / 1000), (x, bars.bottom - height - 6),
        class: "middle")
    }
  }
}
