import Checkpoints
import Foundation
import Testing

@testable import bonsai

@Suite("Training checkpoints, directories and tied weights")
struct KeepRestTests {
  let scratch = Scratch()

  @Test("--keep-rest keeps all but the pruned values, byte for byte", .enabled(if: hasTorch))
  func keepsTheRest() throws {
    let made = try python(
      """
      import sys, torch
      torch.manual_seed(3)
      model = torch.nn.Sequential(torch.nn.Linear(30, 20), torch.nn.ReLU(), torch.nn.Linear(20, 30))
      optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
      model(torch.randn(4, 30)).sum().backward()
      optimizer.step()
      flat = torch.randn(500)
      state = model.state_dict()
      state["tied.weight"] = state["0.weight"]
      state["view.weight"] = flat[100:500].view(20, 20)
      state["strided.weight"] = torch.randn(12, 14).t()
      torch.save({"epoch": 3, "model": state, "optimizer": optimizer.state_dict(), "flat": {"all": flat},
                  "best": (0.5, "x"), "rng": torch.get_rng_state()}, sys.argv[1])
      """, [scratch("in.ckpt")])
    #expect(made.status == 0, "\(made.error)")
    let kept = try bonsai(
      "prune", scratch("in.ckpt"), "-o", scratch("kept.ckpt"), "--state-dict", "model", "--amount", "0.5", "--keep-rest"
    )
    #expect(kept.status == 0 && kept.error == "", "\(kept.error)")
    let plain = try bonsai(
      "prune", scratch("in.ckpt"), "-o", scratch("plain.pt"), "--state-dict", "model", "--amount", "0.5")
    #expect(plain.status == 0 && plain.error.contains("optimizer") && plain.error.contains("--keep-rest keeps it"))
    let compared = try python(
      """
      import sys, torch, zipfile
      before, kept, plain = (torch.load(p, weights_only=False) for p in sys.argv[1:4])
      assert list(kept) == list(before) and kept["epoch"] == 3 and kept["best"] == (0.5, "x")
      assert torch.equal(kept["rng"], before["rng"])
      for name, value in kept["model"].items():
          assert torch.equal(value, plain[name]), name
          assert value.stride() == before["model"][name].stride()
          if name.endswith("weight"): assert (value == 0).any() and not (before["model"][name] == 0).any(), name
      assert kept["model"]["tied.weight"].data_ptr() == kept["model"]["0.weight"].data_ptr()
      assert torch.equal(kept["flat"]["all"][100:].view(20, 20), kept["model"]["view.weight"])
      assert torch.equal(kept["flat"]["all"][:100], before["flat"]["all"][:100])
      assert str(kept["optimizer"]) == str(before["optimizer"])
      a, b = zipfile.ZipFile(sys.argv[1]), zipfile.ZipFile(sys.argv[2])
      assert b.testzip() is None
      pickle = next(n for n in a.namelist() if n.endswith("/data.pkl"))
      assert a.read(pickle) == b.read(pickle)
      new = [n for n in b.namelist() if n not in a.namelist()]
      assert len(new) == 1 and new[0].endswith("bonsai_metadata.json"), new
      print("same")
      """, [scratch("in.ckpt"), scratch("kept.ckpt"), scratch("plain.pt")])
    #expect(compared.output == "same\n", "\(compared.error)")
    // Once more on its own output, with the record of both.
    let again = try bonsai(
      "prune", scratch("kept.ckpt"), "-o", scratch("kept.ckpt"), "--state-dict", "model", "--sparsity", "0.7",
      "--keep-rest", "--force")
    #expect(again.status == 0)
    let metadata = try Checkpoint.open(scratch("kept.ckpt"), stateDict: "model").metadata
    #expect(metadata["bonsai.1.command"] != nil && metadata["bonsai.2.command"] != nil)
    #expect(try bonsai("verify", scratch("kept.ckpt"), "--state-dict", "model").status == 0)
  }

  @Test("what --keep-rest cannot do is refused before anything is written")
  func refusals() throws {
    let lenet = fixture("lenet_dict.pt")
    for (arguments, status, message) in [
      ([lenet, "-o", scratch("a.safetensors")], Int32(64), "an output that ends in .pt"),
      ([lenet, "-o", scratch("a.pt"), "--masks"], 64, "zeros, since masks would need other names"),
      ([fixture("lenet.safetensors"), "-o", scratch("a.pt")], 2, "a PyTorch file as input"),
      ([fixture("lenet_legacy.pt"), "-o", scratch("a.pt")], 2, "found the legacy layout"),
      ([fixture("formats/deflated.pt"), "-o", scratch("a.pt")], 2, "found deflated members"),
    ] {
      let outcome = try run("bonsai", ["prune"] + arguments + ["--amount", "0.5", "--keep-rest"])
      #expect(outcome.status == status && outcome.error.contains(message), "\(outcome.error)")
    }
    #expect(scratch.names == [])
  }

  @Test("a directory of one file becomes a directory of one file")
  func singleFile() throws {
    let files = FileManager.default
    try files.createDirectory(atPath: scratch("in"), withIntermediateDirectories: false)
    try files.copyItem(atPath: fixture("lenet.safetensors"), toPath: scratch("in/model.safetensors"))
    try Data("{}".utf8).write(to: URL(fileURLWithPath: scratch("in/config.json")))
    func names(_ directory: String) throws -> [String] {
      try files.contentsOfDirectory(atPath: scratch(directory)).sorted()
    }

    let outcome = try bonsai("prune", scratch("in"), "-o", scratch("out/"), "--amount", "0.5")
    #expect(outcome.status == 0)
    #expect(try names("out") == ["config.json", "model.safetensors"])
    let refused = try bonsai("prune", scratch("in"), "-o", scratch("out/"), "--amount", "0.6")
    #expect(refused.status == 2 && refused.error.contains("give --force to replace it"))
    #expect(try bonsai("prune", scratch("in"), "-o", scratch("in"), "--amount", "0.5", "--force").status == 0)
    #expect(try names("in") == ["config.json", "model.safetensors"])
    #expect(try bonsai("diff", scratch("in"), scratch("out")).status == 0)
    // An index that is there is kept, or readers would go on with the old one.
    #expect(try bonsai("convert", scratch("in"), "-o", scratch("shards/"), "--shard-size", "50000").status == 0)
    #expect(try names("shards").contains("model.safetensors.index.json"))
    #expect(try bonsai("convert", scratch("in"), "-o", scratch("shards/"), "--force").status == 0)
    #expect(try bonsai("diff", scratch("in"), scratch("shards")).status == 0)
    // A directory that was made for a run that fails goes again.
    let failed = try bonsai("prune", scratch("in"), "-o", scratch("none/"), "--count", "100000000")
    #expect(failed.status == 2)
    #expect(!files.fileExists(atPath: scratch("none")))
  }

  @Test("a head that is tied to an embedding is left alone, and that is said", .enabled(if: hasTorch))
  func tiedHead() throws {
    let made = try python(
      """
      import sys, torch
      table = torch.randn(20, 8)
      torch.save({"model.embed_tokens.weight": table, "model.mlp.weight": torch.randn(8, 8), "lm_head.weight": table},
                 sys.argv[1])
      """, [scratch("in.pt")])
    #expect(made.status == 0)
    let outcome = try bonsai("prune", scratch("in.pt"), "-o", scratch("out.pt"), "--amount", "0.5")
    #expect(
      outcome.error
        == "bonsai: note: 'lm_head.weight' is left alone: it shares its memory with 'model.embed_tokens.weight', "
        + "embedding; --include prunes both\n")
    for option in [["--include", "lm_head"], ["--exclude", "lm_head"]] {
      let asked = try run("bonsai", ["prune", scratch("in.pt"), "--dry-run", "--amount", "0.5"] + option)
      #expect(asked.status == 0 && asked.error == "")
    }
  }
}
