extension RoleTable {
  /// Quantised numbers and their scales: GPTQ and AWQ, ExLlama, Marlin, HQQ, MLX, bitsandbytes, compressed-tensors, MXFP4,
  /// PyTorch's own.
  func quantisation(_ place: Neighbourhood) -> RoleJudgement? { scale(place) ?? data(place) }

  /// Endings of scales and their kind, behind the name of what they belong to.
  private static let endings = [
    "_scale", "_scale_inv", "_scale_2", "_scales", "_zero_point", "_zero_points", "_zeros", "_scale_and_zero",
    "_global_scale", "_g_idx", "_shape",
  ]

  private func scale(_ place: Neighbourhood) -> RoleJudgement? {
    let tensor = place.tensor
    if tensor.typeName == "F8_E8M0" { return RoleJudgement(.scale, "powers of two (F8_E8M0), as scales are") }
    func scale(of data: TensorDescription) -> RoleJudgement {
      RoleJudgement(.scale, "scale or order of the quantised \(data.path)")
    }
    // By name: which tensors of the module it belongs to.
    let owners: [String]
    switch place.leaf {
    case "scales", "qzeros", "zeros", "g_idx", "q_scale", "q_scale_max", "q_groups", "q_group_map", "q_invperm",
      "q_perm",
      "perm":
      owners = ["qweight", "q_weight", "blocks"]
    case "s", "workspace": owners = ["B"]
    case "scale", "zero", "zero_point": owners = ["W_q", "qdata", "int_data"]
    case "SCB", "weight_format": owners = ["weight"]
    default: owners = []
    }
    if let data = place.sibling(of: owners), data.isWhole || place.leaf == "SCB" { return scale(of: data) }
    if ["scales", "biases"].contains(place.leaf), let weight = place.sibling("weight"), weight.isWhole {
      return scale(of: weight)
    }
    if ["scale", "zero_point"].contains(place.leaf), tensor.shape.count <= 1, place.sibling("scale") != nil,
      place.sibling("zero_point") != nil
    {
      return RoleJudgement(.scale, "scale and zero point of a quantised layer")
    }
    // Under the name of the tensor itself: `fc.weight.absmax`.
    let states: Set<Substring> = ["absmax", "quant_map", "nested_absmax", "nested_quant_map", "nested_offset"]
    if states.contains(place.leaf) || place.tensor.path.contains(".quant_state."),
      let owner = owner(place.tensor.path)
    {
      return scale(of: owner)
    }
    for ending in Self.endings {
      guard let stem = place.stem(ending) else { continue }
      for name in ["\(stem)", "\(stem)_packed", "\(stem)_blocks"] {
        guard let data = place.sibling(name), ending != "_shape" || name != "\(stem)" else { continue }
        return scale(of: data)
      }
      let activations: Set<Substring> = ["input", "output", "k", "v", "q", "kv", "act", "activation"]
      if activations.contains(stem), tensor.shape.count <= 1 {
        return RoleJudgement(.scale, "scale or zero point of inputs or outputs")
      }
    }
    return nil
  }

  /// The tensor under whose name another lies: `fc.weight` of `fc.weight.absmax`.
  private func owner(_ path: String) -> TensorDescription? {
    var rest = path[...]
    while let dot = rest.lastIndex(of: ".") {
      rest = rest[..<dot]
      if let tensor = tensor(String(rest)) { return tensor }
    }
    return nil
  }

  private func data(_ place: Neighbourhood) -> RoleJudgement? {
    let tensor = place.tensor
    func data(_ what: String) -> RoleJudgement { RoleJudgement(.quantised, "\(what) (\(tensor.typeName))") }
    if tensor.isNarrowFloat { return data("floats of fewer than 8 bits") }
    if tensor.path.contains("._packed_params") { return data("packed parameters of a quantised layer") }
    guard tensor.isWhole, tensor.typeName != "BOOL" else { return nil }
    if ["qweight", "q_weight", "W_q", "qdata", "int_data"].contains(place.leaf) {
      return data("quantised numbers by their name")
    }
    if place.leaf == "B", place.sibling("s") != nil { return data("quantised numbers with their scales beside them") }
    if place.leaf == "blocks", place.sibling("scales") != nil { return data("quantised blocks with their scales") }
    for (ending, scales) in [("_packed", "_scale"), ("_blocks", "_scales")] {
      if let stem = place.stem(ending), place.sibling(stem + scales) != nil {
        return data("quantised numbers with their scales beside them")
      }
    }
    let words = place.leaf.lowercased().split(separator: "_")
    if words.contains("weight") || words.contains("weights") {
      return data("whole numbers in the place of a weight, so a quantised one")
    }
    return nil
  }
}
