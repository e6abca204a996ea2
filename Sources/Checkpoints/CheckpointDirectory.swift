/// Finding the checkpoint in a directory.
enum CheckpointDirectory {
  /// The file to open in `directory`: an index of shards, else a safetensors file, else an index of PyTorch's shards,
  /// else a PyTorch file; the usual name first, else the only one of its kind.
  static func principalFile(of directory: String) throws(CheckpointError) -> String {
    let names = (System.contents(ofDirectory: directory) ?? []).filter { !$0.hasPrefix(".") }
    let kinds: [(usual: [String], suffixes: [String])] = [
      (["model\(ShardIndex.suffix)"], [ShardIndex.suffix]),
      (["model.safetensors"], [".safetensors"]),
      (["pytorch_model\(ShardIndex.pytorchSuffix)"], [ShardIndex.pytorchSuffix]),
      (["pytorch_model.bin", "model.pt"], [".pt", ".pth", ".bin", ".ckpt"]),
    ]
    for kind in kinds {
      let fitting = names.filter { name in kind.suffixes.contains { name.hasSuffix($0) } }
      if let name = kind.usual.first(where: fitting.contains) ?? (fitting.count == 1 ? fitting[0] : nil) {
        return "\(directory)/\(name)"
      }
      guard fitting.isEmpty else {
        let list = fitting.prefix(5).joined(separator: ", ")
        throw CheckpointError(
          .notFound, "open directory", file: directory, expected: "one checkpoint",
          found: "\(fitting.count): \(list)\(fitting.count > 5 ? ", ..." : "")", advice: "name the file you mean")
      }
    }
    throw CheckpointError(
      .notFound, "open directory", file: directory, expected: "a checkpoint (.safetensors, .pt, .pth, .bin, .ckpt)",
      found: "none", advice: "name the file or its directory")
  }
}
