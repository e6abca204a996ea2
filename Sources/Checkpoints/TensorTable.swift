import OrderedCollections

/// Tensors by name, and the files that hold their bytes: what the readers of all formats come down to.
public struct TensorTable: Sendable {
  /// What messages call it: the path of the file or index.
  let path: String
  /// The files; ``TensorInfo/fileIndex`` counts them.
  let files: [MappedFile]
  let byName: OrderedDictionary<String, TensorInfo>
  /// Tensors of shards that their index does not name: other readers do not find them.
  private(set) var unindexed: [String] = []

  init(_ byName: OrderedDictionary<String, TensorInfo>, in files: [MappedFile], path: String) {
    (self.byName, self.files, self.path) = (byName, files, path)
  }

  /// A tensor that must be there, and its file.
  private func find(_ name: String) throws(CheckpointError) -> (TensorInfo, MappedFile) {
    guard let tensor = byName[name] else { throw .noTensor(name, in: path, names: byName.keys) }
    return (tensor, files[tensor.fileIndex])
  }

  fileprivate func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    let (tensor, file) = try find(name)
    return try file.withBytes(of: tensor, body)
  }

  fileprivate func read(
    _ name: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let (tensor, file) = try find(name)
    try file.read(tensor, at: offset, into: buffer)
  }
}

extension TensorTable {
  /// The tables of several shards as one: the shards' files in order, behind them those that some were unpacked into.
  ///
  /// - Parameters:
  ///   - shards: In the order of the index's shards.
  ///   - path: The path of the index.
  ///   - isListed: Whether a shard names a tensor that its table does not have, since it is of a kind that is not read.
  /// - Throws: `CheckpointError` where index and shards disagree.
  init(
    shards: [TensorTable], of index: ShardIndex, path: String, isListed: (_ name: String) -> Bool = { _ in false }
  ) throws(CheckpointError) {
    let names = index.shards
    func disagreement(_ expected: String, _ found: String) -> CheckpointError {
      .damaged(
        "match shards with index", file: path, expected: expected, found: found,
        advice: "index and shards come from different versions: download or save all of them again")
    }
    var byName: OrderedDictionary<String, TensorInfo> = [:]
    byName.reserveCapacity(index.weightMap.count)
    var shardOfFile = Array(shards.indices)
    for (number, shard) in shards.enumerated() {
      let unpacked = shardOfFile.count
      shardOfFile += shard.files.dropFirst().map { _ in number }
      for var tensor in shard.byName.values {
        tensor.fileIndex = tensor.fileIndex == 0 ? number : unpacked + tensor.fileIndex - 1
        if let other = byName.updateValue(tensor, forKey: tensor.name) {
          throw disagreement(
            "tensor \(CheckpointError.quote(tensor.name)) in one shard",
            "it in \(names[shardOfFile[other.fileIndex]]) and \(names[number])")
        }
      }
    }
    for (name, shard) in index.weightMap {
      let found = byName[name].map { names[shardOfFile[$0.fileIndex]] }
      guard found != shard, !isListed(name) else { continue }
      throw disagreement(
        "tensor \(CheckpointError.quote(name)) in \(shard)", found.map { "it in \($0)" } ?? "no such tensor")
    }
    self.init(byName, in: shards.map { $0.files[0] } + shards.flatMap { $0.files.dropFirst() }, path: path)
    unindexed = byName.keys.filter { index.weightMap[$0] == nil }
  }
}

/// A file of tensors, or several, opened read-only: what the readers of all formats can do.
public protocol TensorReader: Sendable {
  /// The tensors and where their bytes lie.
  var table: TensorTable { get }
}

extension TensorReader {
  /// The tensors, in the order of the file or state dict; of shards one after the other.
  public var tensors: [TensorInfo] { table.byName.values.elements }

  /// The tensor called `name`, or nil. O(1).
  public subscript(name: String) -> TensorInfo? { table.byName[name] }

  /// Hands out the bytes of the tensor called `name`, contiguous in row-major order.
  ///
  /// Without a copy where the file holds them so; a strided tensor is gathered into memory of its own size first. The
  /// pointer is valid during the call only, and as aligned as the file is: load elements with `loadUnaligned`.
  /// `bytes.count` is the tensor's ``TensorInfo/byteCount``.
  ///
  /// - Throws: ``CheckpointError`` of kind `notFound`, and whatever `body` throws.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result { try table.withBytes(of: name, body) }

  /// Copies part of a tensor into `buffer`: the `buffer.count` bytes from `offset` on, in row-major order.
  ///
  /// Reads through the file and not through the mapping: memory stays bounded, and a read error is thrown.
  ///
  /// - Throws: ``CheckpointError`` where there is no such tensor, the part leaves the tensor, or reading fails.
  public func read(
    _ name: String, at offset: Int = 0, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) { try table.read(name, at: offset, into: buffer) }
}

extension MappedFile {
  /// Hands out the bytes of a tensor in this file, contiguous; a strided one is gathered first.
  func withBytes<Result>(
    of tensor: TensorInfo, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard tensor.strides != nil else { return try withBytes(tensor.byteRange, body) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 16)
    defer { buffer.deallocate() }
    try StridedGather(tensor, of: self).read(at: 0, into: buffer)
    return try body(UnsafeRawBufferPointer(buffer))
  }

  /// Copies part of a tensor in this file, from logical byte `offset` on.
  func read(
    _ tensor: TensorInfo, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    try tensor.checkPart(at: offset, count: buffer.count, file: path)
    guard tensor.strides != nil else { return try read(at: tensor.byteRange.lowerBound + offset, into: buffer) }
    try StridedGather(tensor, of: self).read(at: offset, into: buffer)
  }
}

extension TensorInfo {
  /// Throws unless `count` bytes from `offset` on lie within the tensor.
  fileprivate func checkPart(at offset: Int, count: Int, file: String) throws(CheckpointError) {
    guard offset >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw CheckpointError(
        .invalidArgument, "read tensor \(CheckpointError.quote(name)) of", file: file,
        expected: "a part of its \(byteCount) bytes", found: "\(count) bytes from \(offset)",
        advice: "ask for bytes within the tensor")
    }
  }
}
