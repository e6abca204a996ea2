import Checkpoints
import Recipes
import Sparsity

/// Masks or scores in a file, under the names of the weights.
///
/// ```swift
/// let recipe = Recipe(.masks(StoredTensors(masksIn: try Checkpoint.open("masks.pt"))))
/// ```
public struct StoredTensors: GivenTensors {
  private let store: any TensorStore
  private let names: [String: String]
  /// The names of the weights, in the order of the file.
  public let paths: [String]

  /// The tensors of a store under their names.
  public init(_ store: some TensorStore) { self.init(store, store.tensors.map { ($0.name, $0.name) }) }

  /// The masks in a store of masks: `NAME_mask` where there are such names, otherwise every tensor.
  public init(masksIn store: some TensorStore) {
    let suffix = PrunedPair.maskSuffix
    let masks = store.tensors.map(\.name).filter { $0.hasSuffix(suffix) }
    self.init(
      store,
      masks.isEmpty
        ? store.tensors.map { ($0.name, $0.name) } : masks.map { (String($0.dropLast(suffix.count)), $0) })
  }

  private init(_ store: some TensorStore, _ names: [(path: String, name: String)]) {
    self.store = store
    paths = names.map(\.path)
    self.names = Dictionary(names.map { ($0.path, $0.name) }) { first, _ in first }
  }

  /// The path of the store.
  public var description: String { "'\(store.path)'" }

  /// Shape and type of what is given for a weight; nil where nothing is, or of a type that cannot be read.
  public func layout(of path: String) -> (shape: [Int], type: ElementType)? {
    guard let name = names[path], let tensor = store[name], let type = tensor.type.elementType else { return nil }
    return (tensor.shape, type)
  }

  /// Reads the entries of a range.
  public func read(_ path: String, _ range: Range<Int>, into memory: UnsafeMutableRawBufferPointer) throws {
    guard let name = names[path], let (_, type) = layout(of: path) else { return }
    try store.read(name, at: range.lowerBound * type.byteCount, into: memory)
  }
}
