import ArgumentParser
import Testing

@testable import PruningTutorial

@Suite struct CommandLineTests {
  @Test func defaults() throws {
    let tutorial = try Tutorial.parse([])
    #expect(tutorial.epochs == 3 && tutorial.finetune == 1 && tutorial.seed == 0 && tutorial.device == "auto")
    #expect(tutorial.amounts == [0.5, 0.8, 0.9, 0.95] && tutorial.output == "out" && !tutorial.quick)
  }

  @Test func flags() throws {
    let tutorial = try Tutorial.parse(
      ["--amounts", "0.3", "0.7", "--epochs", "5", "--finetune", "0", "--seed", "7", "--out", "o", "--quick", "--full"])
    #expect(tutorial.amounts == [0.3, 0.7] && tutorial.epochs == 5 && tutorial.finetune == 0 && tutorial.seed == 7)
    #expect(tutorial.output == "o" && tutorial.quick && tutorial.full)
  }

  @Test(arguments: [
    (["--epochs", "0"], "--epochs: expected 1 to 10000, found 0"),
    (["--finetune", "10001"], "--finetune: expected 0 to 10000, found 10001"),
    (["--amounts", "0.5", "1"], "--amounts: expected shares above 0 and below 1, such as 0.9, found 1.0"),
    (["--amounts", "nan"], "--amounts: expected shares above 0 and below 1, such as 0.9, found nan"),
    (["--amounts", "0"], "--amounts: expected shares above 0 and below 1, such as 0.9, found 0.0"),
  ])
  func refused(arguments: [String], message: String) {
    let error = #expect(throws: (any Error).self) { try Tutorial.parse(arguments) }
    #expect(error.map { Tutorial.message(for: $0) } == message)
  }
}
