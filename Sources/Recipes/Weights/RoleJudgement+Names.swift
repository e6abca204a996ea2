extension RoleJudgement {
  /// What a name and a number of dimensions suggest, without regard to neighbours.
  public init(path: String, rank: Int) {
    let name = WordedName(path)
    self =
      Self.bias(name, rank) ?? Self.state(name) ?? Self.mask(name) ?? Self.norm(name, rank)
      ?? Self.positional(name, rank) ?? Self.embedding(name, rank) ?? Self.parameter(name)
      ?? (rank >= 2
        ? RoleJudgement(.weight, "two or more dimensions")
        : RoleJudgement(.other, "fewer than two dimensions"))
  }

  private static func bias(_ name: WordedName, _ rank: Int) -> RoleJudgement? {
    if name.leafWords.contains("bias") {
      if name.leafWords.contains("position") || name.leafWords.contains("pos") {
        return RoleJudgement(.positional, "its name says position")
      }
      if rank == 4 { return RoleJudgement(.mask, "named bias, with four dimensions: a causal mask") }
      return RoleJudgement(.bias, "its name says bias")
    }
    guard name.parentWords.contains("bias") else { return nil }
    if name.parentWords.contains("relative") { return RoleJudgement(.positional, "its name says relative bias") }
    return name.namesLayer ? nil : RoleJudgement(.bias, "its name says bias")
  }

  /// Names that modules give to what they keep and do not learn.
  private static let states: Set<String> = [
    "running_mean", "running_var", "running_std", "num_batches_tracked", "moving_mean", "moving_variance",
    "position_ids", "token_type_ids", "relative_position_index", "relative_coords_table", "attention_bias_idxs",
    "inv_freq", "original_inv_freq", "freqs_cis", "cos_cached", "sin_cached", "anchors", "anchor_grid", "grid",
    "cluster_size", "ema_cluster_size", "embed_avg", "queue", "queue_ptr", "memory_bank", "_float_tensor", "mel_basis",
    "filterbank", "window", "initialized", "inited", "pixel_mean", "pixel_std",
  ]

  private static func state(_ name: WordedName) -> RoleJudgement? {
    states.contains(name.leaf.lowercased())
      ? RoleJudgement(.buffer, "\(name.leaf) is a state that is kept, not learned") : nil
  }

  private static func mask(_ name: WordedName) -> RoleJudgement? {
    let words: Set<Substring> = ["mask", "tril", "triu", "causal"]
    guard let word = name.leafWords.first(where: words.contains), !name.namesToken, !name.namesLayer,
      !name.leafWords.contains(where: WordedName.namesEmbedding), !name.leafWords.contains("weight")
    else { return nil }
    return RoleJudgement(.mask, "its name says \(word)")
  }

  private static func norm(_ name: WordedName, _ rank: Int) -> RoleJudgement? {
    let words = rank >= 2 ? name.leafWords + name.parentWords : name.words
    if let word = words.first(where: WordedName.namesNorm) { return RoleJudgement(.norm, "its name says \(word)") }
    if rank <= 1, let word = name.leafWords.last, ["gamma", "beta", "g"].contains(word) {
      return RoleJudgement(.norm, "one value for each channel, named \(word)")
    }
    return nil
  }

  private static func positional(_ name: WordedName, _ rank: Int) -> RoleJudgement? {
    guard rank < 4 || name.leaf != "weight", !name.namesLayer else { return nil }
    let near = name.leafWords + name.parentWords
    let plain: Set<Substring> = ["pe", "wpe", "rope", "rotary", "positional", "position", "positions"]
    if let word = near.first(where: plain.contains) { return RoleJudgement(.positional, "its name says \(word)") }
    if near.contains("pos"),
      near.contains(where: { WordedName.namesEmbedding($0) || $0.hasPrefix("enc") || $0 == "rel" })
    {
      return RoleJudgement(.positional, "its name says position")
    }
    return nil
  }

  private static func embedding(_ name: WordedName, _ rank: Int) -> RoleJudgement? {
    if name.namesToken { return RoleJudgement(.embedding, "a learned token by its name") }
    guard rank < 4, !name.namesLayer else { return nil }
    if let word = name.words.first(where: WordedName.namesEmbedding) {
      return RoleJudgement(.embedding, "its name says \(word)")
    }
    if name.parent == "shared", name.leaf == "weight", rank == 2 {
      return RoleJudgement(.embedding, "shared.weight is the table that T5 and its kind share")
    }
    return nil
  }

  /// Parameters of two dimensions that nothing is multiplied with as a layer does.
  private static func parameter(_ name: WordedName) -> RoleJudgement? {
    if name.leafWords.last == "log" || name.leafWords.first == "log" {
      return RoleJudgement(.other, "a logarithm by its name, where 0 does not mean nothing")
    }
    let names: Set<String> = ["time_decay", "time_first", "time_faaaa", "time_mix_k", "time_mix_r", "time_mix_v"]
    return names.contains(name.leaf.lowercased())
      ? RoleJudgement(.other, "\(name.leaf) is a decay in time, where 0 does not mean nothing") : nil
  }
}

/// A name in its components and words.
struct WordedName {
  /// The last component: `weight` of `encoder.0.fc1.weight`.
  let leaf: Substring
  /// The last component before it that is no number: `fc1`.
  let parent: Substring
  /// All words in lower case: `encoder`, `0`, `fc1`, `weight`.
  let words: [Substring]
  let leafWords: [Substring]
  let parentWords: [Substring]

  init(_ path: String) {
    let components = path.split(separator: ".")
    leaf = components.last ?? ""
    parent = components.dropLast().last { !$0.allSatisfy(\.isNumber) } ?? ""
    func words(_ text: some StringProtocol) -> [Substring] { text.lowercased().split { $0 == "." || $0 == "_" } }
    self.words = words(path)
    leafWords = words(leaf)
    parentWords = words(parent)
  }

  /// Whether the module is a layer of its own by its name: `time_embedding.linear_1`, `patch_embed.proj`.
  var namesLayer: Bool {
    let stems = ["linear", "proj", "dense", "fc", "conv", "mlp", "lin", "deconv", "upsample", "downsample"]
    return parentWords.contains { word in
      stems.contains { word.hasPrefix($0) && word.dropFirst($0.count).allSatisfy { $0.isNumber || $0 == "d" } }
        || word.hasSuffix("proj") || word.hasSuffix("convolution") || word.hasSuffix("projection")
    }
  }

  /// Whether the tensor is a learned token: `cls_token`, `register_tokens`.
  var namesToken: Bool { leafWords.count > 1 && (leafWords.last == "token" || leafWords.last == "tokens") }

  static func namesNorm(_ word: Substring) -> Bool {
    func numbered(_ stem: String) -> Bool {
      word.hasPrefix(stem) && word.dropFirst(stem.count).allSatisfy(\.isNumber)
    }
    return word.hasSuffix("norm") || numbered("ln") || numbered("bn") || numbered("gn") || numbered("norm")
      || word.hasPrefix("batchnorm") || word.hasPrefix("layernorm") || word.hasPrefix("groupnorm")
  }

  static func namesEmbedding(_ word: Substring) -> Bool {
    word == "emb" || word == "wte" || word == "wpe" || word.hasPrefix("embed") || word.hasSuffix("embedding")
      || word.hasSuffix("embeddings") || word == "codebook"
  }
}
