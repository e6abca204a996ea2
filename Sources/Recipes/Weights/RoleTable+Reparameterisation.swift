extension RoleTable {
  /// Tensors of PyTorch's pruning, weight norm, spectral norm and other parametrizations.
  func reparameterised(_ place: Neighbourhood) -> RoleJudgement? {
    parametrization(place.tensor) ?? pruned(place) ?? spectral(place) ?? weightNorm(place)
  }

  /// `NAME_orig` and `NAME_mask`, as torch.nn.utils.prune keeps them.
  private func pruned(_ place: Neighbourhood) -> RoleJudgement? {
    if let stem = place.stem("_mask"), place.sibling(stem + "_orig") != nil {
      return RoleJudgement(.mask, "the mask of \(stem), as PyTorch keeps it")
    }
    if let stem = place.stem("_mask"), let other = place.sibling(stem), other.shape == place.tensor.shape {
      return RoleJudgement(.mask, "the name and shape of a mask of \(stem)")
    }
    if let stem = place.stem("_orig"), place.sibling(stem + "_mask") != nil {
      return base(place.path(stem), of: place.tensor, "\(stem) before its mask")
    }
    return nil
  }

  /// torch.nn.utils.spectral_norm: `NAME_orig`, and the vectors `NAME_u` and `NAME_v`.
  private func spectral(_ place: Neighbourhood) -> RoleJudgement? {
    if let stem = place.stem("_orig"), place.sibling(stem + "_u") != nil {
      return base(place.path(stem), of: place.tensor, "\(stem) before spectral norm divides it by a number")
    }
    for ending in ["_u", "_v"] {
      if let stem = place.stem(ending), place.sibling(stem + "_orig") != nil {
        return RoleJudgement(.buffer, "a vector of spectral norm, kept from step to step")
      }
    }
    return nil
  }

  /// torch.nn.utils.weight_norm: lengths `NAME_g` and directions `NAME_v`.
  private func weightNorm(_ place: Neighbourhood) -> RoleJudgement? {
    func isPair(_ lengths: TensorDescription?, _ directions: TensorDescription?) -> Bool {
      guard let lengths, let directions, lengths.count < directions.count else { return false }
      return lengths.shape.isEmpty
        || (lengths.shape.count == directions.shape.count
          && zip(lengths.shape, directions.shape).allSatisfy { $0 == $1 || $0 == 1 })
    }
    if let stem = place.stem("_g"), isPair(place.tensor, place.sibling(stem + "_v")) { return Self.lengths }
    if let stem = place.stem("_v"), isPair(place.sibling(stem + "_g"), place.tensor) { return Self.directions }
    return nil
  }

  /// torch.nn.utils.parametrize: `MODULE.parametrizations.NAME.original`, `original0`, and the state of its modules.
  private func parametrization(_ tensor: TensorDescription) -> RoleJudgement? {
    let components = tensor.path.split(separator: ".")
    guard let place = components.lastIndex(of: "parametrizations"), place + 2 < components.count else { return nil }
    let stem = components[...(place + 1)].joined(separator: ".")
    let rest = components[(place + 2)...].joined(separator: ".")
    let hasNorm = self.tensor("\(stem).original0") != nil && self.tensor("\(stem).original1") != nil
    switch rest {
    case "original0" where hasNorm: return Self.lengths
    case "original1" where hasNorm: return Self.directions
    case "original":
      let name = (components[..<place] + [components[place + 1]]).joined(separator: ".")
      if self.tensor("\(stem).0._u") != nil {
        return base(name, of: tensor, "\(components[place + 1]) before spectral norm divides it by a number")
      }
      return RoleJudgement(.factor, "a weight is computed from it by a parametrization")
    default:
      return rest.hasPrefix("original")
        ? RoleJudgement(.factor, "a weight is computed from it by a parametrization")
        : RoleJudgement(.buffer, "the state of a parametrization")
    }
  }

  /// The judgement of a tensor under the name of what it stands for.
  private func base(_ path: String, of tensor: TensorDescription, _ reason: String) -> RoleJudgement {
    var tensor = tensor
    tensor.path = path
    let judgement = plain(Neighbourhood(tensor, self))
    return RoleJudgement(judgement.role, judgement.role == .weight ? reason : judgement.reason)
  }

  private static let lengths = RoleJudgement(.factor, "the lengths of weight norm")
  private static let directions = RoleJudgement(
    .factor, "the directions of weight norm, where an empty row would give NaN; remove the weight norm first")
}
