import Checkpoints
import TestSupport
import Testing

/// Files that users of other tools had trouble with, each for its whole kind; `Fixtures/reports`.
@Suite struct ReportsTests {
  func open(_ name: String, stateDict: String? = nil) throws -> Checkpoint {
    try Checkpoint.open(Fixture.path("reports/\(name)"), stateDict: stateDict)
  }

  @Test(arguments: [
    ("07_enum.ckpt", ["state_dict"], ["fc.weight", "fc.bias"], ["stage"]),
    ("07_extra_state_bytesio.pt", [], ["fc.weight", "fc.bias"], ["fc._extra_state"]),
    (
      "07_lightning_attrdict.ckpt", ["state_dict"], ["fc.weight", "fc.bias"],
      ["epoch", "hyper_parameters", "pytorch-lightning_version"]
    ),
    ("07_partial.ckpt", ["state_dict"], ["fc.weight", "fc.bias"], ["act"]),
    ("07_whole_module.pt", ["model"], ["weight", "bias"], ["epoch"]),
    ("08_sparse.pt", [], ["fc.weight", "fc.bias"], ["extra"]),
    ("08_subclass.pt", [], ["fc.weight", "fc.bias", "extra"], []),
    ("30_intkey.pt", [], ["0", "a"], []),
    ("30_gan.pt", [], ["netG.fc.weight", "netG.fc.bias", "netD.fc.weight", "netD.fc.bias"], []),
    (
      "30_megatron.pt", ["model"],
      [
        "language_model.embedding.word_embeddings.weight", "language_model.encoder.layers.0.mlp.weight",
        "language_model.encoder.layers.0.mlp.bias",
      ], ["iteration", "checkpoint_version"]
    ),
    ("bin_sharded", [], ["a.weight", "b.weight"], []),
    ("bin_sharded/pytorch_model.bin.index.json", [], ["a.weight", "b.weight"], []),
  ])
  func opens(name: String, path: [String], tensors: [String], others: [String]) throws {
    let checkpoint = try open(name)
    #expect(checkpoint.stateDictPath == path)
    #expect(checkpoint.tensors.map(\.name) == tensors)
    #expect(checkpoint.leftOut == others)
    #expect(try checkpoint.verify().findings.isEmpty)
    for tensor in checkpoint.tensors { #expect(try checkpoint.withBytes(of: tensor.name) { $0.contains { $0 != 0 } }) }
  }

  @Test func aPartOfTwoNetworksIsTakenWhereAskedFor() throws {
    #expect(try open("30_gan.pt", stateDict: "netD").tensors.map(\.name) == ["fc.weight", "fc.bias"])
  }

  @Test func shardsOfPyTorchAreOneCheckpoint() throws {
    let checkpoint = try open("bin_sharded")
    #expect(checkpoint.format == .shardedPyTorch)
    #expect(checkpoint.formatDescription == "sharded PyTorch, 2 files")
    #expect(checkpoint.tensors.map(\.fileIndex) == [0, 1])
    #expect(checkpoint.files.count == 2)
    let scratch = Scratch()
    try Checkpoint.write(
      checkpoint.sources(), as: .shardedSafetensors(limit: 1 << 30), to: scratch("out/"), like: checkpoint)
    let written = try Checkpoint.open(scratch("out"))
    #expect(written.files.count == 2)
    #expect(try checkpoint.differences(from: written).allSatisfy(\.isEqual))
  }

  @Test func spectralNormIsNoOrphanOfPruning() throws {
    #expect(try open("01_norms.pt").verify().findings.isEmpty)
  }
}
