import Checkpoints
import EngineMessages
import Foundation
import Graphs
import NN
import Runtime
import Testing
import Torch

@testable import bonsai

/// `bonsai recover`, and recovery behind `compact` and `prune`.
@Suite struct RecoverTests {
  /// Two convolutions with norms, and a head.
  final class Net: Module {
    let conv1 = Conv2d(1, 6, kernelSize: 3, padding: 1, bias: false)
    let norm1 = BatchNorm2d(6)
    let conv2 = Conv2d(6, 6, kernelSize: 3, padding: 1)
    let head = Linear(6, 3)
    override func forward(_ x: Tensor) -> Tensor { head(relu(conv2(relu(norm1(conv1(x))))).mean([2, 3])) }
  }

  let scratch = Scratch()

  /// A model, and samples with the classes that it gives them.
  init() throws {
    manualSeed(1)
    let net = Net()
    net.eval()
    let x = Tensor.randn([64, 1, 8, 8], generator: Generator(seed: 1))
    try TracedModule(net, example: x.narrow(0, start: 0, length: 2)).write(to: scratch("big.pt2"))
    let state: StateDict = ["image": x, "classes": noGrad { net(x).argmax(1) }]
    try state.save(to: scratch("data.safetensors"))
    let broken: StateDict = ["x": x * Double.nan]
    try broken.save(to: scratch("broken.safetensors"))
  }

  func result(_ outcome: Outcome) throws -> [String: Any] {
    #expect(outcome.status == 0, "\(outcome.error)")
    return try #require(try outcome.json()["result"] as? [String: Any])
  }

  func error(_ result: [String: Any], _ key: String) throws -> Double {
    try #require((result[key] as? [String: Any])?["relative_error"] as? Double)
  }

  @Test func aSmallerModelComesBack() throws {
    let data = scratch("data.safetensors")
    #expect(
      try bonsai("compact", scratch("big.pt2"), "-o", scratch("small.pt2"), "--amount", "0.5", "--only", "conv1").status
        == 0)
    let found = try result(
      try bonsai(
        "recover", scratch("small.pt2"), "--teacher", scratch("big.pt2"), "--data", data, "--labels", "classes", "-o",
        scratch("better.pt2"), "--json"))
    #expect(try error(found, "after") < error(found, "before"))
    #expect(found["original_accuracy"] as? Double == 1)
    #expect((found["steps"] as? [[String: Any]])?.map { $0["name"] as? String } == ["calibrate", "least-squares"])
    // What the report says is what the file does; the record of channels stays in it.
    let better = try GraphModule(contentsOf: scratch("better.pt2"))
    #expect(better.keptChannels == (try GraphModule(contentsOf: scratch("small.pt2")).keptChannels))
    let again = try result(
      try bonsai(
        "recover", scratch("better.pt2"), "--teacher", scratch("big.pt2"), "--data", data, "--labels", "classes",
        "--recover", "bias", "-o", scratch("again.pt2"), "--json"))
    #expect(abs(try error(again, "before") - error(found, "after")) < 1e-6)
  }

  @Test func zerosStayWherePruningRecovers() throws {
    let outcome = try bonsai(
      "prune", scratch("big.pt2"), "-o", scratch("sparse.pt2"), "--amount", "0.6", "--data",
      scratch("data.safetensors"),
      "--labels", "classes", "--recover", "least-squares,distill:1")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.contains("least-squares") && outcome.output.contains("distill"))
    let (sparse, big) = (
      try StateDict(contentsOf: scratch("sparse.pt2")), try StateDict(contentsOf: scratch("big.pt2"))
    )
    let weights = ["conv1.weight", "conv2.weight", "head.weight"]
    let zeros = weights.compactMap { sparse[$0] }.reduce(0) { $0 + ($1 .== 0).countNonzero() }
    #expect(zeros == Int((0.6 * 396).rounded()))
    let conv = (try #require(sparse["conv2.weight"]), try #require(big["conv2.weight"]))
    #expect(((conv.0 .!= conv.1) & (conv.0 .!= 0)).countNonzero() > 0)
    #expect(!scratch.names.contains { $0.contains("pruned-") })
  }

  @Test func channelsAreRankedOnDataAndTheSmallerModelRecovered() throws {
    let outcome = try bonsai(
      "compact", scratch("big.pt2"), "-o", scratch("small.pt2"), "--amount", "0.5", "--only", "conv1", "--criterion",
      "group-obs", "--data", scratch("data.safetensors"), "--labels", "classes", "--recover", "least-squares", "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let report = try outcome.json()
    let recovery = try #require(report["recovery"] as? [String: Any])
    #expect(try error(recovery, "after") < error(recovery, "before"))
    #expect((report["proof"] as? [String: Any]) != nil)
    let small = try GraphModule(contentsOf: scratch("small.pt2"))
    #expect(try small.tensor("conv1.weight").shape[0] == 3)
    #expect(scratch.names == ["big.pt2", "broken.safetensors", "data.safetensors", "small.pt2"])
    #expect(
      try bonsai("compact", scratch("big.pt2"), "-o", scratch("s.pt2"), "--amount", "0.5", "--criterion", "taylor")
        .status
        == 64)
  }

  @Test func whatCannotBeUsedIsSaidAndNothingIsWritten() throws {
    let big = scratch("big.pt2")
    func refused(_ arguments: [String], _ status: Int32, _ text: String) throws {
      let outcome = try run("bonsai", arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.error)")
      #expect(outcome.error.contains(text), "\(arguments): \(outcome.error)")
    }
    let common = ["--teacher", big, "-o", scratch("out.pt2")]
    try refused(["recover", big] + common + ["--data", scratch("broken.safetensors")], 2, "NaN or infinite of 4096")
    try refused(["recover", big] + common + ["--data", scratch("data.safetensors")], 2, "a tensor of that name")
    try refused(
      ["recover", big] + common + ["--data", scratch("data.safetensors"), "--labels", "y"], 2, "no tensor 'y'")
    try refused(
      ["recover", big] + common + ["--data", scratch("data.safetensors"), "--recover", "distill"], 64, "--recover")
    try refused(["prune", big, "-o", scratch("out.pt2"), "--amount", "0.5", "--recover", "bias"], 64, "--data")
    #expect(!scratch.names.contains("out.pt2"))
    #expect(scratch.names.count == 3)
  }

  @Test func stepsAreReadAsTheyAreWritten() {
    #expect(
      RecoverySteps(argument: "calibrate,distill:3")?.steps
        == [.init(name: "calibrate"), .init(name: "distill", epochs: 3)])
    for text in ["distill", "distill:0", "bias:2", "other", "", "bias,,bias"] {
      #expect(RecoverySteps(argument: text) == nil, "\(text)")
    }
  }
}
