import Checkpoints
import Foundation
import Graphs
import NN
import Testing
import Torch

@testable import Runtime

/// Exported models read and written again.
@Suite(.serialized, .enabled(if: hasTorch, "needs a python3 with torch and safetensors")) struct ProgramTests {
  let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-programs-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) }

  /// Names of archives whose members are not those of another folder's, byte for byte.
  private func differing(_ names: [String]) throws -> [String] {
    let result = try python(
      [
        "-c",
        """
        import sys, zipfile
        here, there = sys.argv[1:3]
        for name in sys.argv[3:]:
            a, b = zipfile.ZipFile(f"{here}/{name}.pt2"), zipfile.ZipFile(f"{there}/{name}.pt2")
            same = a.testzip() is None and a.namelist() == b.namelist()
            if not (same and all(a.read(n) == b.read(n) for n in a.namelist())): print(name)
        """, scratch.path, try #require(Exported.folder).path,
      ] + names)
    #expect(result.status == 0)
    return result.output.split(separator: "\n").map(String.init)
  }

  @Test func unchangedModelsComeOutByteForByte() throws {
    for name in GraphModuleTests.names {
      let program = try ExportedProgram(contentsOf: Exported.path("\(name).pt2"))
      let path = scratch.appendingPathComponent("\(name).pt2").path
      try program.write(to: path)
      // Also where the graph is written anew.
      var touched = program
      touched.graph.inputTree = nil
      #expect(try touched.graphText() == program.graphText(), "\(name)")
    }
    #expect(try differing(GraphModuleTests.names) == [])
  }

  @Test func pythonLoadsWhatIsWritten() throws {
    let names = ["convolutions", "lstm", "rotary", "tied", "dictionary", "precision"]
    for name in names {
      var program = try ExportedProgram(contentsOf: Exported.path("\(name).pt2"))
      program.graph.removeDeadNodes()
      try program.write(to: scratch.appendingPathComponent("\(name).pt2").path)
    }
    let result = try python(
      [
        "-c",
        """
        import sys, torch
        from safetensors.torch import load_file
        torch.set_num_threads(1)
        here, there = sys.argv[1:3]
        for name in sys.argv[3:]:
            module = torch.export.load(f"{here}/{name}.pt2").module()
            original = torch.export.load(f"{there}/{name}.pt2").module()
            recorded = load_file(f"{there}/{name}.2.safetensors")
            inputs = [recorded[f"x{i}"] for i in range(16) if f"x{i}" in recorded]
            flat = torch.utils._pytree.tree_leaves
            print(name, all(torch.equal(y, z) for y, z in zip(flat(module(*inputs)), flat(original(*inputs)), strict=True)))
        """, scratch.path, try #require(Exported.folder).path,
      ] + names)
    #expect(result.output.split(separator: "\n").map(String.init) == names.map { "\($0) True" })
  }
}
