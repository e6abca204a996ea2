import Torch

/// Where the default generators stood at some points, so that what was drawn from there can be drawn again.
final class RandomStates {
  private let generators: [Generator]
  private var states: [Int: [Tensor]] = [:]

  /// The generators of the processor and of the devices of tensors.
  init(of tensors: [Tensor]) {
    generators = Set(tensors.map(\.device)).union([.cpu]).map { Generator.default(for: $0) }
  }

  /// Remembers where they stand, under a number.
  func keep(_ number: Int) { states[number] = generators.map(\.state) }

  /// Puts them where they stood.
  func restore(_ number: Int) {
    for (generator, state) in zip(generators, states[number] ?? []) { generator.state = state }
  }
}
