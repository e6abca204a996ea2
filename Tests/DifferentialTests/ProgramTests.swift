import DifferentialHarness
import Foundation
import Testing

/// Programs as values: drawn, written, read and shortened, without Python.
@Suite struct ProgramTests {
  @Test("the same seed and number give the same program, others another") func seeds() {
    // By their text, since an amount may be NaN, which equals nothing.
    let programs = (0..<50).map { ProgramGenerator.program(seed: 7, index: $0).description }
    #expect(programs == (0..<50).map { ProgramGenerator.program(seed: 7, index: $0).description })
    #expect(Set(programs).count == 50)
    #expect(programs[3] != ProgramGenerator.program(seed: 8, index: 3).description)
  }

  @Test("programs come back from their JSON") func json() throws {
    for index in 0..<200 {
      let program = ProgramGenerator.program(seed: 9, index: index)
      #expect(try Program(json: program.json).description == program.description, "program \(index)")
    }
  }

  @Test("every kind of layer and step is drawn") func coverage() throws {
    var kinds: Set<String> = []
    for index in 0..<1500 {
      let json = try ProgramGenerator.program(seed: 0, index: index).json
      let program = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
      for part in ["layers", "steps"] {
        kinds.formUnion(try #require(program[part] as? [[String: Any]]).flatMap(\.keys))
      }
      kinds.insert(try #require(program["dtype"] as? String))
    }
    let expected: Set<String> = [
      "linear", "bilinear", "convolution", "convTranspose2d", "batchNorm", "layerNorm", "embedding", "prelu", "lstm",
      "gru", "attention", "relu", "tanh", "gelu", "flatten", "maxPool2d", "dropout", "float16", "bfloat16", "float32",
      "float64", "prune", "globally", "remove", "undo", "probe",
      "fill", "add", "forward", "backward", "optimize", "save", "load", "hold", "copy", "convert", "train", "freeze",
    ]
    #expect(expected.subtracting(kinds).isEmpty)
  }

  @Test("a failure that needs one step is shortened to it") func shrinking() throws {
    let program = try #require(
      (0..<100).lazy.map { ProgramGenerator.program(seed: 0, index: $0) }.first {
        $0.steps.count > 6 && $0.steps.contains { if case .copy = $0 { true } else { false } }
      })
    var runs = 0
    let shrunk = try Shrinker { candidate in
      runs += 1
      return candidate.steps.contains { if case .copy = $0 { true } else { false } }
    }.shrink(program)
    #expect(shrunk.steps == [.copy])
    #expect(runs <= 600)
  }
}
