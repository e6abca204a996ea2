import OrderedCollections
import Torch

extension Module {
  /// Adds a parameter at the end; gradients are recorded for it where its dtype can have them.
  public final func registerParameter(_ name: String, _ tensor: Tensor) {
    if tensor.dtype.isFloatingPoint && tensor.isLeaf { tensor.requiresGrad = true }
    register(name, .parameter(tensor))
  }

  /// Adds a buffer at the end: state that is not trained.
  public final func registerBuffer(_ name: String, _ tensor: Tensor) { register(name, .buffer(tensor)) }

  /// Puts another tensor in the place of a parameter, as to tie weights: two layers then train one tensor.
  ///
  /// ```swift
  /// decoder.replaceParameter("weight", by: encoder.weight)
  /// ```
  /// - Precondition: the module has a parameter of that name, which is not pruned.
  public final func replaceParameter(_ name: String, by tensor: Tensor) {
    precondition(
      slots[name]?.parameter != nil,
      "\(Self.self) has no parameter '\(name)' to replace; there are: \(slots.keys.joined(separator: ", "))")
    if tensor.dtype.isFloatingPoint && tensor.isLeaf { tensor.requiresGrad = true }
    slots[name] = .parameter(tensor)
  }

  /// The shape of the tensor of that name, without computing it where it is computed; nil where there is none.
  final func shape(of name: String) -> [Int]? { slots[name]?.shape }

  /// The length along a dimension of a tensor that the layer always has.
  final func length(of name: String, _ dim: Int) -> Int {
    guard let shape = shape(of: name) else { fatalError("\(Self.self) has lost its '\(name)'") }
    return shape[dim]
  }

  private func register(_ name: String, _ slot: Slot) {
    precondition(!name.isEmpty && !name.contains("."), "a tensor's name must not be empty nor hold a dot: '\(name)'")
    precondition(slots[name] == nil, "\(ModuleError.nameTaken(name, module: "\(Self.self)"))")
    slots[name] = slot
  }

  /// The tensor of that name: parameter, buffer, or a pruned tensor as it takes part in the forward pass.
  /// Stops the program with the module's names where there is none; ``tensor(_:)`` throws, for names that come from a user.
  public final subscript(name: String) -> Tensor {
    guard let slot = slots[name] else {
      fatalError("\(ModuleError.noTensor(name, module: "\(Self.self)", names: Array(slots.keys)))")
    }
    return slot.tensor
  }

  /// The tensor of that name, or nil: a layer's `bias` that may be left out.
  public final subscript(optional name: String) -> Tensor? { slots[name]?.tensor }

  /// The tensor at a path such as `fc3.bias_mask`, or of a name in this module itself.
  /// - Throws: ``ModuleError/noTensor(_:module:names:)``.
  public final func tensor(_ path: String) throws(ModuleError) -> Tensor {
    if let slot = slots[path] { return slot.tensor }
    let all = named { _ in true }
    guard let slot = all[path] else {
      throw .noTensor(path, module: "\(Self.self)", names: Array(all.keys))
    }
    return slot.tensor
  }

  /// Every slot that `wanted` takes under its dotted path; a module reached twice counts once.
  final func named(_ wanted: (Slot) -> Bool) -> OrderedDictionary<String, Slot> {
    var found: OrderedDictionary<String, Slot> = [:]
    for (path, module) in namedModules {
      for (name, slot) in module.slots where wanted(slot) { found[path.isEmpty ? name : "\(path).\(name)"] = slot }
    }
    return found
  }

  /// Parameters of this module and its children under their dotted paths. One that stands at several places counts
  /// once, under its first path: `named_parameters()`.
  public final var namedParameters: OrderedDictionary<String, Tensor> {
    var seen: Set<UnsafeRawPointer> = []
    var found: OrderedDictionary<String, Tensor> = [:]
    for (path, slot) in named({ $0.parameter != nil }) {
      if let tensor = slot.parameter, seen.insert(tensor.identity).inserted { found[path] = tensor }
    }
    return found
  }

  /// Buffers of this module and its children under their dotted paths: `named_buffers()`.
  public final var namedBuffers: OrderedDictionary<String, Tensor> { named(\.isBuffer).mapValues(\.tensor) }

  /// The parameters, each once: what an optimiser takes.
  public final var parameters: [Tensor] { Array(namedParameters.values) }

  /// The number of entries in all parameters.
  public final var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

  /// Forgets the gradients of all parameters: `zero_grad()`.
  public final func zeroGrad() { for parameter in parameters { parameter.grad = nil } }

  /// Stops (or resumes) recording gradients for all parameters: `requires_grad_(False)`.
  @discardableResult
  public final func freeze(_ frozen: Bool = true) -> Self {
    for parameter in parameters where parameter.dtype.isFloatingPoint { parameter.requiresGrad = !frozen }
    return self
  }
}
