import Recipes
import Testing

/// Roles of the tensors that real checkpoints hold: names, shapes and types as the tools write them.
@Suite struct RoleTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var path: String
    var type: String
    var shape: [Int]
    var role: Role

    init(_ path: String, _ type: String, _ shape: [Int], _ role: Role) {
      (self.path, self.type, self.shape, self.role) = (path, type, shape, role)
    }

    var testDescription: String { path }
  }

  struct Model: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var rows: [Row]

    init(_ name: String, _ rows: [Row]) { (testDescription, self.rows) = (name, rows) }
  }

  static let models = [
    Model(
      "weight norm and spectral norm, old and new",
      [
        Row("a.bias", "F32", [8], .bias), Row("a.weight_g", "F32", [8, 1], .factor),
        Row("a.weight_v", "F32", [8, 4], .factor), Row("b.bias", "F32", [8], .bias),
        Row("b.parametrizations.weight.original0", "F32", [8, 1], .factor),
        Row("b.parametrizations.weight.original1", "F32", [8, 4], .factor), Row("c.bias", "F32", [8], .bias),
        Row("c.weight_orig", "F32", [8, 4], .weight), Row("c.weight_u", "F32", [8], .buffer),
        Row("c.weight_v", "F32", [4], .buffer), Row("d.parametrizations.weight.original", "F32", [8, 4], .weight),
        Row("d.parametrizations.weight.0._u", "F32", [8], .buffer),
        Row("d.parametrizations.weight.0._v", "F32", [4], .buffer),
        Row("e.parametrizations.weight.original", "F32", [8, 8], .factor),
        Row("pos_conv_embed.conv.weight_g", "F32", [1, 1, 128], .factor),
        Row("pos_conv_embed.conv.weight_v", "F32", [768, 48, 128], .factor),
      ]),
    Model(
      "PyTorch's pruning",
      [
        Row("fc.weight_orig", "F32", [4, 4], .weight), Row("fc.weight_mask", "F32", [4, 4], .mask),
        Row("fc.bias_orig", "F32", [4], .bias), Row("fc.bias_mask", "F32", [4], .mask),
      ]),
    Model(
      "GPTQ",
      [
        Row("l.g_idx", "I32", [64], .scale), Row("l.qweight", "I32", [8, 64], .quantised),
        Row("l.qzeros", "I32", [4, 8], .scale), Row("l.scales", "F16", [4, 64], .scale),
        Row("other.weight", "F16", [64, 64], .weight),
      ]),
    Model(
      "MLX of 4 bits",
      [
        Row("l.weight", "U32", [64, 8], .quantised), Row("l.biases", "F16", [64, 2], .scale),
        Row("l.scales", "F16", [64, 2], .scale), Row("norm.weight", "F16", [64], .norm),
      ]),
    Model(
      "floats of 8 bits",
      [
        Row("l.input_scale", "F32", [], .scale), Row("l.weight_scale", "F32", [64, 1], .scale),
        Row("m.weight_scale_inv", "F32", [2, 2], .scale), Row("l.weight", "F8_E4M3", [64, 64], .weight),
        Row("m.weight", "F8_E4M3", [256, 256], .weight), Row("attn.k_scale", "F32", [], .scale),
        Row("norm.weight", "F8_E4M3", [64], .norm),
      ]),
    Model(
      "bitsandbytes",
      [
        Row("q.weight", "I8", [64, 64], .quantised), Row("q.SCB", "F32", [64], .scale),
        Row("q.weight_format", "U8", [], .scale), Row("r.weight", "U8", [2048, 1], .quantised),
        Row("r.weight.absmax", "U8", [64], .scale), Row("r.weight.quant_map", "F32", [16], .scale),
        Row("r.weight.nested_absmax", "F32", [1], .scale), Row("r.weight.nested_quant_map", "F32", [256], .scale),
        Row("r.weight.quant_state.bitsandbytes__nf4", "U8", [120], .scale),
      ]),
    Model(
      "compressed-tensors, HQQ, MXFP4, NVFP4, torch.ao",
      [
        Row("a.weight_packed", "I32", [64, 8], .quantised), Row("a.weight_scale", "BF16", [64, 4], .scale),
        Row("a.weight_zero_point", "I32", [8, 4], .scale), Row("a.weight_shape", "I64", [2], .scale),
        Row("b.W_q", "U8", [64, 32], .quantised), Row("b.scale", "F16", [64, 1], .scale),
        Row("b.zero", "F16", [64, 1], .scale), Row("e.gate_up_proj_blocks", "U8", [4, 8, 2, 16], .quantised),
        Row("e.gate_up_proj_scales", "U8", [4, 8, 2], .scale), Row("e.gate_up_proj_bias", "BF16", [4, 8], .bias),
        Row("n.weight", "F4", [64, 64], .quantised), Row("n.weight_scale_2", "F32", [], .scale),
        Row("x.weight_scale", "F8_E8M0", [64, 2], .scale), Row("c.scale", "F32", [], .scale),
        Row("c.zero_point", "I64", [], .scale), Row("p.compressed", "F32", [128], .packed),
        Row("p.bitmask", "U8", [16, 2], .packed), Row("p.shape", "I64", [2], .packed),
        Row("p.row_offsets", "I64", [16], .packed), Row("v:bitmask", "U8", [1, 2], .packed),
        Row("v:compressed", "F32", [5], .packed), Row("v:shape", "I64", [1], .packed),
      ]),
    Model(
      "buffers beside one weight",
      [
        Row("sa.tril", "F32", [16, 16], .mask), Row("pos_encoder.pe", "F32", [1, 50, 16], .positional),
        Row("shared.weight", "F32", [100, 16], .embedding), Row("cls_token", "F32", [1, 1, 16], .embedding),
        Row("ssm.A_log", "F32", [16, 4], .other), Row("lin.weight", "F32", [16, 16], .weight),
        Row("causal_mask", "F32", [1, 1, 8, 8], .mask), Row("attn.bias", "F32", [1, 1, 8, 8], .mask),
        Row("attn.masked_bias", "F32", [], .bias), Row("ids", "I64", [1, 8], .buffer),
        Row("flags", "BOOL", [8, 8], .buffer), Row("z", "C64", [8, 8], .other),
      ]),
    Model(
      "a layer called shared",
      [Row("shared.weight", "F32", [8, 4], .weight), Row("shared.bias", "F32", [8], .bias)]),
    Model(
      "GPT-2",
      [
        Row("wte.weight", "F32", [100, 8], .embedding), Row("wpe.weight", "F32", [16, 8], .positional),
        Row("h.0.ln_1.weight", "F32", [8], .norm), Row("h.0.ln_1.bias", "F32", [8], .bias),
        Row("h.0.attn.c_attn.weight", "F32", [8, 24], .weight), Row("ln_f.weight", "F32", [8], .norm),
        Row("lm_head.weight", "F32", [100, 8], .weight),
      ]),
    Model(
      "BERT, Llama, T5",
      [
        Row("bert.embeddings.word_embeddings.weight", "F32", [100, 8], .embedding),
        Row("bert.embeddings.position_embeddings.weight", "F32", [16, 8], .positional),
        Row("bert.embeddings.position_ids", "I64", [1, 16], .buffer),
        Row("bert.embeddings.LayerNorm.weight", "F32", [8], .norm),
        Row("bert.encoder.layer.0.attention.self.query.weight", "F32", [8, 8], .weight),
        Row("model.embed_tokens.weight", "BF16", [100, 8], .embedding),
        Row("model.layers.0.input_layernorm.weight", "BF16", [8], .norm),
        Row("model.layers.0.mlp.gate_proj.weight", "BF16", [16, 8], .weight),
        Row("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", [4], .buffer),
        Row("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "F32", [32, 8], .positional),
      ]),
    Model(
      "vision and diffusion",
      [
        Row("patch_embed.proj.weight", "F32", [8, 3, 4, 4], .weight), Row("patch_embed.proj.bias", "F32", [8], .bias),
        Row("pos_embed", "F32", [1, 17, 8], .positional),
        Row("time_embedding.linear_1.weight", "F32", [8, 4], .weight),
        Row("time_embed.0.weight", "F32", [8, 4], .weight), Row("time_embed.0.bias", "F32", [8], .bias),
        Row("layers.0.attn.relative_position_bias_table", "F32", [49, 3], .positional),
        Row("layers.0.attn.relative_position_index", "I64", [16, 16], .buffer),
        Row("norm1.linear.weight", "F32", [24, 8], .weight), Row("bn1.weight", "F32", [8], .norm),
        Row("bn1.running_mean", "F32", [8], .buffer), Row("bn1.num_batches_tracked", "I64", [], .buffer),
        Row("downsample.1.weight", "F32", [8], .norm), Row("downsample.1.running_mean", "F32", [8], .buffer),
        Row("roi.mask_head.mask_fcn1.weight", "F32", [8, 8, 3, 3], .weight),
        Row("mask_token", "F32", [1, 1, 8], .embedding), Row("block.gamma", "F32", [8], .norm),
        Row("attn.rel_pos_h", "F32", [27, 8], .positional), Row("scale_by_row", "F32", [1, 8, 1, 1], .other),
        Row("experts.gate_up_proj", "BF16", [4, 8, 16], .weight), Row("text_projection", "F32", [8, 8], .weight),
        Row("attn.in_proj_weight", "F32", [24, 8], .weight), Row("rnn.weight_hh_l0", "F32", [32, 8], .weight),
        Row("wide.weight", "F64", [8, 8], .weight), Row("half.weight", "F16", [8, 8], .weight),
        Row("six.weight", "F6_E2M3", [8, 8], .quantised), Row("lone.weight", "F32", [2, 2], .weight),
        Row("lone.weight_mask", "F32", [2, 2], .mask), Row("queue", "F32", [8, 64], .buffer),
        Row("v.weight", "F32", [10], .other),
      ]),
  ]

  @Test(arguments: models)
  func rolesByNeighbours(model: Model) {
    let tensors = model.rows.map { TensorDescription(path: $0.path, shape: $0.shape, typeName: $0.type) }
    let table = RoleTable(tensors)
    for (row, judgement) in zip(model.rows, Role.judge(tensors)) {
      #expect(judgement.role == row.role, "\(row.path): \(judgement.reason)")
      #expect(!judgement.reason.isEmpty)
      #expect(table[row.path] == judgement)
    }
    #expect(table["nothing.of.that.name"] == nil)
  }

  @Test(arguments: [
    ("fc.weight", 2, Role.weight), ("fc.bias", 1, .bias), ("layer_norm.weight", 1, .norm),
    ("wte.weight", 2, .embedding),
    ("model.embed_tokens.weight", 2, .embedding), ("x", 1, .other), ("", 0, .other), ("conv.weight", 4, .weight),
    ("attn_mask", 2, .mask), ("pos_encoder.pe", 3, .positional), ("bn.running_var", 1, .buffer),
  ])
  func rolesByName(path: String, rank: Int, role: Role) {
    #expect(Role(path: path, rank: rank) == role)
  }

  @Test func reasonsNameTheNeighbour() {
    let table = RoleTable([
      TensorDescription(path: "l.qweight", shape: [8, 64], typeName: "I32"),
      TensorDescription(path: "l.scales", shape: [4, 64], typeName: "F16"),
    ])
    #expect(table["l.scales"] == RoleJudgement(.scale, "scale or order of the quantised l.qweight"))
  }
}
