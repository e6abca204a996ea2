import Testing
import Torch

@Suite struct TensorTests {
  @Test(arguments: DType.allCases) func dtypes(_ dtype: DType) {
    let x = Tensor.ones([2, 3], dtype: dtype)
    #expect(x.dtype == dtype)
    #expect(x.withUnsafeBytes { $0.count } == 6 * dtype.byteCount)
    #expect(x.sum().item() == 6)
    #expect(DType("torch.\(dtype)") == dtype && DType(dtype.description) == dtype)
    #expect(x.to(.float64).to(dtype).equal(x))
    #expect(dtype.isFloatingPoint == [.float16, .bfloat16, .float32, .float64].contains(dtype))
    #expect("\(x)".hasPrefix(dtype == .bool ? "tensor([[True," : "tensor([[1"))
  }

  @Test func dtypesOfOtherNames() {
    #expect(DType("float") == nil && DType("torch.complex64") == nil && DType("") == nil)
  }

  @Test func shapes() {
    let x = Tensor.zeros([2, 3, 4])
    #expect(x.shape == [2, 3, 4] && x.strides == [12, 4, 1] && x.rank == 3 && x.count == 24)
    #expect(x.isContiguous && !x.transpose(0, 1).isContiguous)
    let number = Tensor(3.5)
    #expect(number.shape == [] && number.strides == [] && number.rank == 0 && number.count == 1)
    #expect(number.dtype == .float64 && number.item() == 3.5)
    #expect(Tensor([] as [Float]).shape == [0])
    #expect(Tensor([[1, 2], [3, 4], [5, 6]]).shape == [3, 2])
    #expect(Tensor([Int]()).dtype == .int64)
  }

  @Test func numbers() {
    #expect(Tensor(7).intItem() == 7 && Tensor(7).item() == 7)
    #expect(Tensor(2.75).intItem() == 2 && Tensor(true).intItem() == 1 && Tensor(false).item() == 0)
    #expect(Tensor(Int64.max).intItem() == .max)
  }

  @Test func identity() {
    let x = Tensor.zeros([4])
    let y = x
    #expect(x.isSame(as: y) && !x.isSame(as: x.clone()) && !x.isSame(as: x.detach()))
    #expect(x.sharesStorage(with: x.reshape(2, 2)) && x.sharesStorage(with: x[1..<3]))
    #expect(!x.sharesStorage(with: x.clone()))
    #expect(x.to(.float32).isSame(as: x) && x.to(.cpu).isSame(as: x) && x.contiguous().isSame(as: x))
  }

  @Test func versionsCountChangesInPlace() {
    let x = Tensor([1, 2, 3] as [Float])
    #expect(x.version == 0)
    x += 1
    #expect(x.version == 1)
    let view = x[0..<2]
    view.fill(0)
    #expect(x.version == 2 && view.version == 2)
    x.withUnsafeMutableBytes { _ in }
    #expect(x.version == 3)
    x.withUnsafeBytes { _ in }
    _ = x + 1
    #expect(x.version == 3)
    x[0] = Tensor(5 as Float)
    #expect(x.version == 4)
    #expect(x.detach().version == 4 && x.clone().version == 0)
  }

  @Test func memoryFormats() {
    let x = Tensor.arange(to: 24).reshape(1, 2, 3, 4)
    let last = x.contiguous(.channelsLast)
    #expect(last.equal(x) && last.shape == x.shape)
    #expect(last.strides == [24, 1, 8, 2])
    #expect(last.isContiguous(.channelsLast) && !last.isContiguous(.contiguous) && !last.isContiguous)
    #expect(x.isContiguous(.contiguous) && !x.isContiguous(.channelsLast))
    #expect(last.contiguous(.channelsLast).isSame(as: last))
    #expect((last * 2).isContiguous(.channelsLast))
    #expect(last.clone().isContiguous(.channelsLast) && last.clone(.contiguous).isContiguous)
    #expect(last.array(of: Int.self) == Array(0..<24))
    let volume = Tensor.zeros([1, 2, 2, 2, 2]).clone(.channelsLast3d)
    #expect(volume.isContiguous(.channelsLast3d))
  }

  @Test func equality() {
    let x = Tensor([1, .nan] as [Float])
    #expect(!x.equal(x) && !x.allClose(x) && x.allClose(x, equalNaN: true))
    #expect(!Tensor.zeros([2]).equal(Tensor.zeros([3])))
    #expect(Tensor([1, 2]).equal(Tensor([1, 2])))
  }

  @Test func inPlaceIsTheCopyInTheSameTensor() {
    let x = Tensor.arange(to: 12).reshape(3, 4).to(.float32)
    let (index, mask) = (Tensor([[2, 0], [1, 1]]), x .> 5)
    let (rows, slices) = (Tensor([2, 0]), -Tensor.ones([2, 4]))
    let source = Tensor([[7, 8], [9, 10]] as [[Float]])
    let cases: [(Tensor, (Tensor) -> Tensor)] = [
      (x.scatter(0, index, source), { $0.scatterInPlace(0, index, source) }),
      (x.scatter(1, index, 5), { $0.scatterInPlace(1, index, 5) }),
      (x.scatterAdd(0, index, source), { $0.scatterAddInPlace(0, index, source) }),
      (x.indexAdd(0, rows, slices), { $0.indexAddInPlace(0, rows, slices) }),
      (x.indexCopy(0, rows, slices), { $0.indexCopyInPlace(0, rows, slices) }),
      (x.indexFill(1, rows, 9), { $0.indexFillInPlace(1, rows, 9) }),
      (x.maskedFill(mask, -1), { $0.maskedFillInPlace(mask, -1) }),
      (x.maskedScatter(mask, -x), { $0.maskedScatterInPlace(mask, -x) }),
      (x.clamp(min: 2, max: 7), { $0.clampInPlace(min: 2, max: 7) }),
      (x + 2 * x, { $0.addInPlace(x, scale: 2) }), (x - x, { $0.subtractInPlace(x) }),
      (x * 3, { $0.multiplyInPlace(3) }), (x / 4, { $0.divideInPlace(4) }),
    ]
    let before = x.clone()
    for (number, (copy, inPlace)) in cases.enumerated() {
      let target = x.clone()
      #expect(inPlace(target).isSame(as: target) && target.equal(copy) && !copy.equal(before), "case \(number)")
    }
    #expect(x.equal(before))
  }
}
