import Checkpoints
import Foundation
import Testing

/// Files that users of other tools had trouble with, through the commands; the fixtures of the tests of Checkpoints.
@Suite struct ReportsTests {
  let scratch = Scratch()

  func roles(_ name: String) throws -> [String: String] {
    let json = try bonsai("inspect", "--headers-only", "--json", fixture("reports/\(name)")).json()
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    #expect(tensors.allSatisfy { ($0["role_reason"] as? String)?.isEmpty == false })
    return Dictionary(
      uniqueKeysWithValues: tensors.compactMap { one in
        (one["name"] as? String).flatMap { name in (one["role"] as? String).map { (name, $0) } }
      })
  }

  @Test func inspectTellsRoles() throws {
    #expect(
      try roles("03_buffers.pt") == [
        "sa.tril": "mask", "pos_encoder.pe": "positional", "shared.weight": "embedding", "cls_token": "embedding",
        "ssm.A_log": "other", "lin.weight": "weight",
      ])
    #expect(
      try roles("02_gptq.safetensors") == [
        "l.g_idx": "scale", "l.qweight": "quantised", "l.qzeros": "scale", "l.scales": "scale",
        "other.weight": "weight",
      ])
    #expect(
      try roles("02_mlx4bit.safetensors") == [
        "l.weight": "quantised", "l.biases": "scale", "l.scales": "scale", "norm.weight": "norm",
      ])
    let norms = try roles("01_norms.pt")
    #expect(norms["a.weight_g"] == "factor" && norms["a.weight_v"] == "factor")
    #expect(norms["b.parametrizations.weight.original0"] == "factor")
    #expect(norms["c.weight_orig"] == "weight" && norms["c.weight_u"] == "buffer")
    #expect(norms["d.parametrizations.weight.original"] == "weight")
    let text = try bonsai("inspect", fixture("reports/02_gptq.safetensors")).output
    #expect(text.contains("scale       scale or order of the quantised l.qweight"))
  }

  @Test func whatIsBesideIsShownWithItsKind() throws {
    let outcome = try bonsai("inspect", "--headers-only", fixture("reports/07_lightning_attrdict.ckpt"))
    #expect(
      outcome.lines[1] == "beside them: epoch (a number), hyper_parameters (an object of "
        + "\"lightning.fabric.utilities.data.AttributeDict\", not made), pytorch-lightning_version (text)")
  }

  @Test func namesAreChangedAsSedDoes() throws {
    let input = fixture("reports/10_compiled_inner.pt")
    let output = scratch("plain.safetensors")
    let dry = try bonsai(
      "convert", input, "--rename", #"s/_orig_mod\.//g"#, "--rename", "s,^module.,,", "--dry-run", "--json")
    let names = try #require(try dry.json()["names"] as? [[String: String]])
    #expect(names.compactMap { $0["to"] } == ["fc.weight", "net.0.weight", "net.0.bias"])
    #expect(scratch.names == [])
    let text = try bonsai("convert", input, "--rename", #"s/_orig_mod\.//"#, "--dry-run")
    #expect(text.status == 0 && text.output.contains("3 of 3 names would change"))
    #expect(
      try bonsai("convert", input, "-o", output, "--rename", #"s/([a-z]+)\.0\._orig_mod\.(.*)/\1.\2/"#).status == 0)
    let written = try Checkpoint.open(output)
    #expect(written.tensors.map(\.name) == ["_orig_mod.module.fc.weight", "net.weight", "net.bias"])
    #expect(written.metadata == ["format": "pt"])
    let original = try Checkpoint.open(input)
    for (name, before) in [("net.weight", "net.0._orig_mod.weight"), ("net.bias", "net.0._orig_mod.bias")] {
      #expect(try written.withBytes(of: name) { Array($0) } == original.withBytes(of: before) { Array($0) })
    }
  }

  @Test(arguments: [
    ("s/.*/x/", 2, "another name for each tensor, found 'x'"), ("s/.*//", 2, "a name for each tensor, found none"),
    ("y/a/b/", 64, "expected a substitution"), ("s/(/x/", 64, "a regular expression"),
    ("s/a/b", 64, "expected a substitution"),
    ("s/a/b/i", 64, "expected a substitution"),
  ])
  func wrongChangesAreRefused(change: String, status: Int, message: String) throws {
    let outcome = try bonsai(
      "convert", fixture("reports/10_compiled_inner.pt"), "-o", scratch("x.pt"), "--rename", change)
    #expect(Int(outcome.status) == status && outcome.error.contains(message), "\(outcome.error)")
    #expect(scratch.names == [])
  }

  @Test(arguments: ["24_sparse24.safetensors", "24_bitmask.safetensors"])
  func layoutsOfCompressedTensorsAreUnpacked(name: String) throws {
    let output = scratch("dense.safetensors")
    #expect(try bonsai("verify", fixture("reports/\(name)")).status == 0)
    #expect(try bonsai("unpack", fixture("reports/\(name)"), "-o", output).status == 0)
    let dense = try Checkpoint.open(output)
    let expected = try Checkpoint.open(fixture("reports/24_dense.safetensors"))
    #expect(dense.tensors.map(\.spec) == expected.tensors.map(\.spec))
    let bytes = try dense.withBytes(of: "l.weight") { Array($0.assumingMemoryBound(to: Float.self)) }
    let whole = try expected.withBytes(of: "l.weight") { Array($0.assumingMemoryBound(to: Float.self)) }
    for place in stride(from: 0, to: whole.count, by: 4) {
      let four = whole[place..<place + 4]
      let kept = Set(four.indices.sorted { abs(whole[$0]) > abs(whole[$1]) }.prefix(2))
      #expect(four.indices.allSatisfy { bytes[$0] == (kept.contains($0) ? whole[$0] : 0) })
    }
    // The packed file is compared as what it holds.
    #expect(try bonsai("diff", fixture("reports/\(name)"), output).status == 0)
    let both = try bonsai("diff", fixture("reports/24_dense.safetensors"), fixture("reports/\(name)"))
    #expect(both.status == 0 && both.output.contains("equal: 1 tensor with the same types, shapes and values"))
  }

  @Test func aDamagedTwoOfFourIsFound() throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture("reports/24_sparse24.safetensors"))))
    let checkpoint = try Checkpoint.open(fixture("reports/24_sparse24.safetensors"))
    let place = try #require(checkpoint["l.bitmask"]).byteRange.lowerBound
    bytes[place] = bytes[place] & 0xf0 | 0x7
    try Data(bytes).write(to: URL(fileURLWithPath: scratch("damaged.safetensors")))
    let outcome = try bonsai("verify", scratch("damaged.safetensors"))
    #expect(outcome.status == 2 && outcome.error.contains("two of each four elements kept"), "\(outcome.error)")
  }

  @Test func unpackingNothingIsSaid() throws {
    let outcome = try bonsai("unpack", fixture("lenet.safetensors"), "-o", scratch("x.safetensors"))
    #expect(outcome.status == 1)
    #expect(outcome.output == "\(fixture("lenet.safetensors")): no tensor is packed; nothing was written\n")
    #expect(scratch.names == [])
  }

  @Test func aDirectoryTakesItsSmallFilesAlong() throws {
    let (from, to) = (scratch("model"), scratch("out"))
    try FileManager.default.createDirectory(atPath: from, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: fixture("reports/bin_sharded")) {
      try FileManager.default.copyItem(atPath: fixture("reports/bin_sharded/\(name)"), toPath: "\(from)/\(name)")
    }
    for name in ["config.json", "tokenizer.model", "vocab.txt", "picture.png"] {
      try Data(name.utf8).write(to: URL(fileURLWithPath: "\(from)/\(name)"))
    }
    let outcome = try bonsai("convert", from, "-o", to)
    #expect(outcome.status == 0)
    #expect(outcome.error == "bonsai: note: copied beside the weights: config.json, tokenizer.model, vocab.txt\n")
    let names = try FileManager.default.contentsOfDirectory(atPath: to).sorted()
    #expect(
      names == [
        "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
        "model.safetensors.index.json", "tokenizer.model", "vocab.txt",
      ])
    #expect(try String(contentsOfFile: "\(to)/config.json", encoding: .utf8) == "config.json")
    #expect(try bonsai("diff", from, to).status == 0)
    #expect(try Checkpoint.open(to).metadata == ["format": "pt"])
  }

  /// Floats of 8 bits are pruned as exactly as others: the smallest magnitudes go, the rest and the scales stay.
  @Test func floatsOfEightBitsArePruned() throws {
    let input = fixture("reports/02_fp8.safetensors")
    let output = scratch("fp8.safetensors")
    let outcome = try bonsai("prune", input, "-o", output, "--only", #"^l\.weight$"#, "--amount", "0.5")
    #expect(outcome.status == 0, "\(outcome.error)")
    let (before, after) = (try Checkpoint.open(input), try Checkpoint.open(output))
    for tensor in before.tensors where tensor.name != "l.weight" {
      #expect(
        try before.withBytes(of: tensor.name) { Array($0) } == after.withBytes(of: tensor.name) { Array($0) },
        "\(tensor.name)")
    }
    let old = try before.withBytes(of: "l.weight") { Array($0) }
    let new = try after.withBytes(of: "l.weight") { Array($0) }
    let zeros = new.indices.filter { new[$0] & 0x7f == 0 }
    #expect(zeros.count == max(2048, old.count { $0 & 0x7f == 0 }))
    let cut = zeros.map { old[$0] & 0x7f }.max() ?? 0
    #expect(
      new.indices.allSatisfy {
        new[$0] & 0x7f == 0 ? new[$0] == old[$0] & 0x80 : new[$0] == old[$0] && old[$0] & 0x7f >= cut
      })
  }
}
