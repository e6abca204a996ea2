import NN
import Recipes
import Torch

extension EvidenceCollector {
  /// Takes what flows into a layer.
  func add(_ input: LayerInput, _ number: Int) {
    let shape = weights.weights[number].shape
    let sum: Tensor? = noGrad {
      switch evidence {
      case .activations:
        return input.channels(rank: shape.count).map { rows in
          let squares = rows.to(.float32)
          return (squares * squares).sum([0])
        }
      case .activationMeans:
        return input.channels(rank: shape.count).map { rows in
          let count = Tensor([Double(rows.shape[0])]).to(rows.device)
          return Tensor.cat([rows.to(.float64).abs().sum([0]), count])
        }
      case .inputProducts:
        return input.rows(for: shape).map { rows in rows.transpose(1, 2).matmul(rows) }
      default: return nil
      }
    }
    guard let sum else { return }
    if let known = sums[number] { noGrad { _ = known.addInPlace(sum) } } else { sums[number] = sum }
  }

  /// A number for each input as one for each entry: grouped convolutions see the inputs of their group.
  func spread(_ values: [Double], _ number: Int) -> [Double] {
    let shape = weights.weights[number].shape
    let (inputs, rest) = (shape[1], shape.dropFirst(2).reduce(1, *))
    let groups = max(1, values.count / max(1, inputs))
    return (0..<shape[0]).flatMap { output in
      let first = output / max(1, shape[0] / groups) * inputs
      return (0..<inputs).flatMap { Array(repeating: values[first + $0], count: rest) }
    }
  }

  /// The products of inputs of a weight of the same model, [groups, entries of a row, entries of a row] in float64; nil
  /// where nothing flowed in.
  func products(for other: ModelWeights, _ number: Int) -> Tensor? {
    guard evidence == .inputProducts, let own = self.number(of: other, number) else { return nil }
    return sums[own]
  }
}
