import Testing

@testable import Torch

@Suite struct SchemaTests {
  @Test func schemasAreRead() throws {
    let convolution = try OperatorSchema("aten::conv2d")
    #expect(
      convolution.arguments.map(\.name) == ["input", "weight", "bias", "stride", "padding", "dilation", "groups"])
    #expect(
      convolution.arguments.map(\.type) == ["Tensor", "Tensor", "Tensor", "SymInt", "SymInt", "SymInt", "SymInt"])
    #expect(convolution.arguments.map(\.isOptional) == [false, false, true, false, false, false, false])
    #expect(convolution.arguments[3].list == .count(2) && convolution.arguments[6].list == .no)
    #expect(convolution.arguments.map(\.hasDefault) == [false, false, true, true, true, true, true])
    #expect(convolution.results.count == 1 && convolution.results[0].type == "Tensor" && !convolution.isRandom)

    let add = try OperatorSchema("aten::add_.Tensor")
    #expect(add.arguments.map(\.isWritten) == [true, false, false] && add.arguments[2].isKeywordOnly)
    #expect(add.results[0].isWritten)

    let full = try OperatorSchema("aten::full")
    #expect(full.arguments.map(\.type) == ["SymInt", "Scalar", "ScalarType", "Layout", "Device", "bool"])
    #expect(try OperatorSchema("aten::index.Tensor").arguments[1].list == .any(optionalEntries: true))
    #expect(try OperatorSchema("aten::chunk").results[0].list == .any(optionalEntries: false))
    #expect(try OperatorSchema("aten::lstm.input").results.count == 3)
    #expect(try OperatorSchema("aten::conv2d.padding").arguments[4].type == "str")
    #expect(try OperatorSchema("aten::dropout").isRandom)
    #expect(throws: TorchError.self) { try OperatorSchema("aten::no_such_operator") }
  }

  @Test func whatIsCalledIsHeardAndNothingElse() throws {
    let recorder = Recorder()
    let x = Tensor([1, -2, 3] as [Float])
    let before = x.relu()
    let y = recorder.recording {
      _ = recorder.introduce(x, isInput: true)
      return x.relu() + x * 2
    }
    _ = y.sum()
    #expect(recorder.calls.map(\.schema.name) == ["aten::relu", "aten::mul.Tensor", "aten::add.Tensor"])
    #expect(recorder.tensors.count == 4 && recorder.captured.isEmpty && recorder.findings.isEmpty)
    #expect(recorder.id(of: y) == 3 && recorder.id(of: before) == nil)
    #expect(Recorder.current == nil)
  }

  @Test func anArgumentThatIsGivenBackIsATensorOfItsOwn() {
    let recorder = Recorder()
    let x = Tensor.ones([2])
    recorder.recording {
      _ = recorder.introduce(x)
      let y = dropout(x, training: false)
      #expect(!y.isSame(as: x) && y.sharesStorage(with: x))
      let z = x.addInPlace(1)
      #expect(recorder.id(of: z) == recorder.id(of: x))
    }
    #expect(recorder.calls.map(\.results) == [[1], [2]])
  }
}
