import NN
import Pruning
import Testing
import Torch

/// PyTorch's recorded behaviour, case by case.
@Suite(.serialized) struct GoldenTests {
  static let modules = GoldenManifest.shared.cases.filter { $0.kind == "module" }
  static let methods = GoldenManifest.shared.cases.filter { $0.kind != "module" }

  @Test func allCasesAreThere() {
    #expect(Self.modules.count == 259)
    #expect(Self.methods.count == 21)
    let ids = Set(GoldenManifest.shared.cases.map(\.id))
    #expect(decidedDifferences.keys.allSatisfy(ids.contains))
  }

  @Test(arguments: modules) func module(_ golden: GoldenCase) throws {
    let replay = try GoldenReplay(golden, decisions: decidedDifferences[golden.id]?.decisions ?? [])
    try replay.run()
  }

  @Test(arguments: methods) func method(_ golden: GoldenCase) throws {
    let fields = golden.fields
    if let seed = fields["seed"] as? Int { manualSeed(UInt64(seed)) }
    let arguments = fields["args"] as! [String: Any]
    let amount = GoldenNumber(arguments["amount"])?.amount
    let dim = arguments["dim"] as? Int ?? -1
    let method: any PruningMethod =
      switch fields["method"] as! String {
      case "L1Unstructured": L1Unstructured(amount: amount!)
      case "RandomStructured": RandomStructured(amount: amount!, dim: dim)
      case "LnStructured": LnStructured(amount: amount!, n: GoldenNumber(arguments["n"])!.norm!, dim: dim)
      case "CustomFromMask": CustomFromMask(mask: try golden.tensor(arguments["mask"] as! String))
      default: fatalError("\(golden.id): method \(fields["method"]!)")
      }
    let tensor = try golden.tensor(fields["t"] as! String)
    let mask = try (fields["default_mask"] as? String).map(golden.tensor)
    let scores = try (fields["importance"] as? String).map(golden.tensor)
    let acting: any PruningMethod = fields["in_container"] as! Bool ? PruningContainer([method]) : method
    func run() throws -> Tensor {
      golden.kind == "prune"
        ? try acting.prune(tensor, defaultMask: mask, importanceScores: scores)
        : try acting.computeMask(tensor, defaultMask: mask!)
    }
    if fields["raises"] != nil {
      #expect(throws: PruningError.self) { try run() }
      return
    }
    let found = try run()
    let expected = try golden.tensor(fields["result"] as! String)
    #expect("\(found.dtype)" == fields["result_dtype"] as! String)
    if (fields["compare"] as! String).contains("multiset") {
      #expect(found.countNonzero() == expected.countNonzero())
      #expect(
        tensor.abs()[found .!= 0].sort().values.equal(tensor.abs()[expected .!= 0].sort().values))
    } else {
      #expect(sameBits(found, expected))
    }
  }
}
