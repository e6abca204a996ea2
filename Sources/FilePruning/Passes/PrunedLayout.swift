import Checkpoints

/// The tensors of a pruned checkpoint, in PyTorch's order, and what each is made of.
///
/// Where nothing changes its name, the order is that of the input. Within a module (the tensors that stand together and
/// share what comes before the last dot of their names) PyTorch puts parameters before buffers; pruning moves
/// `weight` to the end of the parameters as `weight_orig` and appends `weight_mask` to the buffers, and making masks
/// permanent moves `weight` to the end of the parameters.
struct PrunedLayout {
  /// Names in the output for one name of a weight.
  struct Target: Hashable {
    var values: String
    /// Nil where the values are masked themselves.
    var mask: String?
  }

  /// All tensors of the output.
  private(set) var specs: [TensorSpec] = []
  /// The numbers of the tensors of the input that are copied as they are.
  private(set) var copies: [Int] = []
  /// For each weight its names in the output; none where it is copied.
  private(set) var targets: [[Target]]
  /// For each tensor of the output the number of that of the input it comes from.
  private var sources: [Int32] = []

  private enum Part {
    case copy
    case values(number: Int, name: Int)
    case mask(number: Int, name: Int)
  }

  /// - Parameter form: How pruned weights are written.
  init(_ store: some TensorStore, weights: [StoredWeight], form: PrunedForm) {
    let masks = form == .masks
    targets = Array(repeating: [], count: weights.count)
    var parts: [String: Part] = [:]
    for (number, weight) in weights.enumerated() where weight.isPruned || (!masks && weight.losesMask) {
      for (index, name) in weight.names.enumerated() {
        parts[name.tensor.name] = .values(number: number, name: index)
        if let mask = name.mask { parts[mask.name] = .mask(number: number, name: index) }
        targets[number].append(
          masks
            ? Target(
              values: name.name + PrunedPair.originalSuffix, mask: name.name + PrunedPair.maskSuffix)
            : Target(values: name.name, mask: nil))
      }
    }
    let tensors = store.tensors
    specs.reserveCapacity(tensors.count)
    sources.reserveCapacity(tensors.count)
    var start = 0
    while start < tensors.count {
      let module = Self.module(tensors[start].name)
      var end = start + 1
      while end < tensors.count, Self.module(tensors[end].name) == module,
        tensors[end].fileIndex == tensors[start].fileIndex
      {
        end += 1
      }
      add(tensors[start..<end], parts, weights, masks: masks)
      start = end
    }
  }

  /// The tensors of the input under the names of the output, for the division into shards.
  func origins(in tensors: [TensorInfo]) -> [TensorInfo] {
    zip(specs, sources).map { spec, source in
      var origin = tensors[Int(source)]
      origin.name = spec.name
      return origin
    }
  }

  private static func module(_ name: String) -> Substring {
    name.lastIndex(of: ".").map { name[..<$0] } ?? ""
  }

  private static func isBuffer(_ name: String) -> Bool {
    let last = name.split(separator: ".").last ?? ""
    return ["running_mean", "running_var", "num_batches_tracked"].contains(last)
  }

  /// The tensors of one module.
  private mutating func add(
    _ tensors: ArraySlice<TensorInfo>, _ parts: [String: Part], _ weights: [StoredWeight], masks: Bool
  ) {
    var parameters: [(Part, Int)] = []
    var moved: [(Part, Int)] = []
    var buffers: [(Part, Int)] = []
    var appended: [(Part, Int)] = []
    var inPlace: [(Part, Int)] = []
    for (place, tensor) in zip(tensors.indices, tensors) {
      let part = parts[tensor.name] ?? .copy
      inPlace.append((part, place))
      switch part {
      case .values(let number, let name) where masks && weights[number].names[name].mask == nil:
        moved.append((part, place))
        appended.append((.mask(number: number, name: name), place))
      case .values(let number, let name) where !masks && weights[number].names[name].mask != nil:
        moved.append((part, place))
      case .mask where !masks: inPlace.removeLast()
      case .mask: buffers.append((part, place))
      case .copy where Self.isBuffer(tensor.name) || tensor.name.hasSuffix(PrunedPair.maskSuffix):
        buffers.append((part, place))
      case .copy, .values: parameters.append((part, place))
      }
    }
    for (part, place) in moved.isEmpty ? inPlace : parameters + moved + buffers + appended {
      add(part, tensors[place], place, weights)
    }
  }

  private mutating func add(_ part: Part, _ tensor: TensorInfo, _ place: Int, _ weights: [StoredWeight]) {
    var spec = tensor.spec
    switch part {
    case .copy: copies.append(place)
    case .values(let number, let name): spec.name = targets[number][name].values
    case .mask(let number, let name):
      // A new mask has the type of its weight, as in PyTorch.
      spec.name = targets[number][name].mask ?? spec.name
      spec.type = weights[number].tensor.type
    }
    specs.append(spec)
    sources.append(Int32(place))
  }
}
