import Foundation

extension Program: CustomStringConvertible {
  /// The program as one reads it, a line for each step.
  package var description: String {
    var lines = ["network of seed \(seed), \(dtype), inputs of length \(length)"]
    lines += layers.enumerated().map { "  \($0): \($1)" }
    if let optimizer {
      lines.append(
        "optimiser \(optimizer.kind), learning rate \(optimizer.learningRate), decay \(optimizer.weightDecay)"
          + (optimizer.kind == "sgd"
            ? ", momentum \(optimizer.momentum), dampening \(optimizer.dampening)"
              + (optimizer.nesterov ? ", nesterov" : "")
            : ", epsilon \(optimizer.epsilon)" + (optimizer.amsgrad ? ", amsgrad" : ""))
          + (optimizer.maximize ? ", maximising" : ""))
    }
    lines += steps.enumerated().map { "  step \($0): \($1)" }
    return lines.joined(separator: "\n")
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// The program as JSON, to be replayed.
  package var json: Data { get throws { try Self.encoder.encode(self) } }

  /// A program out of its JSON.
  package init(json: Data) throws { self = try Self.decoder.decode(Program.self, from: json) }
}

extension Step: CustomStringConvertible {
  /// The step as one reads it.
  package var description: String {
    func with(_ scores: TensorRecipe?) -> String { scores.map { ", by scores \($0)" } ?? "" }
    return switch self {
    case .prune(let target, let method, let seed, let scores):
      "prune \(target.path) by \(method), seed \(seed)\(with(scores))"
    case .globally(let targets, let method, let seed, let scores):
      "prune globally "
        + zip(targets, scores).map { $0.path + with($1) }.joined(separator: "; ") + " by \(method), seed \(seed)"
    case .remove(let target): "remove \(target.path)"
    case .undo(let target): "undo \(target.path)"
    case .probe(let target, let method, let seed, let removing):
      removing
        ? "remove \(target.path) and undo that" : "prune \(target.path) by \(method), seed \(seed), and undo that"
    case .fill(let target, let recipe): "fill \(target.path) with \(recipe)"
    case .add(let target, let recipe): "add to \(target.path) \(recipe)"
    case .forward(let seed, let batch, let gradients):
      "forward, batch of \(batch), seed \(seed)\(gradients ? "" : ", no gradients")"
    case .backward(let seed, let batch, let accumulating):
      "forward and backward, batch of \(batch), seed \(seed)\(accumulating ? ", accumulating" : "")"
    case .optimize: "optimiser's step"
    case .save(let slot): "save to file \(slot)"
    case .load(let slot, let how): "load the other side's file \(slot), \(how)"
    case .hold(let target): "hold the zeros of \(target.path)"
    case .copy: "go on with a copy"
    case .convert(let module, let dtype): "convert \(module.isEmpty ? "all" : module) to \(dtype)"
    case .train(let on): on ? "train" : "evaluate"
    case .freeze(let on): on ? "freeze" : "unfreeze"
    }
  }
}

extension Method: CustomStringConvertible {
  /// The method as one reads it.
  package var description: String {
    switch self {
    case .l1(let amount): "l1(\(amount))"
    case .random(let amount): "random(\(amount))"
    case .ln(let amount, let n, let dim): "ln(\(amount), n \(n), dim \(dim))"
    case .randomStructured(let amount, let dim): "randomStructured(\(amount), dim \(dim))"
    case .identity: "identity"
    case .custom(let mask): "custom(mask \(mask))"
    case .everyOther(let type, let dim): "everyOther(\(type)\(type == "structured" ? ", dim \(dim)" : ""))"
    }
  }
}

extension AmountSpec: CustomStringConvertible {
  /// A whole number for a count, a real one for a fraction.
  package var description: String {
    switch self {
    case .count(let count): "\(count)"
    case .fraction(let fraction): "\(fraction)"
    }
  }
}

extension TensorRecipe: CustomStringConvertible {
  /// `normal(seed 3, float64, gapped, [2, 3])`.
  package var description: String {
    let parts = ["seed \(seed)", dtype, layout?.rawValue, shape.map { "\($0)" }].compactMap { $0 }
    return "\(kind)(\(parts.joined(separator: ", ")))"
  }
}
