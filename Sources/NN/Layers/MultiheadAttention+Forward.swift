import Torch

/// What a call of ``MultiheadAttention`` takes beside the tensors.
struct AttentionOptions {
  var keyPaddingMask: Tensor?
  var needWeights = true
  var attentionMask: Tensor?
  var averageWeights = true
  var isCausal = false
}

// The steps are those of torch.nn.functional.multi_head_attention_forward, so that results are equal bit for bit.
extension MultiheadAttention {
  final func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ options: AttentionOptions
  ) -> (output: Tensor, weights: Tensor?) {
    let isBatched = query.rank == 3
    precondition(
      (query.rank == 2 || isBatched) && query.shape.last == width && key.rank == query.rank
        && value.rank == query.rank,
      "MultiheadAttention: expected query, key and value of one rank, 2 or 3, and queries of length \(width), "
        + "found \(query.shape), \(key.shape), \(value.shape)")
    let sameKeyValue = isBatched && key.isSame(as: value)  // without a batch PyTorch projects each apart
    func lengthFirst(_ x: Tensor) -> Tensor {
      isBatched ? (batchFirst ? x.transpose(0, 1) : x) : x.unsqueeze(1)
    }
    let q = lengthFirst(query)
    let k = sameKeyValue && query.isSame(as: key) ? q : lengthFirst(key)
    let v = sameKeyValue ? k : lengthFirst(value)
    var projected = hasPackedProjection ? packedProjection(q, k, v) : separateProjection(q, k, v)
    var masks = Masks(options, isBatched: isBatched, dtype: q.dtype)
    if let biasK = self[optional: "bias_k"], let biasV = self[optional: "bias_v"] {
      projected.k = Tensor.cat([projected.k, biasK.repeat(1, q.shape[1], 1)])
      projected.v = Tensor.cat([projected.v, biasV.repeat(1, q.shape[1], 1)])
      masks.addKey()
    }
    let (output, weights) = headwise(projected, masks, options, batch: q.shape[1], length: q.shape[0])
    guard isBatched else { return (output.squeeze(1), weights?.squeeze(0)) }
    return (batchFirst ? output.transpose(0, 1) : output, weights)
  }

  /// Attention head by head: q [L, N, width], k and v [S, N, width] to output [L, N, width].
  private func headwise(
    _ projected: (q: Tensor, k: Tensor, v: Tensor), _ given: Masks, _ options: AttentionOptions, batch: Int,
    length: Int
  ) -> (output: Tensor, weights: Tensor?) {
    var masks = given
    let width = projectedWidth
    let headWidth = width / heads
    func byHead(_ x: Tensor) -> Tensor { x.reshape(x.shape[0], batch * heads, headWidth).transpose(0, 1) }
    let q = byHead(projected.q)
    var (k, v) = (byHead(projected.k), byHead(projected.v))
    if addZeroAttention {
      let zero = Tensor.zeros([batch * heads, 1, headWidth], dtype: k.dtype, device: k.device)
      (k, v) = (Tensor.cat([k, zero], dim: 1), Tensor.cat([v, zero], dim: 1))
      masks.addKey()
    }
    let keys = k.shape[1]
    let mask = masks.merged(batch: batch, heads: heads, keys: keys)
    let p = isTraining ? dropout : 0
    guard options.needWeights else {
      func split(_ x: Tensor) -> Tensor { x.reshape(batch, heads, x.shape[1], headWidth) }
      let mask = mask.map { $0.shape[0] == 1 ? $0.unsqueeze(0) : $0.reshape(batch, heads, -1, keys) }
      let out = scaledDotProductAttention(
        split(q), split(k), split(v), mask: mask, dropout: p, isCausal: masks.isCausal)
      return (
        outProj(out.permute(2, 0, 1, 3).reshape(length * batch, width)).reshape(length, batch, outProj.outFeatures), nil
      )
    }
    let scaled = q * (1 / Double(headWidth)).squareRoot()
    let scores =
      mask.map { $0.baddbmm(scaled, k.transpose(-2, -1)) }
      ?? scaled.bmm(k.transpose(-2, -1))
    var weights = scores.softmax(-1)
    if p > 0 { weights = Torch.dropout(weights, p: p) }
    let out = weights.bmm(v).transpose(0, 1).reshape(length * batch, width)
    weights = weights.reshape(batch, heads, length, keys)
    return (
      outProj(out).reshape(length, batch, outProj.outFeatures), options.averageWeights ? weights.mean([1]) : weights
    )
  }

  private func packedProjection(_ q: Tensor, _ k: Tensor, _ v: Tensor) -> (q: Tensor, k: Tensor, v: Tensor) {
    let weight = self["in_proj_weight"]
    let bias = self[optional: "in_proj_bias"]
    let width = projectedWidth
    func apart(_ x: Tensor, _ count: Int) -> Tensor {
      x.reshape(Array(x.shape.dropLast()) + [count, width]).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
    }
    if q.isSame(as: k) && k.isSame(as: v) {
      let all = apart(linear(q, weight, bias), 3)
      return (all[0], all[1], all[2])
    }
    if k.isSame(as: v) {
      func parts(_ x: Tensor) -> (Tensor, Tensor) {
        (x.narrow(0, start: 0, length: width), x.narrow(0, start: width, length: 2 * width))
      }
      let (weights, biases) = (parts(weight), bias.map(parts))
      let both = apart(linear(k, weights.1, biases?.1), 2)
      return (linear(q, weights.0, biases?.0), both[0], both[1])
    }
    let (weights, biases) = (weight.chunk(3), bias?.chunk(3))
    return (
      linear(q, weights[0], biases?[0]), linear(k, weights[1], biases?[1]), linear(v, weights[2], biases?[2])
    )
  }

  private func separateProjection(_ q: Tensor, _ k: Tensor, _ v: Tensor) -> (q: Tensor, k: Tensor, v: Tensor) {
    let biases = self[optional: "in_proj_bias"]?.chunk(3)
    return (
      linear(q, self["q_proj_weight"], biases?[0]), linear(k, self["k_proj_weight"], biases?[1]),
      linear(v, self["v_proj_weight"], biases?[2])
    )
  }
}

/// The two masks of a call, as numbers that are added to the scores.
private struct Masks {
  var padding: Tensor?  // [N, S]
  var attention: Tensor?  // [1 or N · heads, L, S]
  var isCausal: Bool

  init(_ options: AttentionOptions, isBatched: Bool, dtype: DType) {
    func numbers(_ mask: Tensor) -> Tensor {
      guard mask.dtype == .bool else { return mask }
      return mask.zerosLike(dtype: dtype).maskedFillInPlace(mask, -Double.infinity)
    }
    precondition(
      !options.isCausal || options.attentionMask != nil, "isCausal is a hint on attentionMask: give that too")
    padding = options.keyPaddingMask.map { numbers(isBatched ? $0 : $0.unsqueeze(0)) }
    isCausal = options.isCausal && padding == nil
    let hinted = isCausal && !options.needWeights
    attention = hinted ? nil : options.attentionMask.map { numbers($0.rank == 2 ? $0.unsqueeze(0) : $0) }
  }

  /// A key more, which nothing masks.
  mutating func addKey() {
    padding = padding?.pad([0, 1])
    attention = attention?.pad([0, 1])
  }

  /// Both in one, [1 or N · heads, 1 or L, S].
  func merged(batch: Int, heads: Int, keys: Int) -> Tensor? {
    guard let padding else { return attention }
    let wide = padding.reshape(batch, 1, 1, keys).expand([-1, heads, -1, -1]).reshape(batch * heads, 1, keys)
    return attention.map { $0 + wide } ?? wide
  }
}
