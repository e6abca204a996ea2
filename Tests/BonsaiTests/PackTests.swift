import Checkpoints
import Foundation
import Testing

@Suite struct PackTests {
  let scratch = Scratch()

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  /// The file that Python's safetensors has written comes back byte for byte.
  @Test(arguments: ["lenet_pruned90_removed.safetensors", "lenet.safetensors", "lenet_bf16.safetensors"])
  func unpackGivesBackTheFile(name: String) throws {
    let packed = try bonsai("pack", fixture(name), "-o", scratch("packed.safetensors"))
    #expect(packed.status == 0 && packed.error == "")
    #expect(try bonsai("verify", "--allow-nonfinite", scratch("packed.safetensors")).status == 0)
    guard name == "lenet_pruned90_removed.safetensors" else {
      // Nothing became smaller: packing has copied the file.
      return #expect(try bytes(scratch("packed.safetensors")) == bytes(fixture(name)))
    }
    #expect(try bonsai("unpack", scratch("packed.safetensors"), "-o", scratch("dense.safetensors")).status == 0)
    #expect(try bytes(scratch("dense.safetensors")) == bytes(fixture(name)))
  }

  @Test func saysHowMuchSmaller() throws {
    let path = scratch("packed.safetensors")
    let outcome = try bonsai("pack", fixture("lenet_pruned90_removed.safetensors"), "-o", path)
    #expect(outcome.output == "\(path): 5 tensors packed, 247.6 kB to 45.0 kB (18.2 %)\n")
    let json = try bonsai(
      "pack", fixture("lenet_pruned90_removed.safetensors"), "-o", path, "--force", "--json", "--drop-zero-signs"
    ).json()
    #expect(json["tensors"] as? Int == 5 && json["input_bytes"] as? Int == 247_560)
    #expect(try #require(json["output_bytes"] as? Int) < 37_500)
    #expect(try bonsai("diff", path, path).status == 0)
    let dense = try bonsai("pack", fixture("lenet.safetensors"), "-o", path, "--force")
    #expect(dense.output == "\(path): copied; no tensor becomes smaller by packing, 247.6 kB to 247.6 kB (100 %)\n")
  }

  /// What a header says of its parts can be more than a small tensor saves.
  @Test func smallTensorsStayAsTheyAre() throws {
    let entries = (0..<64).map { $0 % 2 == 0 ? Float($0) : 0 }
    let input = scratch("small.safetensors")
    try SafetensorsWriter.write(
      (0..<20).map { TensorSource(name: "layers.\($0).weight", type: .f32, shape: [8, 8], elements: entries) },
      to: input)
    let outcome = try bonsai("pack", input, "-o", scratch("p.safetensors"))
    #expect(outcome.status == 0 && outcome.output.contains("no tensor becomes smaller by packing"), "\(outcome)")
    #expect(try bytes(scratch("p.safetensors")) == bytes(input))
  }

  /// Only the signs of zeros go.
  @Test func zeroSignsAreDroppedWhereAskedFor() throws {
    let input = fixture("lenet_pruned90_removed.safetensors")
    #expect(try bonsai("pack", "--drop-zero-signs", input, "-o", scratch("p.safetensors")).status == 0)
    #expect(try bonsai("unpack", scratch("p.safetensors"), "-o", scratch("u.safetensors")).status == 0)
    let all = try Checkpoint.open(input).differences(from: Checkpoint.open(scratch("u.safetensors")))
    #expect(all.allSatisfy(\.isEqual) && all.contains { !$0.hasSameBytes })
  }

  @Test func replacesOnlyWhenForced() throws {
    let path = scratch("out.safetensors")
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    for command in ["pack", "unpack", "convert"] {
      let outcome = try bonsai(command, fixture("lenet.safetensors"), "-o", path)
      #expect(outcome.status == 2)
      #expect(
        outcome.error == "bonsai: write '\(path)': expected no file of that name yet, found one; "
          + "choose another name, or give --force to replace it\n")
      #expect(try bytes(path) == Data("precious".utf8))
    }
    #expect(try bonsai("convert", fixture("lenet.safetensors"), "-o", path, "--force").status == 0)
    // Input and output may be the same then.
    #expect(try bonsai("convert", path, "-o", path, "--force").status == 0)
    #expect(try bytes(path) == bytes(fixture("lenet.safetensors")))
    #expect(scratch.names == ["out.safetensors"])
  }

  /// Parts stay in the shard of their tensor, and come back to it.
  @Test func shardsArePackedAsShards() throws {
    let input = fixture("lenet_pruned90_removed.safetensors")
    #expect(try bonsai("convert", input, "-o", scratch("a/"), "--shard-size", "50000").status == 0)
    #expect(try bonsai("pack", scratch("a"), "-o", scratch("b/")).status == 0)
    #expect(try bonsai("unpack", scratch("b"), "-o", scratch("c/")).status == 0)
    let shards = try ["a", "b", "c"].map { try Checkpoint.open(scratch($0)) }
    #expect(shards.map(\.files.count) == [3, 3, 3] && shards[0].tensors == shards[2].tensors)
    #expect(shards[1]["fc1.bitmask"]?.fileIndex == shards[0]["fc1.weight"]?.fileIndex)
    for (first, second) in zip(shards[0].files, shards[2].files) { #expect(try bytes(first) == bytes(second)) }
  }
}
