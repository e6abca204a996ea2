/// The roles of all tensors of a model, judged by names, shapes, types and neighbours.
///
/// ```swift
/// let table = RoleTable([
///   TensorDescription(path: "l.qweight", shape: [8, 64], typeName: "I32"),
///   TensorDescription(path: "l.scales", shape: [4, 64], typeName: "F16"),
/// ])
/// table["l.scales"]   // .scale, "scale of the quantised l.qweight"
/// ```
///
/// Pure: nothing is read but what is given. O(n) in the number of tensors, each with a few look-ups.
public struct RoleTable: Sendable {
  let tensors: [TensorDescription]
  let places: [String: Int]

  /// The judgement of each tensor, in the order given.
  public private(set) var judgements: [RoleJudgement] = []

  /// Judges all tensors.
  public init(_ tensors: [TensorDescription]) {
    self.tensors = tensors
    places = Dictionary(tensors.enumerated().map { ($1.path, $0) }) { first, _ in first }
    judgements = tensors.map(judge)
  }

  /// The judgement of the tensor of that name, or nil.
  public subscript(path: String) -> RoleJudgement? { places[path].map { judgements[$0] } }

  /// The tensor of that name.
  func tensor(_ path: String) -> TensorDescription? { places[path].map { tensors[$0] } }
}

extension Role {
  /// The role of each tensor and what speaks for it, in the order given; neighbours count.
  public static func judge(_ tensors: [TensorDescription]) -> [RoleJudgement] { RoleTable(tensors).judgements }
}

extension RoleTable {
  private func judge(_ tensor: TensorDescription) -> RoleJudgement {
    if let known = tensor.known { return known }
    let place = Neighbourhood(tensor, self)
    return packed(place) ?? reparameterised(place) ?? quantisation(place) ?? plain(place)
  }

  /// The judgement of a tensor that is neither packed, nor quantised, nor a factor.
  func plain(_ place: Neighbourhood) -> RoleJudgement {
    let tensor = place.tensor
    let named = RoleJudgement(path: tensor.path, rank: tensor.shape.count)
    if tensor.isWhole {
      return named.role == .mask ? named : RoleJudgement(.buffer, "whole numbers (\(tensor.typeName)), nothing learned")
    }
    if tensor.typeName.hasPrefix("C") { return RoleJudgement(.other, "complex numbers") }
    guard place.leaf == "weight" else { return bare(tensor, place.leaf, named) }
    if place.sibling("running_mean") != nil { return RoleJudgement(.norm, "running statistics beside it") }
    let bias = place.sibling("bias")
    switch named.role {
    case .embedding, .positional:
      guard let bias, bias.shape.count == 1, tensor.shape.count >= 2 else { return named }
      return RoleJudgement(.weight, "a bias beside it, as layers have and tables have not")
    case .other where tensor.shape.count == 1 && bias?.shape == tensor.shape:
      return RoleJudgement(.norm, "one value for each channel, and a bias of the same shape")
    case .weight where tensor.isByteFloat:
      return RoleJudgement(.weight, "floating-point numbers of 8 bits; their scale stays as it is")
    default: return named
    }
  }

  /// A parameter that is no module's `weight`: of one row, it is broadcast over the batch and multiplies no inputs.
  private func bare(_ tensor: TensorDescription, _ leaf: Substring, _ named: RoleJudgement) -> RoleJudgement {
    let lower = leaf.lowercased()
    guard named.role == .weight, tensor.shape.first == 1,
      tensor.shape.count >= 3 || tensor.shape.allSatisfy({ $0 == 1 }),
      !lower.contains("weight"), !lower.hasSuffix("proj"), !lower.contains("kernel")
    else { return named }
    return RoleJudgement(.other, "a bare parameter of one row, which is broadcast")
  }

  /// Parts of tensors packed as a bitmask.
  private func packed(_ place: Neighbourhood) -> RoleJudgement? {
    let path = place.tensor.path
    for separator in [".", ":"] {
      guard let end = path.lastIndex(of: Character(separator)) else { continue }
      let parts: Set<Substring> = ["compressed", "bitmask", "shape", "row_offsets", "negative_zeros"]
      let stem = path[..<end]
      if parts.contains(path[path.index(after: end)...]), tensor("\(stem)\(separator)bitmask") != nil,
        tensor("\(stem)\(separator)compressed") != nil
      {
        return RoleJudgement(.packed, "a part of a tensor packed as a bitmask; bonsai unpack makes it dense")
      }
    }
    return nil
  }
}

/// A tensor and what stands beside it.
struct Neighbourhood {
  let tensor: TensorDescription
  /// The module: `fc1` of `fc1.weight`; empty where there is none.
  let module: Substring
  /// The last component of the name.
  let leaf: Substring
  private let table: RoleTable

  init(_ tensor: TensorDescription, _ table: RoleTable) {
    self.tensor = tensor
    self.table = table
    if let dot = tensor.path.lastIndex(of: ".") {
      module = tensor.path[..<dot]
      leaf = tensor.path[tensor.path.index(after: dot)...]
    } else {
      module = ""
      leaf = tensor.path[...]
    }
  }

  /// The name of a tensor of the same module.
  func path(_ leaf: some StringProtocol) -> String { module.isEmpty ? String(leaf) : "\(module).\(leaf)" }

  /// A tensor of the same module.
  func sibling(_ leaf: some StringProtocol) -> TensorDescription? { table.tensor(path(leaf)) }

  /// The first of these tensors of the same module that there is.
  func sibling(of leaves: [String]) -> TensorDescription? {
    for leaf in leaves {
      if let tensor = sibling(leaf) { return tensor }
    }
    return nil
  }

  /// The last component without an ending; nil where it ends otherwise.
  func stem(_ ending: String) -> Substring? {
    leaf.hasSuffix(ending) && leaf.utf8.count > ending.utf8.count ? leaf.dropLast(ending.count) : nil
  }
}
