import Graphs

extension RuleTable {
  /// Products of tensors, attention and sums in Einstein's notation.
  ///
  /// What is summed over is joined first: that settles what views have left open before heads meet.
  mutating func addProducts() {
    add("matmul bmm mm") { step in
      guard let a = step.subject, let b = step.tensor("mat2") ?? step.tensor("other") else { return step.isUnknown() }
      step.product(a, b)
    }
    add("addmm baddbmm addbmm") { step in
      guard let a = step.tensor("mat1") ?? step.tensor("batch1"), let b = step.tensor("mat2") ?? step.tensor("batch2"),
        step.node.baseName != "addbmm"
      else { return step.isUnknown() }
      step.product(a, b)
      guard let output = step.outputs.first, let added = step.tensor("self") else { return }
      let values = [output, added].map { (step.dimensions(of: $0), step.sizes(of: $0)) }
      step.give(step.broadcast(values, rank: step.sizes(of: output).count))
    }
    add("scaled_dot_product_attention") { $0.attention() }
    add("einsum") { $0.einsum() }
  }
}

extension Step {
  fileprivate func product(_ a: String, _ b: String) {
    let (x, y) = (dimensions(of: a), dimensions(of: b))
    guard x.count >= 2, y.count >= 2, let output = outputs.first else {
      return isUnknown("one of its factors is a vector")
    }
    _ = join(x[x.count - 1], y[y.count - 2])
    let batch = broadcast(
      [(x.dropLast(2), sizes(of: a).dropLast(2)), (y.dropLast(2), sizes(of: b).dropLast(2))].map {
        (Array($0), Array($1))
      },
      rank: sizes(of: output).count - 2)
    give(batch + [x[x.count - 2], y[y.count - 1]])
  }

  fileprivate func attention() {
    guard let output = outputs.first, let names = ["query", "key", "value"].map(tensor) as? [String],
      case let parts = names.map(dimensions(of:)), parts.allSatisfy({ $0.count >= 2 })
    else { return isUnknown() }
    var sizes = names.map(self.sizes(of:))
    let (query, key, value) = (parts[0], parts[1], parts[2])
    var batches = parts.map { Array($0.dropLast(2)) }
    if bool("enable_gqa"), query.count >= 3, !sizes[1][query.count - 3].isOne,
      sizes[0][query.count - 3] != sizes[1][query.count - 3]
    {
      // Each head of keys serves as many of queries.
      let heads = query.count - 3
      guard let times = sizes[0][heads].divided(by: sizes[1][heads]) else { return isUnknown() }
      for part in 1...2 {
        batches[part][heads] += [Factor(times)]
        sizes[part][heads] = sizes[0][heads]
      }
    }
    _ = join(query[query.count - 1], key[key.count - 1])
    _ = join(key[key.count - 2], value[value.count - 2])
    freeze(key[key.count - 2], because: "it is normalised over")
    let rank = self.sizes(of: output).count
    var batch = broadcast(zip(batches, sizes).map { ($0, Array($1.dropLast(2))) }, rank: rank - 2)
    if let mask = tensor("attn_mask"), case let mine = dimensions(of: mask), mine.count >= 2 {
      let extents = self.sizes(of: mask)
      freeze(mine[mine.count - 1], because: "it is normalised over")
      if !extents[mine.count - 2].isOne { _ = join(query[query.count - 2], mine[mine.count - 2]) }
      batch = broadcast(
        [(batch, Array(self.sizes(of: output).dropLast(2))), (Array(mine.dropLast(2)), Array(extents.dropLast(2)))],
        rank: rank - 2)
    }
    give(batch + [query[query.count - 2], value[value.count - 1]])
    // Left to itself the scale follows the size of a head.
    guard let size = sizes[0][query.count - 1].fixed, !isGiven("scale") else { return }
    let last = query[query.count - 1]
    rewrite { edit, survivors in
      if !survivors.isWhole(last) { edit.set("scale", .float(1 / Double(size).squareRoot())) }
    }
  }

  fileprivate func einsum() {
    guard case .string(let equation)? = node["equation"], let names = tensors("tensors"), let output = outputs.first,
      !equation.contains(".")
    else { return isUnknown("its equation cannot be followed") }
    let sides = equation.filter { $0 != " " }.split(separator: "-", omittingEmptySubsequences: false)
    guard sides.count == 2, sides[1].first == ">" else { return isUnknown("its equation names no result") }
    let operands = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    guard operands.count == names.count else { return isUnknown("its equation cannot be followed") }
    var letters: [Character: Dimension] = [:]
    for (operand, name) in zip(operands, names) {
      let (mine, extents) = (dimensions(of: name), sizes(of: name))
      guard operand.count == mine.count, Set(operand).count == operand.count else {
        return isUnknown("its equation takes a diagonal")
      }
      for (index, letter) in operand.enumerated() where !extents[index].isOne || letters[letter] == nil {
        if let other = letters[letter], !other.isEmpty {
          letters[letter] = join(other, mine[index])
        } else {
          letters[letter] = mine[index]
        }
      }
    }
    let result = sides[1].dropFirst().map { letters[$0] ?? [] }
    guard result.count == sizes(of: output).count else { return isUnknown("its equation cannot be followed") }
    give(result)
  }
}
