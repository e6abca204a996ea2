/// The shards that go out of use when an index is replaced, written down before it is, so that a run that was killed in
/// between is cleaned up by the next one.
///
/// The note `.INDEX.bonsai-shards` lists the shards of the earlier and of the new checkpoint. Whatever it lists and the
/// present index does not name is of no use to anyone and is deleted with the note.
struct ObsoleteShards {
  private let index: String
  private let directory: String
  private let note: String

  init(index: String) {
    self.index = index
    directory = System.directory(of: index)
    note = "\(directory)/.\(System.lastComponent(index)).bonsai-shards"
  }

  /// Replaces the index by `replace`, which puts the `new` shards and then the index in place; files that it puts out of
  /// use are noted before and deleted after.
  func whileReplacing(with new: [String], _ replace: () throws -> Void) throws {
    let lock = DirectoryLock(directory)
    defer { withExtendedLifetime(lock) {} }
    let present = System.exists(index) ? (try? ShardIndex.read(path: index))?.shards ?? [] : []
    let file = try AtomicFile(target: note)
    try file.write([UInt8]((present + new).joined(separator: "\n").utf8), at: 0)
    try file.commit()
    try replace()
    sweepLocked()
  }

  /// Deletes what the note lists and the present index does not name; then the note.
  ///
  /// An index that is there but unreadable keeps everything. The lock makes sure that the note is not that of a writer at
  /// work.
  func sweep() {
    let lock = DirectoryLock(directory)
    defer { withExtendedLifetime(lock) {} }
    sweepLocked()
  }

  private func sweepLocked() {
    guard System.exists(note), let file = try? MappedFile(path: note), file.size < 1 << 24 else { return }
    var keep = Set<String>()
    if System.exists(index) {
      guard let present = try? ShardIndex.read(path: index) else { return }
      keep = Set(present.shards)
    }
    let names = String(decoding: file.bytes(0..<file.size), as: UTF8.self).split(separator: "\n").map(String.init)
    for name in names where ShardIndex.isPlain(name) && !keep.contains(name) {
      System.remove("\(directory)/\(name)")
    }
    System.remove(note)
  }
}
