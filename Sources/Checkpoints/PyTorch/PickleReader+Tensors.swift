// What REDUCE, NEWOBJ, BUILD and BINPERSID mean for the names that are known: tensors, storages, containers.
extension PickleReader {
  /// The most dimensions of a tensor, as PyTorch's own loops have it.
  static let maximumRank = 64

  private func malformed(_ what: String) -> StepFault {
    .fault(.damaged("the arguments of \(what) as torch.save writes them", "others before byte \(cursor.offset)"))
  }

  /// What `function` applied to `arguments` stands for: a tensor, a container, or an object that is only noted.
  mutating func reduce(
    _ function: PickleArena.ID, _ arguments: PickleArena.ID, depth: Int
  ) throws(StepFault) -> PickleArena.ID {
    guard let global = arena.global(function) else {
      switch arena[function] {
      case .object, .opaque, .unsupported: return arena.addObject(of: "something computed")
      default: throw malformed("a known function")
      }
    }
    switch global {
    case .inert: return opaque
    case .unknown(let name): return arena.addObject(of: name)
    case .maker: return arena.addObject(of: className(arguments))
    case .tensorClass, .type: return arena.addObject(of: "torch.Tensor")
    case .storage(_, let name): return arena.addObject(of: name)
    default: break
    }
    guard let items = arena.items(arguments, limit: 16), depth < 4 else { throw malformed("a known function") }
    switch global {
    case .dictionary: return try dictionary(items)
    case .sequence: return items.first ?? arena.addTuple([])
    case .tensorV1: return try tensor(arguments, items, count: 4...4, typeAt: nil)
    case .tensorV2: return try tensor(arguments, items, count: 6...7, typeAt: nil)
    case .tensorV3: return try tensor(arguments, items, count: 7...8, typeAt: 6)
    case .parameter:
      guard let data = items.first else { throw malformed("torch._utils._rebuild_parameter") }
      return data
    case .typed: return try typed(Array(items), depth)
    case .unsupportedTensor(let what): return arena.addUnsupported(what)
    default: throw malformed("a function, where a type stands")
    }
  }

  /// A tensor of a subclass, or with attributes: the function that builds its data, a class, arguments, attributes.
  private mutating func typed(_ items: [PickleArena.ID], _ depth: Int) throws(StepFault) -> PickleArena.ID {
    guard items.count >= 3 else { throw malformed("torch._tensor._rebuild_from_type_v2") }
    switch arena.global(items[0]) {
    case .tensorV1, .tensorV2, .tensorV3, .parameter, .typed, .unsupportedTensor:
      return try reduce(items[0], items[2], depth: depth + 1)
    default: return arena.addUnsupported("a tensor of a subclass that builds itself")
    }
  }

  /// The name of the class that is the first of some arguments.
  private func className(_ arguments: PickleArena.ID) -> String {
    guard let first = arena.items(arguments, limit: 16)?.first, case .unknown(let name)? = arena.global(first) else {
      return "a class"
    }
    return name
  }

  /// An OrderedDict, empty or of pairs; other arguments (a default factory) are of no use here.
  private mutating func dictionary(_ items: ArraySlice<PickleArena.ID>) throws(StepFault) -> PickleArena.ID {
    let id = arena.addDict()
    guard case .dict(let index) = arena[id], let first = items.first,
      let pairs = arena.items(first, limit: cursor.offset - copiedPairs)
    else { return id }
    copiedPairs += pairs.count
    for pair in pairs {
      guard let members = arena.items(pair, limit: 2), members.count == 2, let key = members.first,
        let value = members.last
      else { throw malformed("collections.OrderedDict") }
      arena.dicts[Int(index)].pairs.append((key, value))
    }
    return id
  }

  /// Storage, offset, shape, strides, ... and for version 3 the element type.
  private mutating func tensor(
    _ arguments: PickleArena.ID, _ slice: ArraySlice<PickleArena.ID>, count: ClosedRange<Int>, typeAt typeIndex: Int?
  ) throws(StepFault) -> PickleArena.ID {
    if let known = built[arguments] { return known }
    let items = Array(slice)
    guard count.contains(items.count), case .storage(let storage) = arena[items[0]], let offset = arena.int(items[1]),
      let shape = arena.ints(items[2], limit: Self.maximumRank),
      let strides = arena.ints(items[3], limit: Self.maximumRank)
    else { throw malformed("torch._utils._rebuild_tensor") }
    // The last argument, where there is one more, marks values that are still to be conjugated or negated.
    if items.count == count.upperBound, count.count > 1 {
      guard case .dict(let index) = arena[items[items.count - 1]], arena.dicts[Int(index)].pairs.count <= 16 else {
        throw malformed("torch._utils._rebuild_tensor")
      }
      for (key, value) in arena.members(items[items.count - 1]) {
        if case .bool(true) = arena[value] { return arena.addUnsupported("a tensor with its \(key) bit set") }
      }
    }
    var type = arena.storages[Int(storage)].type
    if let typeIndex {
      guard case .type(let named)? = arena.global(items[typeIndex]) else {
        return arena.addUnsupported("a tensor of an element type unknown here")
      }
      type = named
    } else if type == nil {
      return arena.addUnsupported("a tensor on a \(arena.storages[Int(storage)].typeName)")
    }
    arena.tensors.append(
      PickleArena.Tensor(storage: storage, type: type, offset: offset, shape: shape, strides: strides))
    let id = arena.add(.tensor(Int32(arena.tensors.count - 1)))
    built[arguments] = id
    return id
  }

  /// Attributes given to an object: kept for dictionaries (a state dict's `_metadata`) and for objects of unknown classes
  /// (the parameters of a module), dropped for the rest.
  mutating func build(_ object: PickleArena.ID, _ state: PickleArena.ID) throws(StepFault) {
    switch arena[object] {
    case .dict(let index): arena.dicts[Int(index)].attributes = state
    case .object(let index): arena.objects[Int(index)].state = state
    case .tensor, .opaque, .unsupported, .global, .storage: break
    default: throw malformed("BUILD")
    }
  }

  /// A persistent id: `("storage", type, key, location, count)`, and in legacy files a view's `(key, offset, count)`.
  ///
  /// The location ("cuda:0") is not looked at: every storage is read as bytes of the file.
  ///
  /// In legacy files `("module", class, source file, source)` stands for the class of a whole module. In tar files the ids
  /// are the keys of tensors and storages that other members define.
  mutating func persistent(_ id: PickleArena.ID) throws(StepFault) -> PickleArena.ID {
    if let known = built[id] { return known }
    if let namedObjects {
      if let first = arena.items(id, limit: 4)?.first { return first }
      guard let key = arena.text(id) ?? arena.int(id).map(String.init), let object = namedObjects[key] else {
        throw malformed("a persistent id")
      }
      return object
    }
    if let items = arena.items(id, limit: 4), items.count >= 2, arena.text(items[items.startIndex]) == "module" {
      return items[items.startIndex + 1]
    }
    guard let slice = arena.items(id, limit: 6), case let items = Array(slice), items.count == 5 || items.count == 6,
      arena.text(items[0]) == "storage",
      case .storage(let type, let name)? = arena.global(items[1]),
      let key = arena.text(items[2]) ?? arena.int(items[2]).map(String.init), let count = arena.int(items[4]),
      count >= 0
    else { throw malformed("a persistent id") }
    var storage = PickleArena.Storage(type: type, typeName: name, key: key, count: count)
    if items.count == 6, let slice = arena.items(items[5], limit: 3) {
      let view = Array(slice)
      guard view.count == 3, let offset = arena.int(view[1]), let size = arena.int(view[2]), offset >= 0, size >= 0,
        size <= count, offset <= count - size
      else { throw malformed("a storage view") }
      storage.viewOffset = offset
      storage.count = size
    }
    arena.storages.append(storage)
    let node = arena.add(.storage(Int32(arena.storages.count - 1)))
    built[id] = node
    return node
  }
}
