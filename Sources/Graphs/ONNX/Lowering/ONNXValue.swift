import Checkpoints
import ONNXFormat

/// A value of an ONNX graph while it is lowered: where it stands in the new graph, and what is known of it.
struct ONNXValue {
  /// Its name in the new graph; nil for one that is only known, and for a sequence.
  var name: String?
  /// The type of its elements.
  var type: StoredType
  /// Its shape.
  var sizes: [SymbolicSize]
  /// Its content, where it is small and known.
  var known: KnownTensor?
  /// The members of a sequence, which is a list while the graph is lowered.
  var members: [ONNXValue]?
  /// Whether it stands for an optional that holds nothing.
  var isNothing = false
  /// Whether it is a weight: an initialiser of real numbers that is more than one number.
  var isWeight = false
  /// The tensor of the file that it is, and the name there.
  var source: ONNXTensorProto?
  var origin: String?
  /// Whether its type is none that tensors here have.
  var isUnreadable = false

  init(_ name: String?, _ type: StoredType, _ sizes: [SymbolicSize], known: KnownTensor? = nil) {
    (self.name, self.type, self.sizes, self.known) = (name, type, sizes, known)
  }

  init(known: KnownTensor) { self.init(nil, known.type, known.shape.map(SymbolicSize.fixed), known: known) }

  /// A tensor of a type that is not read.
  init(unreadable name: String, _ sizes: [SymbolicSize]) {
    self.init(name, .u8, sizes)
    isUnreadable = true
  }

  init(members: [ONNXValue], type: StoredType) {
    self.init(nil, type, [])
    self.members = members
  }

  var rank: Int { sizes.count }
  /// The shape, where no size is a symbol.
  var shape: [Int]? {
    let fixed = sizes.compactMap(\.fixed)
    return fixed.count == sizes.count ? fixed : nil
  }
}
