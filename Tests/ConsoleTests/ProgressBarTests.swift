import Testing

@testable import Console

@Suite struct ProgressBarTests {
  let bar = ProgressBar(label: "Epoch 1/3", total: 200, width: 8)

  @Test(
    arguments: [
      (0, 0, "Epoch 1/3  ········    0 %"),
      (1, 0.5, "Epoch 1/3  ········    0 %  2 steps/s  1:40 left"),
      (50, 25, "Epoch 1/3  ██······   25 %  2 steps/s  1:15 left"),
      (55, 27.5, "Epoch 1/3  ██▏·····   27 %  2 steps/s  1:13 left"),
      (199, 99.5, "Epoch 1/3  ███████▉   99 %  2 steps/s  0:01 left"),
      (200, 100, "Epoch 1/3  ████████  100 %  2 steps/s"),
      (999, 100, "Epoch 1/3  ████████  100 %  2 steps/s"),
    ] as [(Int, Double, String)])
  func line(done: Int, seconds: Double, expected: String) {
    #expect(bar.line(done: done, seconds: seconds) == expected)
  }

  @Test func nothingToDo() {
    #expect(ProgressBar(label: "x", total: 0, width: 2).line(done: 0, seconds: 1) == "x  ██  100 %")
  }

  @Test func bytes() {
    let bar = ProgressBar(label: "reading", total: 4_000_000_000, unit: .bytes, width: 8)
    #expect(bar.line(done: 0, seconds: 0) == "reading  ········    0 %  0 B of 4.0 GB")
    #expect(
      bar.line(done: 1_000_000_000, seconds: 0.5)
        == "reading  ██······   25 %  1.0 GB of 4.0 GB  2.0 GB/s  0:02 left")
    #expect(bar.line(done: 4_000_000_000, seconds: 2) == "reading  ████████  100 %  4.0 GB of 4.0 GB  2.0 GB/s")
  }

  @Test func clock() {
    #expect(
      [0, 0.2, 7, 60, 754.1, 3600, 3 * 3600 + 61].map { ProgressBar.clock($0) }
        == ["0:00", "0:01", "0:07", "1:00", "12:35", "1:00:00", "3:01:01"])
    #expect(ProgressBar.clock(.infinity) == "?" && ProgressBar.clock(.nan) == "?")
  }

  /// Tests do not run in a terminal: nothing may be written there, and time is kept all the same.
  @Test func displayKeepsTimeInSilence() async throws {
    #expect(!Terminal.error.isInteractive && !Terminal.error.hasColor)
    var display = ProgressDisplay(bar)
    display.advance()
    try await Task.sleep(for: .milliseconds(20))
    #expect(display.seconds >= 0.02)
    display.clear()
  }
}
