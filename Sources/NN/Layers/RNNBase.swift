import Torch

/// What LSTM and GRU share: `torch.nn.RNNBase`.
///
/// Parameters of each layer l and direction, in PyTorch's order: `weight_ih_l`, `weight_hh_l`, `bias_ih_l`, `bias_hh_l`
/// (and `weight_hr_l` with projections), followed by the layer's number and `_reverse` for the direction backwards.
/// Every forward pass reads them by name, so that a pruned weight always takes part as it stands.
open class RNNBase: Module {
  /// The length of each input vector.
  public final var inputSize: Int { length(of: "weight_ih_l0", 1) }
  /// The length of the hidden state.
  public final var hiddenSize: Int { length(of: "weight_ih_l0", 0) / gates }
  /// How many parts of the hidden state's length the weights have.
  private let gates: Int
  /// The number of layers, one on top of the other.
  public final let layerCount: Int
  /// Whether there are biases.
  public final let hasBias: Bool
  /// Whether the batch is the first dimension of input and output, and not the second.
  public final let batchFirst: Bool
  /// The probability of dropout between layers, while training.
  public final let dropout: Double
  /// Whether each layer also runs backwards through the sequence.
  public final let isBidirectional: Bool
  /// The length to which the hidden state is projected; 0 for none.
  public final var projectionSize: Int { shape(of: "weight_hr_l0")?[0] ?? 0 }
  /// The names of all parameters, in order.
  public final let weightNames: [String]

  init(
    gates: Int, _ inputSize: Int, _ hiddenSize: Int, layers: Int, bias: Bool, batchFirst: Bool, dropout: Double,
    bidirectional: Bool, projectionSize: Int, device: Device, dtype: DType
  ) {
    precondition(
      inputSize > 0 && hiddenSize > 0 && layers > 0,
      "a recurrent layer needs sizes above 0, found \(inputSize), \(hiddenSize) and \(layers) layers")
    precondition((0...1).contains(dropout), "dropout: expected a probability from 0 to 1, found \(dropout)")
    precondition(
      projectionSize >= 0 && projectionSize < hiddenSize,
      "projectionSize: expected less than the hidden size \(hiddenSize), found \(projectionSize)")
    self.gates = gates
    layerCount = layers
    hasBias = bias
    self.batchFirst = batchFirst
    self.dropout = dropout
    isBidirectional = bidirectional
    let outputSize = projectionSize > 0 ? projectionSize : hiddenSize
    var shapes: [(String, [Int])] = []
    for layer in 0..<layers {
      let input = layer == 0 ? inputSize : outputSize * (bidirectional ? 2 : 1)
      for suffix in bidirectional ? ["l\(layer)", "l\(layer)_reverse"] : ["l\(layer)"] {
        shapes.append(("weight_ih_\(suffix)", [gates * hiddenSize, input]))
        shapes.append(("weight_hh_\(suffix)", [gates * hiddenSize, outputSize]))
        if bias {
          shapes += [("bias_ih_\(suffix)", [gates * hiddenSize]), ("bias_hh_\(suffix)", [gates * hiddenSize])]
        }
        if projectionSize > 0 { shapes.append(("weight_hr_\(suffix)", [projectionSize, hiddenSize])) }
      }
    }
    weightNames = shapes.map(\.0)
    super.init()
    let bound = 1 / Double(hiddenSize).squareRoot()
    for (name, shape) in shapes {
      registerParameter(name, Init.uniform(.empty(shape, dtype: dtype, device: device), -bound, bound))
    }
  }

  /// All parameters as they take part in the forward pass, in order.
  final var weights: [Tensor] { weightNames.map { self[$0] } }

  /// The length of one output vector of one direction.
  final var outputSize: Int { projectionSize > 0 ? projectionSize : hiddenSize }

  /// The input with a batch dimension, added where it had none.
  /// - Precondition: rank 2 or 3, the last length `inputSize`.
  final func batched(_ x: Tensor) -> (x: Tensor, wasBatched: Bool) {
    let shape = x.shape
    precondition(
      (shape.count == 2 || shape.count == 3) && shape.last == inputSize,
      "\(Self.self): expected input of rank 2 or 3 with \(inputSize) entries in the last dimension, found \(shape)")
    return shape.count == 3 ? (x, true) : (x.unsqueeze(batchDim), false)
  }

  /// Where the batch stands.
  final var batchDim: Int { batchFirst ? 0 : 1 }

  /// A state of that width for an input, the one given or zeros.
  final func state(_ given: Tensor?, width: Int, for x: Tensor, wasBatched: Bool) -> Tensor {
    let shape = [layerCount * (isBidirectional ? 2 : 1), x.shape[batchDim], width]
    guard let given else { return .zeros(shape, dtype: x.dtype, device: x.device) }
    let state = wasBatched ? given : given.unsqueeze(1)
    precondition(state.shape == shape, "\(Self.self): expected a state of shape \(shape), found \(state.shape)")
    return state
  }

  /// Sizes, and what differs from the defaults.
  open override var extraDescription: String {
    var text = "\(inputSize), \(hiddenSize)"
    if projectionSize != 0 { text += ", proj_size=\(projectionSize)" }
    if layerCount != 1 { text += ", num_layers=\(layerCount)" }
    if !hasBias { text += ", bias=False" }
    if batchFirst { text += ", batch_first=True" }
    if dropout != 0 { text += ", dropout=\(dropout)" }
    if isBidirectional { text += ", bidirectional=True" }
    return text
  }
}
