import Testing
import Torch

@Suite struct ErrorTests {
  private func sentence(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func devices() throws {
    #expect(try Device.named("cpu") == .cpu)
    #expect(Device.cpu.isAvailable && Device.available.contains(Device.best) && Device.available[0] == .cpu)
    let choices = Device.available.map(\.description).joined(separator: ", ")
    for name in ["cuda:99", "cpu:1", "gpu", "", "cuda:", "cuda:x", "cuda:0:0", "CPU", "cuda:-1", "tpu"] {
      #expect(
        sentence { _ = try Device.named(name) } == "device '\(name)' is not available; choose one of: \(choices)")
    }
    if !Device.cuda.isAvailable {
      #expect(
        sentence { _ = try Device.named("cuda") } == "device 'cuda:0' is not available; choose one of: \(choices)")
      #expect(throws: TorchError.unavailableDevice("cuda:0", available: Device.available.map(\.description))) {
        try Device.cuda.require()
      }
    }
    #expect(
      sentence { _ = try callOperator("zeros", [[2]], keywords: [("device", Device(.cuda, index: 99))]) }
        == "device 'cuda:99' is not available; choose one of: \(choices)")
    #expect("\(Device(.cuda, index: 1))" == "cuda:1" && "\(Device.mps)" == "mps:0" && "\(Device.cpu)" == "cpu")
  }

  @Test func operators() {
    let x = Tensor.ones([3, 4])
    #expect(
      sentence { _ = try callOperator("nope", []) } == "nope: LibTorch \(libTorchVersion) has no operator 'aten::nope'")
    #expect(sentence { _ = try callOperator("add.nope", [x]) }.contains("has no operator 'aten::add.nope'"))
    #expect(sentence { _ = try callOperator("a::b", []) }.contains("has no operator 'a::b'"))
    #expect(
      sentence { _ = try callOperator("matmul", [x, x]) }
        == "matmul: mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)")
    #expect(
      sentence { _ = try callOperator("add.Tensor", [x, Tensor.ones([5])]) }.contains(
        "The size of tensor a (4) must match the size of tensor b (5) at non-singleton dimension 1"))
    #expect(
      sentence { _ = try callOperator("_indices", [x]) }
        == "_indices: Could not run 'aten::_indices' with arguments from the 'CPU' backend.")
    #expect(
      sentence { _ = try callOperator("view", [x, [7]]) } == "view: shape '[7]' is invalid for input of size 12")
  }

  @Test func arguments() {
    let x = Tensor.ones([3, 4])
    let schema = "the schema is aten::relu(Tensor self) -> Tensor"
    #expect(sentence { _ = try callOperator("relu", []) } == "relu: argument 'self' is missing; \(schema)")
    #expect(sentence { _ = try callOperator("relu", [x, 1]) } == "relu: takes 1 arguments, found 2; \(schema)")
    #expect(
      sentence { _ = try callOperator("relu", [x], keywords: [("dtype", 1)]) }
        == "relu: there is no argument 'dtype'; \(schema)")
    #expect(
      sentence { _ = try callOperator("relu", [x], keywords: [("self", x)]) } == "relu: argument 'self' is given twice")
    #expect(
      sentence { _ = try callOperator("relu", [], keywords: [("self", x), ("self", x)]) }
        == "relu: an argument is given twice by name")
    // None where there must be a value is the default, or missing.
    #expect(sentence { _ = try callOperator("relu", [OperatorValue.none]) }.contains("argument 'self' is missing"))
    #expect(sentence { _ = try callOperator("add.Tensor", [x, x, OperatorValue.none]) } == "")
    #expect(sentence { _ = try callOperator("add.Tensor", [OperatorValue.none, x]) }.contains("'self' is missing"))
    #expect(
      sentence { _ = try callOperator("cat", [[x, nil] as [Tensor?]]) }
        == "cat: argument 'tensors' cannot be a list with an absent tensor")
    let wrong: [(any OperatorArgument, String)] = [
      ("text", "a text"), (Device.cpu, "a device"), (Generator(), "a generator"), ([1, 2], "a list of integers"),
      ([1.5], "a list of floating-point numbers"), ([true], "a list of booleans"), ([x], "a list of tensors"),
    ]
    for (argument, kind) in wrong {
      #expect(sentence { _ = try callOperator("relu", [argument]) } == "relu: argument 'self' cannot be \(kind)")
    }
    #expect(
      sentence { _ = try callOperator("sum.dim_IntList", [x, x]) }.hasSuffix("argument 'dim' cannot be a tensor"))
    #expect(sentence { _ = try callOperator("select.int", [x, 0.5, 0]) }.contains("'dim' cannot be a floating-point"))
    #expect(sentence { _ = try callOperator("select.int", [x, 9, 0]) }.contains("Dimension out of range"))
  }

  @Test func resultsThatDoNotFit() throws {
    let x = Tensor.ones([6])
    #expect(
      sentence { _ = try callOperator("split.Tensor", [x, 1], resultCapacity: 2) }
        == "split.Tensor: 6 results, room for 2")
    #expect(try callOperator("split.Tensor", [x, 1]).count == 6)
    let none = try callOperator("item", [x[0]])
    guard case .double(1) = none[0] else {
      Issue.record("item gave \(none)")
      return
    }
  }

  /// What stops the program says why.
  @Test func mistakesInArithmetic() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([3, 4]).matmul(Tensor.ones([3, 4]))
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("matmul: mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)"))
  }

  @Test func memoryThatCannotBeWalkedThrough() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.ones([3, 4]).t.withUnsafeBytes { _ in }
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("strides [1, 4] of shape [4, 3] are not contiguous; call contiguous() first"))
  }

  @Test func everyKindOfArgument() throws {
    let x = Tensor.arange(to: 6, dtype: .float32).reshape(2, 3)
    func one(_ values: [OperatorValue]) throws -> Tensor {
      guard case .tensor(let tensor)? = values.first else { throw TorchError.engine(operation: "", message: "none") }
      return tensor
    }
    // Numbers as tensors, one number for a list, absent and listed tensors, texts, keywords, defaults.
    #expect(try one(callOperator("add.Tensor", [x, 2, 3])).sum().item() == 51)
    #expect(try one(callOperator("aten::sum.dim_IntList", [x, 1])).shape == [2])
    #expect(try one(callOperator("index.Tensor", [x, [nil, Tensor([2, 0])] as [Tensor?]])).shape == [2, 2])
    #expect(try one(callOperator("einsum", ["ij->j", [x]])).shape == [3])
    #expect(try one(callOperator("zeros", [[2, 2]], keywords: [("dtype", DType.int8)])).dtype == .int8)
    #expect(try one(callOperator("quantile.scalar", [x, 0.5 as Float, OperatorValue.none])).item() == 2.5)
    #expect(try one(callOperator("t", [x])).shape == [3, 2])
    #expect(try one(callOperator("pad", [x, [1, 1], "constant", 2 as Float])).sum().item() == 23)
  }
}
