import Checkpoints
import Compaction
import Graphs
import NN
import Recipes
import Testing
import Torch

@testable import Runtime

/// Criteria of channels on data.
@Suite struct DataCriterionTests {
  /// Hidden units of which some say the same, and some nothing.
  final class Hidden: Module {
    let first = Linear(5, 8)
    let second = Linear(8, 3)
    override func forward(_ x: Tensor) -> Tensor { second(relu(first(x))) }
  }

  static func hidden() -> Hidden {
    manualSeed(0)
    let net = Hidden()
    noGrad {
      // Unit 1 says what unit 0 says; unit 2 nothing that is heard; unit 3 is dead.
      for tensor in [net.first.weight, net.first["bias"]] {
        _ = tensor.select(0, 1).copy(from: tensor.select(0, 0))
        _ = tensor.select(0, 3).fill(-1)
      }
      _ = net.first.weight.select(0, 3).zero()
      _ = net.second.weight.select(1, 2).zero()
      _ = net.first["bias"].addInPlace(0.5)
      _ = net.first["bias"].select(0, 3).fill(-1)
    }
    net.eval()
    return net
  }

  static func scores(_ kind: DataCriterion.Kind, _ net: Hidden, _ x: Tensor) throws -> [Double] {
    let traced = try TracedModule(net, example: x.narrow(0, start: 0, length: 2))
    let compactor = try Compactor(
      traced.graph, weights: traced.state.map { $0.value.tensor.source($0.key) })
    let scores = try compactor.scores(DataCriterion(kind, module: net, inputs: x))
    return compactor.groups[0].units.map { scores[$0] }
  }

  @Test func theSurgeonKnowsWhatOthersSay() throws {
    let net = Self.hidden()
    let x = Tensor.randn([300, 5], generator: Generator(seed: 1))
    let scores = try Self.scores(.groupOBS, net, x)
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    // What nobody hears, what is dead, and one of the two that are alike go first; its double does not.
    #expect([[0, 2, 3], [1, 2, 3]].contains(Set(order[..<3])))
    #expect(scores[order[2]] < 0.2 * scores[order[3]])
    // Others do not see that.
    let activation = try Self.scores(.activation, net, x)
    #expect(activation[2] == 0 && activation[3] < 1e-12)
    #expect(abs(activation[0] - activation[1]) > 0 || activation[0] > 0)
    let taylor = try Self.scores(.taylor, net, x)
    #expect(taylor[2] == 0 && taylor[3] == 0 && taylor[0] > 0)
  }

  /// The cost of the first removal is what least squares lose without it: by trying all.
  @Test func theFirstCostIsThatOfTryingEach() throws {
    manualSeed(3)
    let net = Hidden()
    net.eval()
    let x = Tensor.randn([400, 5], generator: Generator(seed: 2))
    let scores = try Self.scores(.groupOBS, net, x)
    let first = try #require(scores.indices.min { scores[$0] < scores[$1] })
    let learned = x.indexSelect(0, Tensor((0..<399).map(Int64.init)))
    let h = noGrad { relu(net.first(learned)).to(.float64) }
    let y = noGrad { h.matmul(net.second.weight.detach().to(.float64).t) }
    func loss(without unit: Int) -> Double {
      let rest = (0..<8).filter { $0 != unit }.map(Int64.init)
      let columns = Tensor.cat([h.indexSelect(1, Tensor(rest)), Tensor.ones([399, 1], dtype: .float64)], dim: 1)
      let solution = callList("linalg_lstsq", columns, y, capacity: 4)[0]
      return (y - columns.matmul(solution)).square().sum().item()
    }
    let losses = (0..<8).map(loss)
    let spread = (y - y.mean(0, keepDim: true)).square().sum().item()
    #expect(losses.indices.min { losses[$0] < losses[$1] } == first)
    #expect(abs(scores[first] - losses[first] / spread) < 0.05 * losses[first] / spread)
  }

  @Test func costsOfSeveralConsumersAddUpAndTheChoiceIsBetter() throws {
    let big = RecoveryTests.block(seed: 12)
    let x = Tensor.randn([96, 2, 8, 8], generator: Generator(seed: 5))
    var errors: [Double] = []
    let criteria: [any UnitCriterion] = [
      try DataCriterion(.groupOBS, module: big, inputs: x), RandomUnits(seed: 1),
    ]
    for criterion in criteria {
      let small = try RecoveryTests.twin(big)
      let made = try small.compact(CompactionRecipe(criterion, target: .amount(0.5)), example: x)
      errors.append(
        try Recovery([.leastSquares]).run(small, teacher: big, inputs: x, kept: made.kept).after.relativeError)
      if let data = criterion as? DataCriterion { #expect(data.unseen.isEmpty) }
    }
    #expect(errors[0] < errors[1])
  }

  @Test func givenScoresRankAndGroupsWithoutThemFallBack() throws {
    let net = Self.hidden()
    let traced = try TracedModule(net, example: Tensor.zeros([2, 5]))
    let compactor = try Compactor(traced.graph, weights: traced.state.map { $0.value.tensor.source($0.key) })
    let given = GivenUnitScores("given", [8, 7, 6, 5, 4, 3, 2, 1])
    let choice = try compactor.choose(CompactionRecipe(given, target: .amount(.count(3))))
    #expect(choice.units == [5, 6, 7])
    let partly = GivenUnitScores("given", [1, nil])
    #expect(
      try compactor.choose(CompactionRecipe(partly, target: .amount(0.5)))
        == compactor.choose(CompactionRecipe(target: .amount(0.5))))
  }
}
