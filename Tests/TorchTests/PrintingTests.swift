import Testing
import Torch

@Suite struct PrintingTests {
  struct Case: Decodable {
    struct Options: Decodable {
      var precision: Int?
      var threshold: Int?
      var edgeItems: Int?
      var lineWidth: Int?
      var scientific: Bool?
    }
    var tensor: StoredTensor
    var requiresGrad: Bool
    var options: Options
    var text: String
  }

  @Test func everyRecordedText() throws {
    let cases: [Case] = try Recorded.load("printing")
    #expect(cases.count > 400)
    for (number, recorded) in cases.enumerated() {
      let tensor = try recorded.tensor.tensor()
      if recorded.requiresGrad { tensor.requiresGrad = true }
      let options = recorded.options
      let text = tensor.formatted(
        PrintOptions(
          precision: options.precision ?? 4, threshold: options.threshold ?? 1000, edgeItems: options.edgeItems ?? 3,
          lineWidth: options.lineWidth ?? 80, scientific: options.scientific))
      #expect(text == recorded.text, "case \(number)")
    }
  }

  @Test func ofLayoutsOtherThanContiguous() {
    let x = Tensor.arange(to: 6).reshape(2, 3)
    #expect("\(x.t)" == "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])")
    #expect("\(x[1, 1...])" == "tensor([4, 5])")
    #expect("\(x[0, 1].expand([2, 2]))" == "tensor([[1, 1],\n        [1, 1]])")
  }

  @Test func theOperationThatComputedIt() {
    let w = Tensor([1, 2] as [Float]).requiringGrad()
    #expect("\(w)" == "tensor([1., 2.], requires_grad=True)")
    #expect("\(w * 2)" == "tensor([2., 4.], grad_fn=<MulBackward0>)")
    #expect("\(2 - w)" == "tensor([1., 0.], grad_fn=<RsubBackward1>)")
    #expect("\(1 / w)" == "tensor([1.0000, 0.5000], grad_fn=<MulBackward0>)")
    #expect("\((w + 0.5).sum())" == "tensor(4., grad_fn=<SumBackward0>)")
    #expect("\(w.reshape(2, 1))" == "tensor([[1.],\n        [2.]], grad_fn=<ViewBackward0>)")
    #expect("\(w.detach())" == "tensor([1., 2.])")
    #expect("\(w.to(.float64) / 3)" == "tensor([0.3333, 0.6667], dtype=torch.float64, grad_fn=<DivBackward0>)")
    #expect("\(noGrad { w * 2 })" == "tensor([2., 4.])")
    let filled = w.clone()
    filled[0] = Tensor(0 as Float)
    #expect("\(filled)" == "tensor([0., 2.], grad_fn=<CopySlices>)")
  }

  @Test func parameters() {
    let bias = Tensor.zeros([2]).requiringGrad()
    #expect(bias.parameterDescription == "Parameter containing:\ntensor([0., 0.], requires_grad=True)")
  }

  @Test func profiles() {
    let x = Tensor([0.123456, 2] as [Float])
    #expect(x.formatted(.short) == "tensor([0.12, 2.00])")
    #expect(Tensor.zeros([1001]).formatted(.full).split(separator: ",").count == 1001)
  }
}
