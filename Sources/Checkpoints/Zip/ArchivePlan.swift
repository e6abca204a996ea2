import OrderedCollections

/// What a zip archive being written out of another will consist of, member by member, and where each tensor goes.
struct ArchivePlan {
  /// Where a member's bytes come from.
  enum Content {
    /// Known bytes.
    case bytes([UInt8])
    /// The same bytes as in the input.
    case copy(Range<Int>)
    /// A tensor alone in its storage, written as it comes.
    case stream
    /// A storage that is shared or strided: the input's, with what has changed.
    case patch(Range<Int>)
  }

  struct Member {
    var name: String
    var size: Int
    var content: Content
  }

  private(set) var members: [Member] = []
  /// For each tensor its member and, where it is put into a storage of the input's, how it lies there.
  var places: [String: (member: Int, patches: TensorInfo?)] = [:]
  /// The member that holds the metadata, where there is any.
  let metadataMember: String
  private(set) var metadata: CheckpointMetadata = [:]

  init(metadataMember: String) { self.metadataMember = metadataMember }

  /// Appends a member; returns its number.
  @discardableResult
  mutating func add(_ name: String, size: Int, _ content: Content) -> Int {
    members.append(Member(name: name, size: size, content: content))
    return members.count - 1
  }

  /// Appends the member of the metadata, if there is any.
  mutating func add(_ metadata: CheckpointMetadata) {
    guard !metadata.isEmpty else { return }
    self.metadata = metadata
    let bytes = PyTorchWriter.text(of: metadata)
    add(metadataMember, size: bytes.count, .bytes(bytes))
  }

  /// Appends a storage of the input's with the tensors that lie in it.
  mutating func add(_ name: String, storage range: Range<Int>, holding tensors: [TensorInfo]) {
    let isAlone = tensors.count == 1 && tensors[0].strides == nil && tensors[0].byteRange == range
    let number = add(name, size: range.count, isAlone ? .stream : .patch(range))
    for tensor in tensors { places[tensor.name] = (number, isAlone ? nil : tensor) }
  }
}
