import NN
import Pruning
import Testing
import Torch

/// Bad input is refused with a sentence that says what was found and what to do, and nothing has changed, on a fresh
/// module as on one pruned before.
@Suite(.serialized) struct BadInputTests {
  /// Runs `call` on a fresh and on a pruned layer.
  private func refuses(
    _ expected: String, bias: Bool = true, _ call: (Linear) throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for prunedBefore in [false, true] {
      manualSeed(0)
      let layer = Linear(4, 3, bias: bias)
      if prunedBefore { try Prune.l1Unstructured(layer, name: "weight", amount: 2) }
      let before = State(layer)
      var message = "no error"
      do { try call(layer) } catch { message = "\(error)" }
      #expect(message == expected, "pruned before: \(prunedBefore)", sourceLocation: sourceLocation)
      #expect(State(layer) == before, "changed; pruned before: \(prunedBefore)", sourceLocation: sourceLocation)
    }
  }

  /// The choices in a fixed order: theirs is that of the module, which pruning changes.
  private func sortingChoices(_ call: () throws -> Linear) throws {
    do { _ = try call() } catch PruningError.noParameter(let name, let module, let parameters, let reason) {
      throw PruningError.noParameter(name, module: module, parameters: parameters.sorted(), reason: reason)
    }
  }

  private let linear = "Linear(in_features=4, out_features=3, bias=True)"

  @Test(arguments: [DType.uint16, .uint32, .uint64])
  func typesThatAreNotComputedWith(_ dtype: DType) throws {
    let message = "\(dtype), with which LibTorch does not compute; convert them to int64 first"
    try refuses("'weight' of \(linear): the importance scores are \(message)") { layer in
      try Prune.l1Unstructured(
        layer, name: "weight", amount: 1, importanceScores: Tensor.ones([3, 4], dtype: dtype))
    }
    let counts = Counts(dtype)
    #expect(throws: PruningError.dtype(of: "the entries", "\(dtype)", context: "'counts' of Counts()")) {
      try Prune.l1Unstructured(counts, name: "counts", amount: 1)
    }
  }

  private final class Counts: Module {
    init(_ dtype: DType) {
      super.init()
      registerParameter("counts", .ones([4], dtype: dtype))
    }
  }

  @Test func unknownName() throws {
    try refuses("\(linear) has no parameter 'wieght'; choose one of: bias, weight") { layer in
      try sortingChoices { try Prune.l1Unstructured(layer, name: "wieght", amount: 1) }
    }
  }

  @Test func absentBias() throws {
    try refuses(
      "Linear(in_features=4, out_features=3, bias=False) has no parameter 'bias' (the layer was made without one); choose one of: weight",
      bias: false
    ) { try Prune.l1Unstructured($0, name: "bias", amount: 1) }
  }

  @Test func dottedPath() throws {
    try refuses(
      "\(linear) has no parameter 'fc.weight' (a dotted path: pass the layer itself and the name within it); choose one of: bias, weight"
    ) { layer in try sortingChoices { try Prune.identity(layer, name: "fc.weight") } }
  }

  @Test func originalOfAPrunedTensor() throws {
    let layer = try Prune.l1Unstructured(Linear(4, 3), name: "weight", amount: 2)
    let before = State(layer)
    var message = "no error"
    do { try Prune.l1Unstructured(layer, name: "weight_orig", amount: 1) } catch { message = "\(error)" }
    #expect(
      message
        == "\(linear) has no parameter 'weight_orig' (it is the original of 'weight', which is pruned: prune that further); choose one of: bias, weight"
    )
    #expect(State(layer) == before)
  }

  @Test(arguments: [
    (
      Amount.count(-1),
      "expected a count of 0 or more, found -1; pass the number of entries to prune, or a fraction such as 0.5"
    ),
    (
      Amount.fraction(1.5),
      "expected a fraction in the range 0...1, found 1.5; pass a fraction such as 0.5, or an integer to prune that many entries"
    ),
    (
      Amount.fraction(-0.1),
      "expected a fraction in the range 0...1, found -0.1; pass a fraction such as 0.5, or an integer to prune that many entries"
    ),
    (
      Amount.fraction(.nan),
      "expected a fraction in the range 0...1, found nan; pass a fraction such as 0.5, or an integer to prune that many entries"
    ),
    (
      Amount.fraction(.infinity),
      "expected a fraction in the range 0...1, found inf; pass a fraction such as 0.5, or an integer to prune that many entries"
    ),
  ])
  func amounts(_ amount: Amount, _ reason: String) throws {
    try refuses("L1Unstructured on 'weight' of \(linear): pruning amount: \(reason)") {
      try Prune.l1Unstructured($0, name: "weight", amount: amount)
    }
    try refuses("RandomStructured on 'weight' of \(linear): pruning amount: \(reason)") {
      try Prune.randomStructured($0, name: "weight", amount: amount, dim: 0)
    }
  }

  @Test func tooLargeAnAmount() throws {
    let layer = Linear(4, 3)
    try Prune.l1Unstructured(layer, name: "weight", amount: 10)
    let before = State(layer)
    #expect(
      throws: PruningError.amount(.countTooLarge(3, available: 2), context: "L1Unstructured on 'weight' of \(linear)")
    ) {
      try Prune.l1Unstructured(layer, name: "weight", amount: 3)
    }
    #expect(State(layer) == before)
  }

  @Test(arguments: [2, -3]) func wrongDimension(_ dim: Int) throws {
    try refuses(
      "structured pruning on 'weight' of \(linear): dim \(dim) is not a dimension of shape [3, 4]; choose -2...1"
    ) {
      try Prune.lnStructured($0, name: "weight", amount: 1, n: 2, dim: dim)
    }
  }

  @Test func structuredOnABias() throws {
    try refuses(
      "structured pruning on 'bias' of \(linear): structured pruning needs 2 or more dimensions, found shape [3]; prune single entries instead, for example with l1Unstructured"
    ) { try Prune.randomStructured($0, name: "bias", amount: 1, dim: 0) }
  }

  @Test func wrongShapes() throws {
    try refuses("CustomFromMask on 'weight' of \(linear): the mask must have shape [3, 4], found [4, 3]") {
      try Prune.customFromMask($0, name: "weight", mask: Tensor.ones([4, 3]))
    }
    try refuses("'weight' of \(linear): the importance scores must have shape [3, 4], found [12]") {
      try Prune.l1Unstructured($0, name: "weight", amount: 1, importanceScores: Tensor.ones([12]))
    }
  }

  @Test(arguments: [DType.float32, .float16, .bfloat16]) func aNormOfNothing(_ dtype: DType) throws {
    let layer = Linear(3, 0).to(dtype)
    for n in [Norm.infinity, .negativeInfinity, -1] {
      let before = State(layer)
      #expect(throws: PruningError.self) { try Prune.lnStructured(layer, name: "weight", amount: 0, n: n, dim: 1) }
      #expect(State(layer) == before)
    }
    // The sum over nothing is 0, and there is a channel to prune.
    try Prune.lnStructured(layer, name: "weight", amount: 1, n: 2, dim: 1)
    #expect(layer["weight_mask"].shape == [0, 3])
  }

  @Test func notANumberOfSeveralLayers() throws {
    let layers = [Linear(4, 3), Linear(3, 2)]
    let scores = Tensor([1, 2, .nan, 4, 5, 6] as [Float], shape: [2, 3])
    var message = "no error"
    do {
      try Prune.globalUnstructured(
        layers.map { ($0, "weight") }, method: L1Unstructured.self, amount: 1,
        importanceScores: [ParameterID(layers[1], "weight"): scores])
    } catch { message = "\(error)" }
    #expect(message.hasPrefix("L1Unstructured on 'weight' of \(layers[1]): "), "\(message)")
    #expect(message.contains("found 1 NaN, the first at flat index 2; repair") && !Prune.isPruned(layers[0]))
  }

  @Test func notANumber() throws {
    let layer = Linear(4, 3)
    let scores = Tensor([1, .nan, 3, 4, 5, 6, 7, .nan, 9, 10, 11, 12] as [Float], shape: [3, 4])
    let before = State(layer)
    let expected =
      "L1Unstructured on 'weight' of \(linear): selection: expected scores that can be ranked, found 2 NaN, "
      + "the first at flat index 1; repair the weights, or choose the NaN rule .rankLargest to keep them "
      + "as PyTorch does"
    var message = "no error"
    do {
      try Prune.l1Unstructured(layer, name: "weight", amount: 1, importanceScores: scores)
    } catch { message = "\(error)" }
    #expect(message == expected)
    #expect(State(layer) == before)
    // Asked for, PyTorch's ranking: NaN above everything, so that the finite ones go first.
    try Prune.l1Unstructured(layer, name: "weight", amount: 10, importanceScores: scores, nan: .rankLargest)
    #expect(layer["weight_mask"].flatten().array(of: Int.self) == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    // A NaN that is pruned already takes no part.
    try Prune.customFromMask(layer, name: "weight", mask: Tensor.zeros([3, 4]))
    try Prune.l1Unstructured(layer, name: "weight", amount: 0, importanceScores: scores)
  }

  @Test func aMethodThatFailsOrLies() throws {
    struct Failure: Error, CustomStringConvertible { let description = "no luck" }
    struct Failing: PruningMethod {
      let pruningType = PruningType.unstructured
      func computeMask(_ scores: Tensor, defaultMask: Tensor) throws -> Tensor { throw Failure() }
    }
    struct Lying: PruningMethod {
      let pruningType = PruningType.global
      func computeMask(_ scores: Tensor, defaultMask: Tensor) -> Tensor { Tensor.ones([2]) }
    }
    try refuses("no luck") { try Prune.apply(Failing(), to: $0, name: "weight") }
    try refuses("Lying on 'weight' of \(linear): the mask that Lying computed must have shape [3, 4], found [2]") {
      try Prune.apply(Lying(), to: $0, name: "weight")
    }
  }

  @Test func removeAndUndoOfTheUnpruned() throws {
    let layer = Linear(4, 3)
    let before = State(layer)
    let error = PruningError.notPruned("bias", module: linear, pruned: [])
    #expect(throws: error) { try Prune.remove(layer, name: "bias") }
    #expect(throws: error) { try Prune.undo(layer, name: "bias") }
    #expect(State(layer) == before)
  }

  @Test func globalPruning() throws {
    let a = Linear(4, 3)
    let b = Linear(4, 3)
    let before = [State(a), State(b)]
    #expect(throws: PruningError.nothingToPrune) {
      try Prune.globalUnstructured([], method: L1Unstructured.self, amount: 0.2)
    }
    #expect(throws: PruningError.notUnstructured("LnStructured")) {
      try Prune.globalUnstructured([(a, "weight")], method: LnStructured(amount: 1, n: 2, dim: 0))
    }
    // The second parameter is wrong: the first must not have been touched.
    #expect(throws: PruningError.self) {
      try Prune.globalUnstructured([(a, "weight"), (b, "weigth")], method: L1Unstructured.self, amount: 0.2)
    }
    #expect(throws: PruningError.self) {
      try Prune.globalUnstructured([(a, "weight"), (b, "weight")], method: L1Unstructured.self, amount: 25)
    }
    #expect(throws: PruningError.self) {
      try Prune.globalUnstructured(
        [(a, "weight"), (b, "weight")], method: L1Unstructured.self, amount: 5,
        importanceScores: [ParameterID(b, "weight"): Tensor.ones([4, 3])])
    }
    #expect([State(a), State(b)] == before)
  }

  @Test func takenName() throws {
    let layer = Linear(4, 3)
    layer.registerBuffer("weight_mask", Tensor.ones([1]))
    let before = State(layer)
    #expect(throws: PruningError.nameTaken("weight_mask", module: linear)) { try Prune.identity(layer, name: "weight") }
    #expect(State(layer) == before)
  }
}
