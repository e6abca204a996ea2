import Foundation
import Testing
import Torch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct BoundaryTests {
  /// The most memory that the process has held so far, in MiB.
  private var peak: Int {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #else
      getrusage(RUSAGE_SELF, &usage)
    #endif
    #if canImport(Darwin)
      return Int(usage.ru_maxrss) >> 20
    #else
      return Int(usage.ru_maxrss) >> 10
    #endif
  }

  /// Runs `body`, which would hold on to 500 MiB if it let a quarter MiB leak each time.
  private func leaks(_ body: () throws -> Void) rethrows -> Bool {
    for _ in 0..<20 { try body() }
    let before = peak
    for _ in 0..<2000 { try body() }
    return peak - before > 200
  }

  private static let quarterMiB = [1 << 16]

  @Test func tensorsAreFreed() {
    #expect(!leaks { _ = Tensor.ones(Self.quarterMiB) })
    #expect(
      !leaks {
        let x = Tensor.ones(Self.quarterMiB).requiringGrad()
        _ = (x * 2).reshape(2, -1).split(1).map { $0.sum() }
      })
  }

  @Test func graphsAreFreed() {
    let weight = Tensor.ones(Self.quarterMiB).requiringGrad()
    #expect(
      !leaks {
        (weight * weight).sum().backward()
        _ = weight.grad
        weight.grad = nil
        _ = Tensor.gradients(of: [(weight * 3).sum()], by: [weight])
      })
  }

  @Test func argumentsAndResultsOfFailingCallsAreFreed() {
    #expect(
      !leaks {
        let x = Tensor.ones(Self.quarterMiB)
        _ = try? callOperator("add.Tensor", [x, "text"])
        _ = try? callOperator("cat", [[x, x], 5])
        _ = try? callOperator("nope", [x])
        _ = try? callOperator("add.Tensor", [x], keywords: [("nope", x)])
        // Two results that there is no room for, one of them handed out already.
        _ = try? callOperator("max.dim", [x, 0], resultCapacity: 1)
      })
  }

  @Test func severalThreadsAtOnce() async {
    let sums = await withTaskGroup(of: Double.self) { group in
      for seed in 0..<16 {
        group.addTask {
          let x = Tensor.arange(to: 64, dtype: .float64).reshape(8, 8) + Double(seed)
          var total = 0.0
          for _ in 0..<50 {
            let y = x.matmul(x).exp().log().sqrt().clamp(min: 1).transpose(0, 1).contiguous().pow(2)
            let w = Tensor.ones([8, 8], dtype: .float64).requiringGrad()
            (y * w).sum().backward()
            total = w.grad!.sum().item()
            _ = try? callOperator("nope", [x])
          }
          return total
        }
      }
      var out: [Double] = []
      for await sum in group { out.append(sum) }
      return out.sorted()
    }
    let expected = (0..<16).map { seed in
      let x = Tensor.arange(to: 64, dtype: .float64).reshape(8, 8) + Double(seed)
      return x.matmul(x).exp().log().sqrt().clamp(min: 1).pow(2).sum().item()
    }
    for (found, wanted) in zip(sums, expected.sorted()) {
      #expect(found == wanted || abs(found - wanted) < 1e-9 * abs(wanted))
    }
  }

  @Test func noGradHoldsForOneThread() {
    final class Answer: @unchecked Sendable { var isEnabled = false }
    let answer = Answer()
    noGrad {
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        answer.isEnabled = isGradEnabled
        done.signal()
      }
      done.wait()
    }
    #expect(answer.isEnabled)
  }

  @Test func keepingFreedMemoryIsForGlibc() {
    #if canImport(Glibc)
      #expect(keepFreedMemory(upTo: 64 << 20))
    #else
      #expect(!keepFreedMemory(upTo: 64 << 20))
    #endif
  }

  @Test func threadCount() {
    let before = Torch.threadCount
    #expect(before >= 1)
    Torch.threadCount = 1
    #expect(Torch.threadCount == 1)
    Torch.threadCount = before
    #expect(libTorchVersion.hasPrefix("2.13"))
  }
}
