import Checkpoints
import Recipes

extension TensorUse {
  /// What a tensor is for, as those who take it show; nil where nobody known takes it, so that its name has to tell.
  ///
  /// Where several take it for different things, it is none of them that is a weight: pruning it would change the others.
  static func judgement(_ uses: [TensorUse], rank: Int, type: StoredType) -> RoleJudgement? {
    let judgements = uses.compactMap { $0.judgement(rank: rank, type: type) }
    guard judgements.count == uses.count else { return nil }
    return judgements.first { $0.role != .weight } ?? judgements.first
  }

  /// How the dimensions of a weight are ordered for those who take it.
  static func layout(_ uses: [TensorUse]) -> WeightLayout {
    guard let use = uses.first(where: { $0.purpose == .weight }) else { return .outputsFirst }
    switch use.operation {
    case "MatMul", "Gemm", "com.microsoft::FusedMatMul", "com.microsoft::FusedGemm", "com.microsoft::TransposeMatMul":
      // From the left the rows are outputs already.
      return (use.input == 1) != use.isTransposed ? .inputsFirst : .outputsFirst
    case "com.microsoft::Attention": return .inputsFirst
    case "LSTM", "GRU", "RNN": return .stacked
    default: return .outputsFirst
    }
  }

  private var purpose: Role? { Self.purposes[operation]?.first { $0.inputs.contains(input) }?.role }

  private func judgement(rank: Int, type: StoredType) -> RoleJudgement? {
    if let role = purpose {
      guard role != .weight || rank >= 2 || operation.hasSuffix("MatMul") else {
        return RoleJudgement(.other, "fewer than two dimensions (\(operation))")
      }
      guard role != .weight || type.isFloat else {
        return RoleJudgement(.quantised, "whole numbers that \(operation) multiplies with")
      }
      return RoleJudgement(role, "\(operation) '\(node)' takes it as input \(input)")
    }
    if operation.contains("::") {
      let name = operation.split(separator: ":").last ?? ""
      guard name.hasPrefix("Q") || name.contains("Quant") || name.contains("Integer") else { return nil }
      return RoleJudgement(.quantised, "\(operation) '\(node)' works on quantised numbers")
    }
    // An operator of ONNX's own that multiplies no inputs with it.
    return type.isFloat && Self.purposes[operation] == nil
      ? RoleJudgement(.other, "\(operation) '\(node)' takes it, and is no layer") : nil
  }

  /// What operators take their inputs for.
  private static let purposes: [String: [(inputs: Set<Int>, role: Role)]] = {
    let norm: [(Set<Int>, Role)] = [([1, 2], .norm)]
    let recurrent: [(Set<Int>, Role)] = [([1, 2], .weight), ([3], .bias), ([4, 5, 6, 7], .other)]
    return [
      "Conv": [([0, 1], .weight), ([2], .bias)],
      "com.microsoft::FusedConv": [([1], .weight), ([2], .bias)],
      "com.microsoft.nchwc::Conv": [([1], .weight), ([2], .bias)],
      "ConvTranspose": [([0, 1], .weight), ([2], .bias)],
      "DeformConv": [([1], .weight), ([3], .bias)],
      "Gemm": [([0, 1], .weight), ([2], .bias)],
      "com.microsoft::FusedGemm": [([0, 1], .weight), ([2], .bias)],
      "MatMul": [([0, 1], .weight)],
      "com.microsoft::FusedMatMul": [([0, 1], .weight)],
      "com.microsoft::TransposeMatMul": [([0, 1], .weight)],
      "com.microsoft::Attention": [([1], .weight), ([2], .bias)],
      "com.microsoft::MultiHeadAttention": [([3], .bias)],
      "com.microsoft::BiasGelu": [([1], .bias)],
      "com.microsoft::FastGelu": [([1], .bias)],
      "com.microsoft::SkipLayerNormalization": [([2, 3], .norm), ([4], .bias)],
      "com.microsoft::SkipSimplifiedLayerNormalization": [([2], .norm), ([3], .bias)],
      "com.microsoft::EmbedLayerNormalization": [([2, 3, 4], .embedding), ([5, 6], .norm)],
      "Einsum": [([0, 1, 2, 3], .weight)],
      "LSTM": recurrent,
      "GRU": recurrent,
      "RNN": recurrent,
      "Gather": [([0], .embedding)],
      "BatchNormalization": [([1, 2], .norm), ([3, 4], .buffer)],
      "InstanceNormalization": norm,
      "LayerNormalization": norm,
      "GroupNormalization": norm,
      "RMSNormalization": norm,
      "SimplifiedLayerNormalization": norm,
      "Add": [([0, 1], .bias)],
      "Sub": [([0, 1], .bias)],
      "QuantizeLinear": [([0], .quantised), ([1, 2], .scale)],
      "DequantizeLinear": [([0], .quantised), ([1, 2], .scale)],
      "com.microsoft::QuantizeLinear": [([0], .quantised), ([1, 2], .scale)],
      "com.microsoft::DequantizeLinear": [([0], .quantised), ([1, 2], .scale)],
      "QLinearConv": [([0, 3], .quantised), ([1, 2, 4, 5, 6, 7], .scale), ([8], .bias)],
      "QLinearMatMul": [([0, 3], .quantised), ([1, 2, 4, 5, 6, 7], .scale)],
      "ConvInteger": [([0, 1], .quantised), ([2, 3], .scale)],
      "MatMulInteger": [([0, 1], .quantised), ([2, 3], .scale)],
      "com.microsoft::MatMulNBits": [([1], .quantised), ([2, 3, 4], .scale), ([5], .bias)],
      "com.microsoft::MatMulBnb4": [([1], .quantised), ([2], .scale)],
      "com.microsoft::DynamicQuantizeMatMul": [([1], .quantised), ([2, 3], .scale), ([4], .bias)],
    ]
  }()
}
