/// What a tensor of a model is for. Only weights are pruned unless others are named.
public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
  /// What a layer multiplies its inputs with.
  case weight
  /// What a layer adds.
  case bias
  /// Scale or shift of a normalisation.
  case norm
  /// A table of vectors, one for each token.
  case embedding
  /// A mask of 0 and 1 beside a weight.
  case mask
  /// Anything else.
  case other
}

extension Role {
  /// The role that a name and a number of dimensions suggest.
  ///
  /// Names are told by their words: of `model.embed_tokens.weight` the words are `model`, `embed`, `tokens`, `weight`.
  public init(path: String, rank: Int) {
    let words = path.lowercased().split { $0 == "." || $0 == "_" }
    self =
      if words.contains("bias") {
        .bias
      } else if words.contains("mask") {
        .mask
      } else if words.contains(where: Self.namesNorm) {
        .norm
      } else if words.contains(where: Self.namesEmbedding) {
        .embedding
      } else {
        rank >= 2 ? .weight : .other
      }
  }

  private static func namesNorm(_ word: Substring) -> Bool {
    func numbered(_ stem: String) -> Bool {
      word.hasPrefix(stem) && word.dropFirst(stem.count).allSatisfy(\.isNumber)
    }
    return word == "ln" || word.hasSuffix("norm") || numbered("bn") || numbered("norm")
  }

  private static func namesEmbedding(_ word: Substring) -> Bool {
    word == "emb" || word == "wte" || word == "wpe" || word.hasPrefix("embed") || word.hasSuffix("embedding")
      || word.hasSuffix("embeddings")
  }
}
