import Foundation
import NN
import Sparsity
import Torch

/// What a comparison of both sides' masks, entry by entry, found.
enum MaskCheck: Codable {
  case identical
  /// So many entries differ, all of the same score: PyTorch leaves open which of them go.
  case ties(entries: Int)
  /// So many entries differ because Bonsai ranks the norms of 16-bit weights in float64.
  case widerNorms(entries: Int)
  /// PyTorch's side did not run.
  case unchecked

  var text: String {
    switch self {
    case .identical: "same"
    case .ties(let count): "\(count) tied"
    case .widerNorms(let count): "\(count) norms"
    case .unchecked: "–"
    }
  }

  /// Compares the masks of `side` after the case's call with those of PyTorch's side after the same call, entry by entry,
  /// and the products by their checksums.
  /// - Parameter masks: PyTorch's masks, a byte an entry.
  init(_ item: PruningCase, _ side: BonsaiSide, seed: UInt64, masks: Data, checksums: [String]) throws {
    let mine = side.layers.map { $0["weight_mask"] }.map { mask in
      mask.withUnsafeBytes { BitMask($0, type: item.dtype.maskType) }
    }
    var differing: [(layer: Int, index: Int)] = []
    var pruned = (mine: 0, theirs: 0)
    try masks.withUnsafeBytes { bytes in
      guard bytes.count == item.weights else { throw BenchError("PyTorch's side wrote masks of another size") }
      var start = 0
      for (layer, bits) in mine.enumerated() {
        let theirs = BitMask(UnsafeRawBufferPointer(rebasing: bytes[start..<start + bits.count]), type: .uint8)
        pruned.mine += bits.prunedCount
        pruned.theirs += theirs.prunedCount
        differing += Self.differences(bits, theirs).map { (layer, $0) }
        start += bits.count
      }
    }
    if differing.isEmpty {
      guard noGrad({ side.layers.map { $0.weight.checksum } }) == checksums else {
        throw BenchError("\(item.method.rawValue): the masks are the same, but the products differ")
      }
      self = .identical
      return
    }
    let scores = Self.scores(item, side, seed: seed, at: differing)
    if pruned.mine == pruned.theirs, let scores, Set(scores).count == 1 {
      self = .ties(entries: differing.count)
    } else if pruned.mine == pruned.theirs, item.method == .lnStructured, item.dtype.byteCount == 2 {
      self = .widerNorms(entries: differing.count)
    } else {
      throw BenchError(
        "\(item.method.rawValue) of \(item.weights) \(item.dtype) weights at \(item.amount): Bonsai prunes \(pruned.mine)"
          + " entries and PyTorch \(pruned.theirs), and the masks differ in \(differing.count)")
    }
  }

  private static func differences(_ a: BitMask, _ b: BitMask) -> [Int] {
    var found: [Int] = []
    a.withWords { a in
      b.withWords { b in
        for (word, pair) in zip(a, b).enumerated() {
          var bits = pair.0 ^ pair.1
          while bits != 0 {
            found.append(word * 64 + bits.trailingZeroBitCount)
            bits &= bits - 1
          }
        }
      }
    }
    return found
  }

  /// What the entries were ranked by; nil for methods that rank channels.
  private static func scores(
    _ item: PruningCase, _ side: BonsaiSide, seed: UInt64, at places: [(layer: Int, index: Int)]
  ) -> [Double]? {
    let ranked: [Tensor]
    switch item.method {
    case .globalL1, .l1, .secondL1: ranked = side.layers.map { $0["weight_orig"].detach().abs().view(-1) }
    case .random:
      manualSeed(seed)
      ranked = [Tensor.rand([item.weights], dtype: item.dtype)]
    case .lnStructured, .randomStructured: return nil
    }
    return noGrad {
      ranked.indices.flatMap { layer in
        let indices = places.filter { $0.layer == layer }.map { Int64($0.index) }
        return ranked[layer].indexSelect(0, Tensor(indices)).array(of: Double.self)
      }
    }
  }
}

extension DType {
  /// The type of a mask of weights of this type.
  fileprivate var maskType: ElementType {
    switch self {
    case .float64: .float64
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: .float32
    }
  }
}
