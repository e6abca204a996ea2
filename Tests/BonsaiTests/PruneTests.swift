import Checkpoints
import Foundation
import Testing

@testable import bonsai

@Suite struct PruneTests {
  let scratch = Scratch()
  let lenet = fixture("lenet.safetensors")

  @Test func printsATable() throws {
    let path = scratch("half.safetensors")
    let outcome = try bonsai("prune", lenet, "-o", path, "--amount", "0.5")
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(
      outcome.lines.dropLast(2) == [
        "tensor         type   shape            entries   pruned   sparsity",
        "──────────────────────────────────────────────────────────────────",
        "conv1.weight   F32    6 x 1 x 5 x 5        150       33    22.00 %",
        "conv2.weight   F32    16 x 6 x 5 x 5     2 400      814    33.92 %",
        "fc1.weight     F32    120 x 400         48 000   25 139    52.37 %",
        "fc2.weight     F32    84 x 120          10 080    4 501    44.65 %",
        "fc3.weight     F32    10 x 84              840      248    29.52 %",
        "all                                     61 470   30 735    50.00 %",
        "",
        "30 735 of 61 470 weights pruned, 50.00 %; 61 706 parameters in all",
        "left alone, by role: 5 bias",
      ])
    #expect(outcome.lines[11].hasPrefix("246.8 kB written to \(path) in "))
    // The digest is that of the file, and the command is one that could be given again.
    let metadata = try Checkpoint.open(path).metadata
    #expect(metadata["bonsai.1.command"] == "bonsai prune \(lenet) -o \(path) --amount 0.5")
    #expect(
      metadata["bonsai.1.sha256.lenet.safetensors"]
        == "131f0aa2ac9e98dd96c825a184e16124b21ee430ac96eec4db49242c98b746c2")

    let bare = scratch("bare.safetensors")
    _ = try bonsai("prune", lenet, "-o", bare, "--amount", "0.5", "--no-digest")
    let left = try Checkpoint.open(bare).metadata
    #expect(left["bonsai.1.command"] != nil && left["bonsai.1.sha256.lenet.safetensors"] == nil)
  }

  @Test func printsJSON() throws {
    let outcome = try bonsai(
      "prune", lenet, "-o", scratch("a.pt"), "--amount", "25%", "--distribution", "uniform", "--masks", "--json")
    let json = try outcome.json()
    #expect(json["pruned"] as? Int == 15368 && json["entries"] as? Int == 61470 && json["form"] as? String == "masks")
    #expect(json["output"] as? String == scratch("a.pt"))
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    #expect(tensors.map { $0["name"] as? String } == ["conv1", "conv2", "fc1", "fc2", "fc3"].map { "\($0).weight" })
    #expect(tensors.map { $0["pruned"] as? Int } == [38, 600, 12000, 2520, 210])
    #expect(try #require(json["sha256"] as? [String: String]).keys.contains("lenet.safetensors"))
  }

  @Test func aDryRunWritesNothing() throws {
    let dry = try bonsai("prune", lenet, "--count", "1000", "--dry-run", "-o", scratch("none.pt"), "--json").json()
    #expect(dry["pruned"] as? Int == 1000 && dry["output"] is NSNull || dry["output"] == nil)
    #expect(scratch.names == [])
    let wet = try bonsai("prune", lenet, "--count", "1000", "-o", scratch("some.pt"), "--json").json()
    #expect(
      NSArray(array: try #require(dry["tensors"] as? [Any])) == NSArray(array: try #require(wet["tensors"] as? [Any])))
  }

  @Test func drawsAPicture() throws {
    let outcome = try bonsai(
      "prune", lenet, "--pattern", "structured", "--norm", "2", "--amount", "0.5", "--dry-run", "--plot",
      scratch("p.svg"))
    #expect(outcome.status == 0)
    let svg = try String(contentsOfFile: scratch("p.svg"), encoding: .utf8)
    #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
    let widths = svg.split(separator: "<rect ").dropFirst().compactMap { rectangle in
      rectangle.firstMatch(of: /width="([^"]*)"/).map { String($0.1) }
    }
    // The ground and a bar for each tensor, half as wide as the picture's scale.
    #expect(widths == ["100%", "240.0", "240.0", "240.0", "240.0", "240.0"])
    let again = try bonsai("prune", lenet, "--amount", "0.5", "--dry-run", "--plot", scratch("p.svg"))
    #expect(
      again.status == 2 && again.error.hasSuffix("found one; choose another name, or give --force to replace it\n"))
  }

  @Test func masksBecomePermanent() throws {
    #expect(try bonsai("prune", lenet, "-o", scratch("masks.pt"), "--amount", "0.5", "--masks").status == 0)
    #expect(try bonsai("prune", lenet, "-o", scratch("zeros.pt"), "--amount", "0.5").status == 0)
    #expect(try bonsai("remove", scratch("masks.pt"), "-o", scratch("removed.pt")).status == 0)
    #expect(try bonsai("diff", scratch("zeros.pt"), scratch("removed.pt")).status == 0)
    #expect(try bonsai("verify", scratch("masks.pt")).status == 0)
    let some = try bonsai("remove", scratch("masks.pt"), "-o", scratch("some.safetensors"), "--only", "^fc")
    #expect(some.status == 0)
    let names = try Checkpoint.open(scratch("some.safetensors")).tensors.map(\.name)
    #expect(
      names.prefix(6) == [
        "conv1.bias", "conv1.weight_orig", "conv1.weight_mask", "conv2.bias", "conv2.weight_orig", "conv2.weight_mask",
      ])
    #expect(names.suffix(6) == ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight", "fc3.bias", "fc3.weight"])
    let none = try bonsai("remove", lenet, "-o", scratch("x.pt"))
    #expect(
      none.status == 2 && none.error.hasPrefix("bonsai: make masks permanent in '\(lenet)': expected pairs NAME_orig"))
  }

  @Test func masksComeFromAFile() throws {
    #expect(try bonsai("prune", lenet, "-o", scratch("masks.pt"), "--amount", "0.5", "--masks").status == 0)
    let twice = try bonsai("prune", lenet, "-o", scratch("again.pt"), "--masks-from", scratch("masks.pt"), "--masks")
    #expect(twice.status == 0)
    #expect(try bonsai("diff", scratch("masks.pt"), scratch("again.pt")).status == 0)
  }

  @Test func rulesComeFromAFile() throws {
    try Data("[[rule]]\nmatch = '^fc'\nexclude = true\n".utf8).write(to: URL(fileURLWithPath: scratch("rules.toml")))
    let json = try bonsai("prune", lenet, "--rules", scratch("rules.toml"), "--amount", "0.5", "--dry-run", "--json")
      .json()
    #expect(json["entries"] as? Int == 2550 && json["pruned"] as? Int == 1275)
    try Data("[[rule]]\nmatch = fc\n".utf8).write(to: URL(fileURLWithPath: scratch("rules.toml")))
    let bad = try bonsai("prune", lenet, "--rules", scratch("rules.toml"), "--dry-run")
    #expect(
      bad.status == 2 && bad.error.hasPrefix("bonsai: read recipe '\(scratch("rules.toml"))', line 2,: expected JSON"))
  }

  @Test func recipesComeFromAFile() throws {
    let toml = """
      criterion = { norm = 1 }
      pattern = "4x1"
      target = { sparsity = 0.5 }
      selector = { only = ['^fc[12].weight'] }
      [[rule]]
      match = 'fc2'
      exclude = true
      """
    let json = """
      {"schema": 1, "criterion": {"norm": 1}, "pattern": "4x1", "target": {"sparsity": 0.5},
       "selector": {"only": ["^fc[12].weight"]}, "rule": [{"match": "fc2", "exclude": true}]}
      """
    for (name, text) in [("r.toml", toml), ("r.json", json)] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: scratch(name)))
      let outcome = try bonsai("prune", lenet, "-o", scratch(name + ".pt"), "--recipe", scratch(name), "--json")
      let result = try outcome.json()
      #expect(result["entries"] as? Int == 48000 && result["pruned"] as? Int == 24000, "\(outcome.error)")
    }
    #expect(try bonsai("diff", scratch("r.toml.pt"), scratch("r.json.pt")).status == 0)
    for (text, message) in [
      ("criterium = 'lamp'", "at criterium: expected JSON or TOML"), ("schema = 2", "expected 1, found 2"),
      ("[[rule]]\nmatch = 'fc'\namount = 9", "at rule[0].amount: expected JSON or TOML"),
      ("[[rule]]\nmatch = 'fc'", "expected exclude = true, or one of amount, count, sparsity, below"),
      ("{\"pattern\": \"4:2\"}", "found '4:2'"), ("{", "expected JSON or TOML"),
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: scratch("bad")))
      let outcome = try bonsai("prune", lenet, "--recipe", scratch("bad"), "--dry-run")
      #expect(outcome.status == 2 && outcome.error.contains(message), "\(outcome.error)")
    }
  }

  /// What zeros, masks and floors there are is said.
  @Test func saysWhatItTook() throws {
    let ninety = scratch("ninety.safetensors")
    #expect(try bonsai("prune", lenet, "-o", ninety, "--sparsity", "90%").status == 0)
    let again = try run("bonsai", ["prune", ninety, "--amount", "0.5", "--dry-run"])
    #expect(again.status == 0 && again.output.contains("nothing more was pruned"))
    #expect(again.error.contains("nothing more was pruned: 30735 entries were 0 before; --sparsity says"))
    let further = try bonsai("prune", ninety, "--sparsity", "0.95", "--dry-run", "--json").json()
    #expect(further["newly_pruned"] as? Int == 58396 - 55323 && further["pruned"] as? Int == 58396)

    let emptied = try run("bonsai", ["prune", lenet, "--amount", "99.99%", "--dry-run", "--json"])
    let names = try #require(try emptied.json()["emptied"] as? [String])
    #expect(!names.isEmpty && emptied.error.contains("warning: nothing is left of '\(names[0])'"))
    let kept = try run("bonsai", ["prune", lenet, "--amount", "99%", "--at-least", "0.005", "--dry-run", "--json"])
    for tensor in try #require(try kept.json()["tensors"] as? [[String: Any]]) {
      let (entries, pruned) = (tensor["entries"] as? Int ?? 0, tensor["pruned"] as? Int ?? 0)
      #expect(Double(entries - pruned) >= 0.005 * Double(entries))
    }
    let left = try run("bonsai", ["prune", lenet, "--pattern", "2:4", "--dry-run"])
    #expect(left.error.contains("left whole, with 1 more that --json lists") && left.status == 0)
  }

  @Test func aPackedFileIsToBeUnpacked() throws {
    let sparse = fixture("lenet_pruned90_removed.safetensors")
    #expect(try bonsai("pack", sparse, "-o", scratch("packed.safetensors")).status == 0)
    let outcome = try run("bonsai", ["prune", scratch("packed.safetensors"), "--amount", "0.5", "--dry-run"])
    #expect(outcome.status == 2 && outcome.error.contains("unpack the file first: bonsai unpack"), "\(outcome)")
  }

  /// A report that cannot be printed does not hide that the output was written.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aLostReportIsNoLostOutput() throws {
    let process = Process()
    process.executableURL = products.appendingPathComponent("bonsai")
    process.arguments = ["prune", lenet, "-o", scratch("out.pt"), "--amount", "0.5"]
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 3 && text.contains("the command was carried out, but its result"))
    #expect(try bonsai("verify", scratch("out.pt")).status == 0)
  }

  /// Neither does one whose reader has gone.
  @Test func aClosedPipeIsNoLostOutput() throws {
    let process = Process()
    process.executableURL = products.appendingPathComponent("bonsai")
    process.arguments = ["prune", lenet, "-o", scratch("out.pt"), "--amount", "0.5"]
    let (results, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (results, errors)
    try results.fileHandleForReading.close()
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 3, "\(text)")
    #expect(text.contains("or its reader gone?"))
    #expect(try bonsai("verify", scratch("out.pt")).status == 0)
  }

  @Test(arguments: [
    (["--amount", "2.5", "-o", "x.pt"], "--amount: expected a share such as 0.3 or 30%, found '2.5'; give --count"),
    (
      ["--amount", "1", "-o", "x.pt"],
      "found 1; give --amount 100% for everything, or --count 1 for one entry"
    ),
    (["--amount", "0.5"], "expected --output with the file to write, or --dry-run, found neither"),
    (["--amount", "0.5", "-o", "x.bmp"], "--output: expected a path ending in .safetensors"),
    (
      ["--amount", "0.5", "--threshold", "1", "-o", "x.pt"],
      "expected one of --amount, --count, --sparsity and --threshold, found --amount and --threshold"
    ),
    (["--amount", "0.5", "--norm", "2", "-o", "x.pt"], "expected channels or blocks to take norms of, found single"),
    (["--amount", "0.5", "--criterion", "norm", "-o", "x.pt"], "expected channels or blocks to take norms of"),
    (["--amount", "0.5", "--dim", "1", "-o", "x.pt"], "--dim: expected --pattern structured or N:M"),
    (["--amount", "0.5", "--seed", "1", "-o", "x.pt"], "--seed: expected --criterion random beside it"),
    (["--pattern", "5:4", "-o", "x.pt"], "The value '5:4' is invalid for '--pattern <pattern>'"),
    (["--threshold=-1", "-o", "x.pt"], "--threshold: expected a magnitude of 0 or more, found -1.0"),
    (["-o", "x.pt"], "expected an amount, found none; say how much goes, for example a share of 0.5"),
    (["--pattern", "2:4", "--amount", "0.5", "-o", "x.pt"], "expected no amount beside 2 of 4, found one"),
    (["--distribution", "erk", "--count", "1", "-o", "x.pt"], "expected a share to divide by ERK"),
    (["--amount", "0.5", "--only", "(", "-o", "x.pt"], "expected a regular expression"),
  ])
  func wrongArguments(arguments: [String], message: String) throws {
    let outcome = try run("bonsai", ["prune", lenet] + arguments)
    #expect(outcome.status == 64 && outcome.error.contains(message), "\(outcome.error)")
  }

  @Test func impossibleWishesAreOneSentence() throws {
    for (arguments, message) in [
      (
        ["--count", "70000", "-o", scratch("x.pt")],
        "expected at most 61470 to prune, as many as are left, found a number of 70000; give a smaller number or a share"
      ),
      (
        ["--only", "fc3", "--pattern", "4x1", "--amount", "0.5"],
        "no multiple of 4; exclude it or choose another pattern"
      ),
      (["--only", "bias", "--pattern", "structured", "--amount", "0.5"], "it has fewer than 2 dimensions"),
      (
        ["--amount", "0.9", "--at-least", "0.2", "-o", scratch("x.pt")],
        "where each weight keeps a share of 0.2, found 55323; prune less, or let the weights keep less"
      ),
    ] {
      let outcome = try run("bonsai", ["prune", lenet] + arguments + (arguments.contains("-o") ? [] : ["--dry-run"]))
      #expect(outcome.status == 2 && outcome.error.contains(message) && outcome.error.filter { $0 == "\n" }.count == 1)
      #expect(scratch.names == [])
    }
  }
}
