/// What a pickle builds: plain data and tensors, as nodes that name each other by number.
///
/// Numbers instead of references, so that nesting of any depth neither recurses when it is released nor holds cycles.
struct PickleArena {
  /// The number of a node.
  typealias ID = Int32

  enum Node {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case text(Int32)  // in `texts`
    case tuple(Range<Int32>)  // in `children`
    case list(Int32)  // in `lists`
    case dict(Int32)  // in `dicts`
    case global(Int32)  // in `globals`
    case storage(Int32)  // in `storages`
    case tensor(Int32)  // in `tensors`
    case unsupported(Int32)  // in `texts`: a tensor that this module does not read: what it is
    case object(Int32)  // in `objects`: of a class unknown here
    case opaque  // known plain data of no use here: bytes, large integers, numpy scalars
  }

  /// A dictionary's members as they came, and what BUILD attached to it (`_metadata` of a state dict).
  struct Members {
    var pairs: [(key: ID, value: ID)] = []
    var attributes: ID?
  }

  /// What stands in the place of an object of an unknown class: nothing was made or called, its parts are only noted.
  struct Object {
    var className: String
    var state: ID?  // what BUILD would have given it
    var members: Int32?  // in `dicts`: what SETITEMS would have put into it
    var items: Int32?  // in `lists`: what APPENDS would have put into it
  }

  /// A storage that the pickle names: `key` finds its bytes.
  struct Storage {
    var type: StoredType?  // nil: untyped bytes
    var typeName: String
    var key: String
    var count: Int  // elements; bytes where untyped
    var viewOffset = 0  // elements into the storage called `key` (legacy views)
  }

  /// A tensor on a storage, as yet unchecked.
  struct Tensor {
    var storage: Int32
    var type: StoredType?
    var offset: Int
    var shape: [Int]
    var strides: [Int]
  }

  private(set) var nodes: [Node] = []
  private(set) var texts: [String] = []
  private(set) var globals: [PickleGlobal] = []
  var children: [ID] = []
  var lists: [[ID]] = []
  var dicts: [Members] = []
  var storages: [Storage] = []
  var tensors: [Tensor] = []
  var objects: [Object] = []
  /// Of TorchScript's classes, the names of parameters and buffers; other tensors among their attributes are no part of a
  /// state dict.
  var scripted: [String: Set<String>] = [:]

  mutating func add(_ node: Node) -> ID {
    nodes.append(node)
    return ID(nodes.count - 1)
  }

  mutating func addText(_ text: String) -> ID {
    texts.append(text)
    return add(.text(Int32(texts.count - 1)))
  }

  mutating func addGlobal(_ global: PickleGlobal) -> ID {
    globals.append(global)
    return add(.global(Int32(globals.count - 1)))
  }

  mutating func addUnsupported(_ what: String) -> ID {
    texts.append(what)
    return add(.unsupported(Int32(texts.count - 1)))
  }

  mutating func addObject(of className: String) -> ID {
    objects.append(Object(className: className))
    return add(.object(Int32(objects.count - 1)))
  }

  mutating func addTuple(_ items: ArraySlice<ID>) -> ID {
    let start = Int32(children.count)
    children.append(contentsOf: items)
    return add(.tuple(start..<Int32(children.count)))
  }

  mutating func addDict() -> ID {
    dicts.append(Members())
    return add(.dict(Int32(dicts.count - 1)))
  }

  subscript(id: ID) -> Node { nodes[Int(id)] }

  func text(_ id: ID) -> String? {
    if case .text(let index) = self[id] { return texts[Int(index)] }
    return nil
  }

  func global(_ id: ID) -> PickleGlobal? {
    if case .global(let index) = self[id] { return globals[Int(index)] }
    return nil
  }

  func int(_ id: ID) -> Int? {
    if case .int(let value) = self[id] { return value }
    return nil
  }

  /// The elements of a tuple or list of at most `limit`; nil for anything else.
  ///
  /// The limit bounds the work that a pickle can ask for by naming one long list again and again.
  func items(_ id: ID, limit: Int) -> ArraySlice<ID>? {
    switch self[id] {
    case .tuple(let range) where range.count <= limit: children[Int(range.lowerBound)..<Int(range.upperBound)]
    case .list(let index) where lists[Int(index)].count <= limit: lists[Int(index)][...]
    default: nil
    }
  }

  /// The whole numbers of a tuple or list of nothing else, at most `limit` of them.
  func ints(_ id: ID, limit: Int) -> [Int]? {
    guard let items = items(id, limit: limit) else { return nil }
    var numbers: [Int] = []
    for item in items {
      guard let number = int(item) else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
