import Checkpoints
import Foundation
import Graphs
import Testing

@testable import bonsai

/// Exported models on the command line.
@Suite(.serialized) struct ModelTests {
  let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-models-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) }

  func path(_ name: String) -> String { scratch.appendingPathComponent(name).path }

  /// A model beside the tests of `Graphs`.
  func model(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("GraphsTests/Fixtures/\(name).pt2").path
  }

  @Test func inspectTellsOfTheGraph() throws {
    let report = try bonsai("inspect", model("dictionary"), "--json").json()
    #expect(report["format"] as? String == "pt2")
    let graph = try #require(report["graph"] as? [String: Any])
    #expect(graph["macs"] as? Int == 126)
    #expect(graph["parameters"] as? Int == 49)
    #expect((graph["operators"] as? [String: Int])?["aten::linear"] == 2)
    let outcome = try bonsai("inspect", model("dictionary"), "--headers-only")
    #expect(outcome.lines.contains("49 parameters used, 126 MACs at batch 3"))
  }

  @Test func runWritesOutputsByName() throws {
    let inputs = [
      TensorSource(name: "image", type: .f32, shape: [100, 6], elements: (0..<600).map { Float($0) / 100 }),
      TensorSource(name: "scale", type: .f32, shape: [100, 1], elements: [Float](repeating: 1, count: 100)),
      TensorSource(name: "more", type: .f32, shape: [1], elements: [Float(1)]),
    ]
    try Checkpoint.write(inputs, as: .safetensors, to: path("x.safetensors"))
    let arguments = ["run", model("dictionary"), "--inputs", path("x.safetensors"), "-o", path("y.safetensors")]
    let outcome = try run("bonsai", arguments + ["--json"])
    #expect(outcome.status == 0)
    #expect(outcome.error == "bonsai: note: the model has no input more: ignored\n")
    #expect(try outcome.json()["schema"] as? Int == 1)
    let written = try Checkpoint.open(path("y.safetensors"))
    #expect(written.tensors.map(\.name).sorted() == ["extra.0", "extra.1", "logits"])
    // More samples than the model takes at once: 64 and 36.
    #expect(written["logits"]?.shape == [100, 4])
    let sums = try written.withBytes(of: "extra.1") { bytes in
      (0..<100).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
    for (sample, sum) in sums.enumerated() {
      let expected: Float = Float(sample) * 0.36 + 0.15
      let difference: Float = abs(sum - expected)
      #expect(difference < 1e-3)
    }
    #expect(try run("bonsai", arguments).status == 2)  // it is there
  }

  @Test func refusesWhatDoesNotFit() throws {
    let outcome = try bonsai("run", model("dictionary"), "--batch", "65", "-o", path("y.safetensors"))
    #expect(outcome.status == 2)
    #expect(
      outcome.error == "bonsai: input 'image': expected a batch from 1 to 64, as the model was exported, found 65\n")
    #expect(try bonsai("run", model("dictionary"), "-o", path("y.npz")).status == 64)
    let weights = path("w.safetensors")
    #expect(try bonsai("convert", model("dictionary"), "-o", weights).status == 0)
    #expect(try Checkpoint.open(weights).tensors.map(\.name).sorted() == ["a.bias", "a.weight", "b.bias", "b.weight"])
    #expect(try bonsai("run", weights, "-o", path("y.safetensors")).status == 2)
    #expect(try bonsai("convert", weights, "-o", path("w.pt2")).error.contains("expected an exported model as input"))
    #expect(try bonsai("prune", model("dictionary"), "--amount", "0.5", "--masks", "-o", path("m.pt2")).status == 2)
    #expect(!FileManager.default.fileExists(atPath: path("m.pt2")))
  }

  @Test func profileCountsAndMeasures() throws {
    let report = try bonsai(
      "profile", model("rotary"), "--threads", "1", "--runs", "2", "--plot", path("p.svg"), "--json"
    ).json()
    let result = try #require(report["result"] as? [String: Any])
    let rows = try #require(result["rows"] as? [[String: Any]])
    let gate = rows.first { $0["module"] as? String == "gate" }
    #expect(gate?["parameters"] as? Int == 2048)
    #expect(try #require(result["milliseconds"] as? Double) > 0)
    #expect(try String(contentsOfFile: path("p.svg"), encoding: .utf8).hasPrefix("<svg"))
    #expect(try bonsai("profile", model("rotary"), "--runs", "1").lines.contains { $0.hasPrefix("all") })
  }

  @Test func pruneAndCompare() throws {
    let pruned = path("pruned.pt2")
    #expect(try bonsai("prune", model("training"), "--amount", "0.5", "-o", pruned).status == 0)
    #expect(try bonsai("verify", pruned).status == 0)
    let report = try bonsai("compare", model("training"), pruned, "--batch", "8", "--runs", "1", "--json").json()
    let result = try #require(report["result"] as? [String: Any])
    let outputs = try #require(result["outputs"] as? [[String: Any]])
    #expect(try #require(outputs[0]["largest"] as? Double) > 0)
    #expect(outputs[0]["agreement"] is Double)
    let same = try bonsai("compare", model("training"), model("training"), "--runs", "1", "--json").json()
    let twin = try #require((same["result"] as? [String: Any])?["outputs"] as? [[String: Any]])
    #expect(twin[0]["largest"] as? Double == 0)
  }

  @Test func accelerateWritesAPlanThatOthersTake() throws {
    let plan = path("plan.json")
    let arguments = ["accelerate", model("dictionary"), "-o", plan, "--threads", "1"]
    let report = try run("bonsai", arguments + ["--json"]).json()
    #expect(report["schema"] as? Int == 1)
    let rows = try #require((report["result"] as? [String: Any])?["rows"] as? [[String: Any]])
    #expect(rows.map { $0["operation"] as? String } == ["linear 4 x 6", "linear 3 x 6"])
    #expect(try run("bonsai", arguments).status == 2)  // it is there
    let lines = try run("bonsai", arguments + ["--force"]).lines
    #expect(lines.contains { $0.contains("ms a run by the plan") })

    // By hand, so that a kernel is used whatever was faster.
    var written = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: plan))) as? [String: Any])
    var layers = try #require(written["layers"] as? [[String: Any]])
    let choice: [String: Any] = ["sparse": ["format": "entries", "tuning": ["chunkBytes": 0, "slabRows": 64]]]
    for index in layers.indices { layers[index]["choice"] = choice }
    written["layers"] = layers
    try JSONSerialization.data(withJSONObject: written).write(to: URL(fileURLWithPath: plan))
    let compared = try bonsai(
      "compare", model("dictionary"), model("dictionary"), "--plan", plan, "--threads", "1", "--runs", "1", "--json")
    #expect(compared.error == "bonsai: note: no --inputs: drawn at random\n")
    let outputs = try #require((try compared.json()["result"] as? [String: Any])?["outputs"] as? [[String: Any]])
    for output in outputs {
      let (largest, scale) = (output["largest"] as? Double ?? 1, output["scale"] as? Double ?? 0)
      #expect(largest <= 1e-5 * scale)
    }
    let elsewhere = try bonsai(
      "run", model("dictionary"), "--plan", plan, "--threads", "2", "-o", path("y.safetensors"))
    #expect(elsewhere.status == 0)
    #expect(elsewhere.error.contains("measuring anew"))
    try Data("{}".utf8).write(to: URL(fileURLWithPath: plan))
    #expect(try bonsai("profile", model("dictionary"), "--plan", plan).status == 2)
  }

  @Test func removeFoldsTheGraph() throws {
    let folded = path("folded.pt2")
    #expect(try bonsai("remove", model("pruned"), "-o", folded).status == 0)
    let program = try ExportedProgram(contentsOf: folded)
    #expect(program.graph.prunedPairs.isEmpty && program.graph.parameters["a.weight"] != nil)
    #expect(program.file["a.weight_mask"] == nil)
    let report = try bonsai("compare", model("pruned"), folded, "--batch", "4", "--runs", "1", "--json").json()
    let outputs = try #require((report["result"] as? [String: Any])?["outputs"] as? [[String: Any]])
    #expect(outputs[0]["largest"] as? Double == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["folded.pt2"])
  }

  @Test func saysWhatIsMissing() throws {
    let outcome = try run(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["BONSAI_ENGINE=/none", products.appendingPathComponent("bonsai").path, "profile", model("tied")])
    #expect(outcome.status == 2)
    #expect(outcome.error.hasPrefix("bonsai: look for '/none': expected the program that holds LibTorch"))
    let other = try run("bonsai-engine", ["request", "{\"schema\": 1, \"version\": \"9.9\"}"])
    #expect(
      try other.json()["error"] as? String
        == "bonsai is version 9.9, this bonsai-engine 0.2.0: install both of one version")
  }
}
