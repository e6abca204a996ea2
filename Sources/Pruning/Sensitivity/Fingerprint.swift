import NN
import Torch

/// A number that stands for tensors with their names: FNV-1a over words of 64 bits.
struct Fingerprint {
  /// The number.
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ tensors: StateDict) {
    for (name, tensor) in tensors {
      for byte in name.utf8 { add(UInt64(byte)) }
      tensor.detach().to(.cpu).contiguous().withUnsafeBytes { bytes in
        let words = bytes.count / 8
        for word in 0..<words { add(bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)) }
        for byte in bytes[(words * 8)...] { add(UInt64(byte)) }
      }
    }
  }

  private mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01b3 }
}

extension EvidenceCollector {
  /// What has been gathered, by the paths of the weights, with how many batches it was.
  var named: StateDict {
    var named: StateDict = ["batches": Tensor(Int64(batches))]
    for (weight, sum) in zip(weights.weights, sums) { named[weight.path] = sum }
    return named
  }
}
