import NN
import Torch

/// A transformer encoder that finds the class of a text: token numbers [N, L] to logits [N, classes].
public final class TextClassifier: Module {
  let embedding: Embedding
  let encoder: TransformerEncoder
  let fc: Linear

  /// A network with PyTorch's initial values; positions begin as small normal draws.
  public init(
    tokens: Int, classes: Int, length: Int = 64, width: Int = 64, heads: Int = 4, layers: Int = 2, dropout: Double = 0.1
  ) {
    embedding = Embedding(tokens, width)
    encoder = TransformerEncoder(
      TransformerEncoderLayer(width, heads: heads, feedForward: 4 * width, dropout: dropout, batchFirst: true),
      layers: layers)
    fc = Linear(width, classes)
    super.init()
    registerParameter("positions", .randn([length, width]) * 0.02)
  }

  /// Logits of texts of at most as many tokens as there are positions.
  public override func forward(_ ids: Tensor) -> Tensor {
    let x = embedding(ids) + self["positions"].narrow(0, start: 0, length: ids.shape[1])
    return fc(encoder(x).mean([1]))
  }
}

/// A recurrent network that gives each token a tag: token numbers [N, L] to scores [N, L, tags].
public final class Tagger: Module {
  let embedding: Embedding
  let lstm: LSTM
  let fc: Linear

  /// A network with PyTorch's initial values.
  public init(tokens: Int, tags: Int, width: Int = 32, hidden: Int = 32) {
    embedding = Embedding(tokens, width)
    lstm = LSTM(width, hidden, layers: 2, batchFirst: true, dropout: 0.1, bidirectional: true)
    fc = Linear(2 * hidden, tags)
  }

  /// Scores of each token.
  public override func forward(_ ids: Tensor) -> Tensor { fc(lstm(embedding(ids))) }
}
