import Testing

@testable import bonsai

@Suite("Help")
struct HelpTests {
  @Test("the command is called bonsai")
  func name() { #expect(BonsaiCommand.helpMessage().contains("USAGE: bonsai")) }
}
