import ArgumentParser
import Console
import EngineMessages
import Foundation
import Torch

/// Does what one request asks, and answers on standard output.
struct RequestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "request", abstract: "Does what a request in JSON asks.")

  @Argument(help: "The request.")
  var json: String

  /// What every request has, of whatever version.
  private struct Header: Decodable {
    var schema: Int
    var version: String
  }

  func run() throws {
    // Each run of a model takes as much memory as the one before.
    keepFreedMemory()
    do {
      let header = try JSONDecoder().decode(Header.self, from: Data(json.utf8))
      guard header.version == bonsaiVersion, header.schema == 1 else {
        return answer(EngineAnswer<RunResult>(error: EngineCommand.otherVersion(header.version)))
      }
      switch try JSONDecoder().decode(EngineRequest.self, from: Data(json.utf8)).task {
      case .run(let model, let inputs, let output, let replacing):
        answer(EngineAnswer(result: try RunTask.run(model, inputs, output: output, replacing: replacing)))
      case .profile(let model, let inputs, let runs):
        answer(EngineAnswer(result: try ProfileTask.run(model, inputs, runs: runs)))
      case .compare(let a, let b, let inputs, let runs):
        answer(EngineAnswer(result: try CompareTask.run(a, b, inputs, runs: runs)))
      case .accelerate(let model, let inputs, let output, let replacing):
        answer(EngineAnswer(result: try AccelerateTask.run(model, inputs, output: output, replacing: replacing)))
      case .recover(let request, let inputs):
        answer(EngineAnswer(result: try RecoverTask.run(request, inputs)))
      case .score(let request, let inputs):
        answer(EngineAnswer(result: try ScoreTask.run(request, inputs)))
      case .prove(let original, let reference, let compacted, let inputs, let runs, let limit):
        answer(
          EngineAnswer(
            result: try ProofTask.run(
              original: original, reference: reference, compacted: compacted, inputs, runs: runs, limit: limit)))
      case .budget(let model, let data, let inputs, let request):
        answer(EngineAnswer(result: try BudgetTask.run(model, data: data, inputs, request: request)))
      }
    } catch {
      answer(EngineAnswer<RunResult>(error: "\(error)"))
    }
  }

  private func answer<R>(_ answer: EngineAnswer<R>) {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let data = (try? encoder.encode(answer)) ?? Data()
    _ = data.withUnsafeBytes(Terminal.output.writeAll)
  }
}
