extension ProgramGenerator {
  /// One layer of any type, or a small network of several.
  mutating func network() -> (layers: [Layer], length: Int) {
    if random.chance(0.04) { return wide() }
    return random.chance(0.6) ? single() : several()
  }

  /// Sizes are small, since what goes wrong goes wrong with few entries; 0 and 1 are among them.
  private mutating func size(_ least: Int = 1) -> Int {
    random.pick(weighted: [(least == 0 ? 1 : 0, 0), (2, 1), (12, max(least, random.int(2...6)))])
  }

  private mutating func single() -> (layers: [Layer], length: Int) {
    let bias = random.chance(0.8)
    let length = random.int(3...5)
    let layer: Layer
    switch random.int(0...12) {
    case 0, 1: layer = .linear(inputs: size(0), outputs: size(0), bias: bias)
    case 2: layer = .bilinear(first: size(), second: size(), outputs: size(), bias: bias)
    case 3, 4:
      let groups = random.pick(weighted: [(4, 1), (1, 2)])
      layer = .convolution(
        rank: random.int(1...3), inputs: groups * random.int(1...3), outputs: groups * random.int(1...4),
        kernel: random.int(1...3), stride: random.int(1...2), padding: random.int(0...1), groups: groups, bias: bias)
    case 5:
      layer = .convTranspose2d(
        inputs: size(), outputs: size(), kernel: random.int(1...3), stride: random.int(1...2), bias: bias)
    case 6: layer = .batchNorm(rank: random.int(1...2), features: size())
    case 7: layer = .layerNorm(shape: random.chance(0.5) ? [size()] : [size(), size()], bias: bias)
    case 8:
      let count = random.int(1...8)
      layer = .embedding(count: count, width: size(), padding: random.chance(0.3) ? count - 1 : nil)
    case 9: layer = .prelu(slopes: size())
    case 10:
      let hidden = random.int(1...4)
      layer = .lstm(
        inputs: size(), hidden: hidden, layers: random.int(1...2), bias: bias, batchFirst: random.chance(0.5),
        bidirectional: random.chance(0.3), projection: hidden > 1 && random.chance(0.2) ? hidden - 1 : 0)
    case 11:
      layer = .gru(
        inputs: size(), hidden: random.int(1...4), layers: random.int(1...2), bias: bias,
        batchFirst: random.chance(0.5), bidirectional: random.chance(0.3))
    default:
      let heads = random.int(1...2)
      layer = .attention(
        width: heads * random.int(1...4), heads: heads, bias: bias, biasKV: random.chance(0.2),
        zeroAttention: random.chance(0.1))
    }
    return ([layer], length)
  }

  private mutating func several() -> (layers: [Layer], length: Int) {
    let a = random.int(1...6)
    let b = random.int(2...6)
    let c = random.int(1...5)
    let bias = random.chance(0.7)
    let activation: Layer = random.pick([.relu, .tanh, .gelu, .prelu(slopes: 1)])
    switch random.int(0...7) {
    case 0:
      return (
        [.linear(inputs: a, outputs: b, bias: bias), activation, .linear(inputs: b, outputs: c, bias: true)], 3
      )
    case 1:
      return (
        [
          .linear(inputs: a, outputs: b, bias: bias), .layerNorm(shape: [b], bias: true), activation,
          .dropout(p: 0.5), .linear(inputs: b, outputs: b, bias: false), .batchNorm(rank: 1, features: b),
          .linear(inputs: b, outputs: c, bias: true),
        ], 3
      )
    case 2:
      let convolution = Layer.convolution(
        rank: 2, inputs: c, outputs: b, kernel: 3, stride: 1, padding: 1, groups: 1, bias: bias)
      return (
        [
          convolution, .batchNorm(rank: 2, features: b), activation, .maxPool2d(size: 2), .flatten,
          .linear(inputs: b * 4, outputs: a, bias: true),
        ], 4
      )
    case 3:
      return (
        [
          .convolution(rank: 1, inputs: c, outputs: b, kernel: 2, stride: 1, padding: 0, groups: 1, bias: bias),
          activation, .flatten, .linear(inputs: b * 3, outputs: a, bias: true),
        ], 4
      )
    case 4:
      return (
        [
          .embedding(count: a + 1, width: b, padding: nil),
          .lstm(
            inputs: b, hidden: c, layers: 1, bias: bias, batchFirst: true, bidirectional: false, projection: 0),
          .linear(inputs: c, outputs: a, bias: true),
        ], 3
      )
    case 5:
      return (
        [
          .embedding(count: a + 1, width: 2 * b, padding: nil),
          .attention(width: 2 * b, heads: 2, bias: bias, biasKV: false, zeroAttention: false),
          .layerNorm(shape: [2 * b], bias: bias), .linear(inputs: 2 * b, outputs: a, bias: true),
        ], 3
      )
    case 6:
      return (
        [
          .convTranspose2d(inputs: c, outputs: b, kernel: 2, stride: 2, bias: bias), activation,
          .convolution(rank: 2, inputs: b, outputs: a, kernel: 1, stride: 1, padding: 0, groups: 1, bias: true),
        ], 3
      )
    default:
      return (
        [
          .gru(inputs: a, hidden: b, layers: 1, bias: bias, batchFirst: true, bidirectional: true),
          .linear(inputs: 2 * b, outputs: c, bias: bias), activation,
        ], 3
      )
    }
  }

  /// Tensors large enough that selection samples them, and now and then for several threads.
  private mutating func wide() -> (layers: [Layer], length: Int) {
    if random.chance(0.15) { return ([.linear(inputs: 300, outputs: random.int(240...320), bias: true)], 3) }
    let width = random.int(66...90)
    return random.chance(0.5)
      ? ([.linear(inputs: width, outputs: random.int(64...80), bias: true)], 3)
      : (
        [
          .linear(inputs: 12, outputs: width, bias: true), .relu, .linear(inputs: width, outputs: width, bias: false),
          .linear(inputs: width, outputs: 5, bias: true),
        ], 3
      )
  }
}
