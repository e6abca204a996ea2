import Foundation

/// Where a sparsity stands along an axis: even steps each time the weights that are left become half as many, so that
/// 80, 90 and 95 % do not stand in a heap at the end.
struct SparsityScale {
  /// The largest sparsity on the axis; that of 100 % would lie infinitely far away.
  private let largest: Double

  init(_ sparsities: [Double]) { largest = min(sparsities.max() ?? 0, 0.9999) }

  /// The place of a sparsity, in 0...1.
  func position(_ sparsity: Double) -> Double {
    largest <= 0 ? 0 : Foundation.log(1 - min(sparsity, largest)) / Foundation.log(1 - largest)
  }
}

/// A vertical axis for accuracies, from a round number below all of them up to 1.
struct AccuracyScale {
  /// The lower end.
  let lowest: Double
  /// The distance between two marks.
  let step: Double

  init(_ accuracies: [Double]) {
    let span = 1 - (accuracies.min() ?? 0)
    step = [0.01, 0.02, 0.05, 0.1].first { span <= 5 * $0 } ?? 0.2
    lowest = max(0, ((accuracies.min() ?? 0) / step - 0.4).rounded(.down) * step)  // with some air below
  }

  /// The place of an accuracy, in 0...1 from the bottom.
  func position(_ accuracy: Double) -> Double { (accuracy - lowest) / (1 - lowest) }

  /// The accuracies that get a mark, from the lower end to 1.
  var marks: [Double] {
    let count = Int(((1 - lowest) / step).rounded())
    return (0...count).map { lowest + Double($0) * step }
  }
}
