import Checkpoints
import Foundation
import TestSupport
import Testing

/// Pickles that run code where Python loads them: each would make a file if anything in it was called.
///
/// Some name a function that no file of weights has use for, and are refused; the others open, with what they would have
/// called as notes. In both cases no process, no file and no module is made.
@Suite struct CodeRunningPickleTests {
  /// A pickle as text; `FILE` stands for the path that must not appear, `TENSOR` for a tensor called "w" and its value.
  static let pickles: [(name: String, opcodes: String)] = [
    ("os.system", "cos\nsystem\n(S'touch FILE'\ntR."),
    ("posix.system", "cposix\nsystem\n(S'touch FILE'\ntR."),
    ("beside a tensor", "}(TENSORS'x'\ncposix\nsystem\n(S'touch FILE'\ntRu."),
    ("subprocess.Popen", "csubprocess\nPopen\n((S'touch'\nS'FILE'\nltR."),
    ("subprocess.check_output", "csubprocess\ncheck_output\n((S'touch'\nS'FILE'\nltR."),
    ("eval", "c__builtin__\neval\n(S\"open('FILE','w')\"\ntR."),
    ("eval of Python 3", "cbuiltins\neval\n(S\"open('FILE','w')\"\ntR."),
    ("exec", "cbuiltins\nexec\n(S\"open('FILE','w')\"\ntR."),
    ("compile", "cbuiltins\ncompile\n(S\"open('FILE','w')\"\nS''\nS'exec'\ntR."),
    ("open", "cbuiltins\nopen\n(S'FILE'\nS'w'\ntR."),
    ("io.open", "cio\nopen\n(S'FILE'\nS'w'\ntR."),
    ("_io.FileIO", "c_io\nFileIO\n(S'FILE'\nS'w'\ntR."),
    ("__import__", "cbuiltins\n__import__\n(S'os'\ntR."),
    ("importlib", "cimportlib\nimport_module\n(S'antigravity'\ntR."),
    ("runpy", "crunpy\nrun_path\n(S'FILE'\ntR."),
    ("pty.spawn", "cpty\nspawn\n((S'touch'\nS'FILE'\nltR."),
    ("ctypes", "cctypes\nCDLL\n(S'FILE'\ntR."),
    ("shutil.copy", "cshutil\ncopy\n(S'/etc/hostname'\nS'FILE'\ntR."),
    ("pickle within a pickle", "cpickle\nloads\n(S'cos'\ntR."),
    ("INST", "(S'touch FILE'\nios\nsystem\n."),
    ("OBJ", "(cos\nsystem\nS'touch FILE'\no."),
    ("STACK_GLOBAL", "\u{80}\u{4}\u{8c}\u{2}os\u{8c}\u{6}system\u{93}(S'touch FILE'\ntR."),
    ("by the memo", "cos\nsystem\np0\n0}(TENSORS'x'\ng0\n(S'touch FILE'\ntRu."),
    ("reduce chain by getattr", "}(TENSORS'x'\ncbuiltins\ngetattr\n(cproject\nos\nS'system'\ntR(S'touch FILE'\ntRu."),
    ("operator", "}(TENSORS'x'\ncoperator\nattrgetter\n(S'system'\ntR(cproject\nos\ntR(S'touch FILE'\ntRu."),
    ("methodcaller", "coperator\nmethodcaller\n(S'system'\nS'touch FILE'\ntR."),
    ("partial", "}(TENSORS'x'\ncfunctools\npartial\n(cproject\nrun\nS'touch FILE'\ntR(tRu."),
    (
      "copyreg",
      "}(TENSORS'x'\nccopyreg\n_reconstructor\n(cproject\nEvil\nc__builtin__\nobject\nNtR}S'cmd'\nS'touch FILE'\nsbu."
    ),
    (
      "BUILD on __setstate__",
      "}(TENSORS'x'\ncproject\nEvil\n)\u{81}}(S'__setstate__'\ncproject\nrun\nS'cmd'\nS'touch FILE'\nubu."
    ),
    ("BUILD on a class", "}(TENSORS'x'\ncproject\nEvil\n}S'__reduce__'\ncproject\nrun\nsbu."),
    ("a pickle in BytesIO", "}(TENSORS'x'\nc_io\nBytesIO\n(S'cos.system.(S.touch FILE.tR.'\ntRu."),
    ("torch.load of a file within", "}(TENSORS'x'\nctorch.serialization\nload\n(c_io\nBytesIO\n(S'cos'\ntRtRu."),
    ("torch.hub", "}(TENSORS'x'\nctorch.hub\nload\n(S'FILE'\nS'm'\ntRu."),
    (
      "a rebuild of another function",
      "}(TENSORS'x'\nctorch._tensor\n_rebuild_from_type_v2\n(cproject\nrun\ncproject\nEvil\n(S'touch FILE'\ntNtRu."
    ),
    ("a dictionary's default factory", "}(TENSORS'x'\nccollections\ndefaultdict\n(cproject\nrun\ntRu."),
  ]

  static func file(_ opcodes: String, path: String) -> [UInt8] {
    let tensor = PickleGenerator.tensor(storage: 0, count: 24, offset: 0, shape: [2], strides: [1])
    var bytes: [UInt8] = [0x80, 2]
    for (number, part) in opcodes.replacing("FILE", with: path).split(
      separator: "TENSOR", omittingEmptySubsequences: false
    )
    .enumerated() {
      if number > 0 { bytes += Array("X\u{1}\0\0\0w".utf8) + tensor }
      bytes += part.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
    return PickleGenerator.legacyFile(bytes, withStorages: true)
  }

  @Test func nothingRuns() throws {
    #expect(Self.pickles.count >= 30)
    let scratch = Scratch()
    let marker = scratch("marker")
    var opened = 0
    let children = Self.children()
    for (name, opcodes) in Self.pickles {
      do {
        let checkpoint = try Checkpoint.open(bytes: Self.file(opcodes, path: marker))
        #expect(checkpoint["w"] != nil, "\(name)")
        #expect(checkpoint.leftOut == ["x"], "\(name)")
        _ = try checkpoint.verify()
        opened += 1
      } catch let error as CheckpointError {
        #expect(error.kind == .unsafe, "\(name): \(error)")
        #expect(error.found.contains("which can run code"), "\(name): \(error)")
      }
      #expect(scratch.names.isEmpty, "\(name)")
    }
    // Those with harmless names open; the list above has both kinds.
    #expect(opened >= 10)
    #expect(opened <= Self.pickles.count - 15)
    #expect(Self.children() == children)
  }

  /// The processes that this one has started and that live; empty where the system does not tell.
  private static func children() -> [String] {
    let path = "/proc/self/task/\(ProcessInfo.processInfo.processIdentifier)/children"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: " ").map(String.init)
  }

  /// The same files, loaded by Python as it was before `weights_only`, do run: the test above is not empty.
  @Test(.enabled(if: Python.finds("torch"), "needs a python3 with torch"))
  func pythonWouldRunThem() throws {
    let scratch = Scratch()
    let marker = scratch("marker")
    let path = scratch.write("evil.pt", Self.file("cposix\nsystem\n(S'touch FILE'\ntR.", path: marker))
    _ = try Python.run(
      "import sys, torch\ntry: torch.load(sys.argv[1], weights_only=False)\nexcept Exception: pass", path)
    #expect(scratch.names.contains("marker"))
  }
}
