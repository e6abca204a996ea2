/// What the code in a TorchScript archive says about the attributes of its classes. It is scanned as text, never run.
enum TorchScriptCode {
  /// The names of parameters and buffers by class, for the classes of some objects.
  ///
  /// A class `__torch__.vad.Encoder` stands in `code/__torch__/vad.py`, with `__parameters__ = ["weight", ]` and `__buffers__`
  /// below its name. Classes that are not found there are left out.
  static func attributes(
    of classes: Set<String>, in archive: ZipArchive, prefix: String
  ) throws(CheckpointError) -> [String: Set<String>] {
    var texts: [String: [Substring]] = [:]
    var found: [String: Set<String>] = [:]
    for name in classes {
      let parts = name.split(separator: ".")
      guard parts.first == "__torch__", parts.count >= 2, let type = parts.last else { continue }
      let path = "\(prefix)/code/\(parts.dropLast().joined(separator: "/")).py"
      if texts[path] == nil, let entry = archive[path], entry.size <= 1 << 24 {
        texts[path] = String(decoding: try archive.contents(of: entry, limit: 1 << 24), as: UTF8.self)
          .split(separator: "\n")
      }
      guard let lines = texts[path], let start = lines.firstIndex(where: { $0.hasPrefix("class \(type)(") }) else {
        continue
      }
      var names: Set<String> = []
      for line in lines[(start + 1)...].prefix(while: { !$0.hasPrefix("class ") })
      where line.contains("__parameters__ = [") || line.contains("__buffers__ = [") {
        let quoted = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        names.formUnion(quoted.filter { $0.offset % 2 == 1 }.map { String($0.element) })
      }
      found[name] = names
    }
    return found
  }
}
