#if canImport(Glibc)
  import Glibc
  import NN
  import Testing
  import Torch

  extension NNTests {
    @Suite struct HeapTests {
      /// Otherwise about 1,600 pages are taken from the system anew in every step.
      @Test func stepsReuseTheirMemoryWhereAsked() {
        keepFreedMemory()
        let model = LeNet()
        let (x, y) = (Tensor.rand([64, 1, 32, 32]), Tensor.randint(0..<10, [64]))
        func step() {
          model.zeroGrad()
          crossEntropy(model(x), y).backward()
        }
        func pageFaults() -> Int {
          var usage = rusage()
          getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
          return usage.ru_minflt
        }
        for _ in 0..<5 { step() }
        let before = pageFaults()
        for _ in 0..<10 { step() }
        #expect(pageFaults() - before < 2_000)
      }
    }
  }
#endif
