import Testing
import Torch

@Suite struct IndexingTests {
  private func grid() -> Tensor { Tensor.arange(to: 12).reshape(3, 4) }

  @Test func positionsAndRangesAreViews() {
    let x = grid()
    for view in [x[0], x[.all, 1], x[1..., ..<2], x[.ellipsis, .newAxis], x[.slice(nil, nil, step: 2)]] {
      #expect(view.sharesStorage(with: x))
    }
    #expect(!x[Tensor([0, 1])].sharesStorage(with: x))
    #expect(x[].isSame(as: x))
  }

  @Test func rangesCutOffAtTheEnd() {
    let x = grid()
    #expect(x[0..<100].shape == [3, 4] && x[5...].shape == [0, 4] && x[2..<2].shape == [0, 4])
    #expect(x[...1].shape == [2, 4] && x[...(-1)].shape == [3, 4] && x[-1 ... -1].shape == [1, 4])
    #expect(x[0..<3, .slice(3, nil)].shape == [3, 1] && x[.slice(1, -1)].shape == [1, 4])
  }

  @Test func newDimensionsAndTheRest() {
    let x = grid()
    #expect(x[.newAxis].shape == [1, 3, 4] && x[.all, .newAxis].shape == [3, 1, 4])
    #expect(x[.ellipsis, .newAxis].shape == [3, 4, 1] && x[.ellipsis].shape == [3, 4])
    #expect(x[.newAxis, 0, .newAxis, 1...].shape == [1, 1, 3])
    #expect(x[0, .ellipsis, 1].shape == [])
  }

  @Test func settingThroughMasksAndPositions() {
    let x = grid()
    x[x .> 5] = Tensor(0)
    #expect(x.sum().intItem() == 15)
    x[Tensor([0, 2]), Tensor([1, 3])] = Tensor([100, 200])
    #expect(x[0, 1].intItem() == 100 && x[2, 3].intItem() == 200)
    x[.all, Tensor([true, false, false, true])] = Tensor([7])
    #expect(x[.all, 0].array(of: Int.self) == [7, 7, 7] && x[.all, 3].array(of: Int.self) == [7, 7, 7])
    x[0..<2] += 1
    #expect(x[0, 0].intItem() == 8 && x[2, 0].intItem() == 7)
    let mask = x .== 7
    x[mask] = x[mask] * 2
    #expect(x[2, 0].intItem() == 14)
  }

  @Test func settingConvertsWhatItWrites() {
    let x = grid()
    x[0] = Tensor([1.9, 2.9, 3.9, 4.9])
    #expect(x[0].array(of: Int.self) == [1, 2, 3, 4] && x.dtype == .int64)
    x[x .== 1] = Tensor(9.9)
    #expect(x[0, 0].intItem() == 9)
  }

  @Test func gradientsFlowThroughParts() {
    let x = Tensor.ones([2, 3]).requiringGrad()
    (x[0, 1...].sum() + 2 * x[Tensor([1, 1])].sum()).backward()
    #expect(x.grad?.array(of: Int.self) == [0, 1, 1, 4, 4, 4])
  }

  @Test func wrongPositionsStopTheProgram() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([3])[3] }
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([3])[.slice(nil, nil, step: -1)] }
  }
}
