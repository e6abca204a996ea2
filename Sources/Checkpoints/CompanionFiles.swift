#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The small files beside the weights in a model's directory, as Hugging Face lays it out: configuration, tokenizer, model
/// card. They go along where a directory is made out of a directory, so that `from_pretrained` works on it.
public enum CompanionFiles {
  /// The largest file that is taken along.
  public static let sizeLimit = 256 << 20

  private static let endings = [
    ".json", ".txt", ".model", ".md", ".py", ".jinja", ".tiktoken", ".vocab", ".bpe", ".yaml", ".yml", ".jsonl", ".spm",
  ]
  private static let names: Set<String> = [
    "LICENSE", "LICENSE.txt", "NOTICE", "merges.txt", "vocab.txt", ".gitattributes",
  ]

  /// The names of the companions in `directory`, sorted; no indices of shards, no weights.
  public static func names(in directory: String) -> [String] {
    let directory = System.plain(directory)
    return (System.contents(ofDirectory: directory) ?? []).filter { name in
      guard endings.contains(where: name.hasSuffix) || names.contains(name), !name.hasSuffix(".index.json") else {
        return false
      }
      var status = stat()
      return stat("\(directory)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        && Int(status.st_size) <= sizeLimit
    }
  }

  /// Copies the companions of one directory into another; what is there already stays as it is.
  ///
  /// - Returns: the names of the files that were copied.
  /// - Throws: ``CheckpointError`` where one cannot be read or written.
  public static func copy(from directory: String, to target: String) throws(CheckpointError) -> [String] {
    let (directory, target) = (System.plain(directory), System.plain(target))
    var copied: [String] = []
    for name in names(in: directory) where !System.exists("\(target)/\(name)") {
      let source = try MappedFile(path: "\(directory)/\(name)")
      let file = try AtomicFile(target: "\(target)/\(name)", size: source.size, replacing: false)
      try file.write(source.bytes(0..<source.size), at: 0)
      try file.commit()
      copied.append(name)
    }
    return copied
  }

  /// The directory of the checkpoint at `input`, where that is a directory or an index, and that of an output of shards;
  /// nil where one of them is a single file, or both are the same.
  public static func directories(from input: String, to output: String) -> (from: String, to: String)? {
    func directory(_ path: String) -> String? {
      if System.isDirectory(path) { return System.plain(path) }
      return path.hasSuffix(".index.json") ? System.directory(of: path) : nil
    }
    guard let from = directory(input), let to = directory(output), !System.isSame(from, to) else { return nil }
    return (from, to)
  }
}

extension System {
  /// Whether two paths lead to the same file or directory.
  static func isSame(_ left: String, _ right: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(left, &first) == 0 && stat(right, &second) == 0 && first.st_dev == second.st_dev
      && first.st_ino == second.st_ino
  }
}
