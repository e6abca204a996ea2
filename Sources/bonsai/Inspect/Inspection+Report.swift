import Checkpoints
import Recipes

extension Inspection {
  /// What `bonsai inspect --json` prints.
  struct Report: Encodable {
    struct Tensor: Encodable {
      var name: String
      var dtype: String
      var shape: [Int]
      var elements: Int
      var bytes: Int
      var role: String
      var roleReason: String
      var zeros: Int?
      var nan: Int?
      var infinite: Int?
      var smallest: Double?
      var largest: Double?
    }

    struct Pruned: Encodable {
      var name: String
      var original: String
      var mask: String
      var elements: Int
      var pruned: Int?
      var sparsity: Double?
    }

    struct Other: Encodable {
      var name: String
      var what: String
      var tensor: Bool
    }

    struct Bin: Encodable {
      var from: Double
      var below: Double
      var count: Int
    }

    var file: String
    var format: String
    var files: [String]
    var bytes: Int
    var stateDict: String?
    var leftOut: [String]
    var others: [Other]
    var dataParallelPrefix: String?
    var packed: Bool
    var metadata: [String: String]
    var tensorBytes: Int
    var elements: Int
    var parameters: Int
    var zeros: Int?
    var sparsity: Double?
    var tensors: [Tensor]
    var pruned: [Pruned]
    var magnitudes: [Bin]?
    var graph: GraphSummary?
  }

  /// The inspection for programs.
  var report: Report {
    let isRead = statistics != nil
    return Report(
      file: checkpoint.path, format: checkpoint.format.rawValue, files: checkpoint.files, bytes: checkpoint.size,
      stateDict: checkpoint.stateDictPath.isEmpty ? nil : checkpoint.stateDictPath.joined(separator: "."),
      leftOut: checkpoint.leftOut,
      others: checkpoint.others.map { Report.Other(name: $0.name, what: $0.what, tensor: $0.isTensor) },
      dataParallelPrefix: checkpoint.dataParallelPrefix,
      packed: SparseBitmask.isPacked(checkpoint),
      metadata: Dictionary(uniqueKeysWithValues: checkpoint.metadata.map { ($0, $1) }),
      tensorBytes: tensorBytes, elements: elementCount, parameters: parameterCount, zeros: isRead ? zeroCount : nil,
      sparsity: isRead ? sparsity : nil, tensors: checkpoint.tensors.indices.map(tensorReport),
      pruned: pairs.map { pair, statistics in
        Report.Pruned(
          name: pair.name, original: pair.original.name, mask: pair.mask.name, elements: pair.original.elementCount,
          pruned: statistics?.prunedCount, sparsity: statistics?.sparsity)
      },
      magnitudes: isRead
        ? magnitudes.map { bin in
          Report.Bin(from: Self.power(bin.exponent), below: Self.power(bin.exponent + 1), count: bin.count)
        } : nil, graph: graph)
  }

  private func tensorReport(_ index: Int) -> Report.Tensor {
    let (tensor, role, one) = (checkpoint.tensors[index], roles[index], statistics?[index])
    return Report.Tensor(
      name: tensor.name, dtype: tensor.type.name, shape: tensor.shape, elements: tensor.elementCount,
      bytes: tensor.byteCount, role: role.role.rawValue, roleReason: role.reason, zeros: one?.zeroCount,
      nan: one?.nanCount, infinite: one?.infinityCount,
      smallest: one?.smallest, largest: one?.largest)
  }

  /// 2 to the power of `exponent`.
  static func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }
}
