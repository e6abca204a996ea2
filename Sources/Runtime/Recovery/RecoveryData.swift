import Torch

/// Samples for recovery, some of them held out: batches to learn from and batches to judge by.
///
/// Every so many-th sample is held out, so that data in order of classes or time is judged whole. Of a model whose batch is
/// fixed whole batches are held out.
public struct RecoveryData {
  /// All samples, in the order of the model's inputs.
  let inputs: [Tensor]
  /// The numbers of the samples to learn from, batch by batch.
  let fit: [[Int]]
  /// The inputs of each run to judge by.
  public let heldOut: [[Tensor]]
  /// The classes of the samples that are held out, batch by batch; nil where none are known.
  let heldOutLabels: [Tensor]?
  /// How many samples there are to learn from, and to judge by.
  let counts: (fit: Int, heldOut: Int)

  /// Checks the samples and divides them.
  ///
  /// - Parameters:
  ///   - inputs: all samples, in the order of the model's inputs, along the first dimension of each.
  ///   - labels: their classes, whole numbers `[samples]`; nil where they are not known.
  ///   - model: the model that they are for.
  ///   - share: the share that is held out, one sample at least.
  ///   - batch: how many samples are run at once; that of the export where it is fixed.
  /// - Throws: ``RecoveryError/data(expected:found:advice:)`` for fewer than two samples or batches, numbers of samples that
  ///   differ, NaN and infinities.
  public init(
    _ inputs: [Tensor], labels: Tensor? = nil, for model: GraphModule, heldOut share: Double = 0.125, batch: Int = 64
  ) throws {
    let names = model.inputNames
    guard inputs.count == names.count, let samples = inputs.first?.shape.first else {
      throw RecoveryError.data(
        expected: "\(names.count) inputs (\(names.joined(separator: ", "))) with samples along the first dimension",
        found: "\(inputs.count)", advice: "give one tensor for each input of the model")
    }
    for (name, tensor) in zip(names + ["labels"], inputs + (labels.map { [$0] } ?? [])) {
      guard tensor.rank > 0, tensor.shape[0] == samples else {
        throw RecoveryError.data(
          expected: "\(samples) samples in '\(name)', as in '\(names[0])'", found: "shape \(tensor.shape)",
          advice: "give each input the same number of samples along its first dimension")
      }
      if tensor.dtype.isFloatingPoint {
        let wrong = tensor.detach().isFinite().logicalNot().countNonzero()
        guard wrong == 0 else {
          throw RecoveryError.data(
            expected: "numbers throughout in '\(name)'", found: "\(wrong) NaN or infinite of \(tensor.count)",
            advice: "remove the samples that they stand in")
        }
      }
    }
    if let labels, labels.rank != 1 || labels.dtype.isFloatingPoint {
      throw RecoveryError.data(
        expected: "labels as whole numbers, one for each sample", found: "\(labels.dtype) \(labels.shape)",
        advice: "give the number of each sample's class")
    }
    let fixed = model.graph.batchSymbol == nil ? model.graph.fixedBatch : nil
    let unit = fixed ?? 1
    guard unit > 0, samples % unit == 0, samples / unit >= 2 else {
      throw RecoveryError.data(
        expected: fixed.map { "two batches or more of \($0) samples, the batch of the export" }
          ?? "two samples or more, one of which is held out",
        found: "\(samples) sample\(samples == 1 ? "" : "s")", advice: "give more samples")
    }
    let units = samples / unit
    let wanted = min(max(Int((Double(units) * share).rounded()), 1), units - 1)
    // Spread evenly, the last of each stretch.
    let places = Set((0..<wanted).map { ($0 + 1) * units / wanted - 1 })
    func indices(_ isHeldOut: Bool) -> [Int] {
      (0..<units).filter { places.contains($0) == isHeldOut }.flatMap { ($0 * unit)..<(($0 + 1) * unit) }
    }
    let most = model.graph.batchSymbol.flatMap { model.graph.ranges[$0]?.maximum } ?? .max
    let size = fixed ?? max(min(batch, most), model.graph.smallestBatch)
    let (learned, judged) = (indices(false), indices(true))
    self.inputs = inputs
    fit = Self.batches(learned, size, model.graph.smallestBatch)
    let batches = Self.batches(judged, size, model.graph.smallestBatch)
    heldOut = batches.map { Self.samples($0, of: inputs) }
    heldOutLabels = labels.map { labels in batches.map { Self.samples($0, of: [labels.to(.int64)])[0] } }
    counts = (learned.count, judged.count)
    isFixed = fixed != nil
    smallest = model.graph.smallestBatch
  }

  private let isFixed: Bool
  private let smallest: Int

  /// The inputs of so many batches to learn from, one after the other; spread over all where that is not all.
  ///
  /// - Parameter samples: about how many samples at most.
  func fitted(samples: Int) -> some Collection<[Tensor]> {
    let size = max(fit.first?.count ?? 1, 1)
    let wanted = min(fit.count, max(1, samples / size + (samples % size > 0 ? 1 : 0)))
    let places = (0..<wanted).map { $0 * fit.count / wanted }
    return places.lazy.map { [inputs, fit] in Self.samples(fit[$0], of: inputs) }
  }

  /// The samples to learn from in another order, in batches of another size; a rest of less than half a batch is left out.
  func shuffled(batch: Int, _ generator: Generator) -> some Collection<[Tensor]> {
    var batches: [[Int]]
    if isFixed {
      batches = Tensor.randperm(fit.count, generator: generator).array(of: Int64.self).map { fit[Int($0)] }
    } else {
      let all = fit.flatMap { $0 }
      let order = Tensor.randperm(all.count, generator: generator).array(of: Int64.self).map { all[Int($0)] }
      batches = Self.batches(order, max(batch, smallest), smallest)
      if let last = batches.last, batches.count > 1, last.count * 2 < batch { batches.removeLast() }
    }
    return batches.lazy.map { [inputs] in Self.samples($0, of: inputs) }
  }

  private static func samples(_ numbers: [Int], of inputs: [Tensor]) -> [Tensor] {
    let picks = Tensor(numbers.map(Int64.init))
    return inputs.map { $0.detach().indexSelect(0, picks.to($0.device)) }
  }

  /// Numbers in batches; a rest that is smaller than the graph takes goes with the batch before it.
  private static func batches(_ indices: [Int], _ size: Int, _ smallest: Int) -> [[Int]] {
    var starts = Array(stride(from: 0, to: indices.count, by: size))
    if let last = starts.last, indices.count - last < smallest, starts.count > 1 { starts.removeLast() }
    return starts.enumerated().map { place, start in
      Array(indices[start..<(place + 1 < starts.count ? starts[place + 1] : indices.count)])
    }
  }
}
