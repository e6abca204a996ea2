import NN
import Testing
import Torch

private struct RecordedLayer: Decodable, CustomTestStringConvertible, Sendable {
  let name: String
  let text: String
  let state: [[Entry]]
  let parameters: [String]
  var testDescription: String { name }

  enum Entry: Decodable, Equatable, Sendable {
    case name(String)
    case shape([Int])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      self = if let name = try? value.decode(String.self) { .name(name) } else { .shape(try value.decode([Int].self)) }
    }
  }
}

private let recordedLayers = ["layers.json", "more_layers.json"].flatMap {
  (try? Recorded.json($0, as: [RecordedLayer].self)) ?? []
}
private let allCases = layerCases.merging(moreLayerCases) { first, _ in first }

extension NNTests {
  @Suite struct LayerTests {
    nonisolated(unsafe) private static let tensors = try? StateDict(contentsOf: Recorded.path("layers.safetensors"))
      .merging(StateDict(contentsOf: Recorded.path("more_layers.safetensors"))) { first, _ in first }

    @Test func everyRecordedLayerIsTested() {
      #expect(recordedLayers.count == 73 + 72)
      #expect(Set(recordedLayers.map(\.name)) == Set(allCases.keys))
    }

    @Test(arguments: recordedLayers) private func printsAndNamesAsPyTorch(_ recorded: RecordedLayer) throws {
      let layer = try #require(allCases[recorded.name]).build()
      #expect(layer.description == recorded.text)
      #expect(layer.stateDict.map { [.name($0), .shape($1.shape)] } == recorded.state)
      #expect(Array(layer.namedParameters.keys) == recorded.parameters)
    }

    /// Initial values are equal bit for bit. What is computed was so where it was recorded; processors differ, so that
    /// it must agree within 2e-6 of the largest entry (at least 1).
    @Test(arguments: recordedLayers) private func computesAsPyTorch(_ recorded: RecordedLayer) throws {
      let tensors = try #require(Self.tensors)
      let layerCase = try #require(allCases[recorded.name])
      func known(_ kind: String) throws -> Tensor { try #require(tensors["\(recorded.name)/\(kind)"], "\(kind)") }
      func agree(_ found: Tensor, _ kind: String, within bound: Double = 2e-6) throws {
        let wanted = try known(kind)
        let apart = difference(found, wanted) / max(1, wanted.array(of: Double.self).map(abs).max() ?? 1)
        #expect(apart <= bound, "\(recorded.name) \(kind): \(apart)")
      }

      threadCount = 1
      manualSeed(0)
      let layer = layerCase.build()
      for (name, tensor) in layer.stateDict { try agree(tensor, "init.\(name)", within: 0) }

      var inputs: [Tensor] = []
      while let input = tensors["\(recorded.name)/in.\(inputs.count)"] {
        inputs.append(input.clone().requiringGrad(input.dtype.isFloatingPoint))
      }
      manualSeed(2)
      let outputs = layerCase.apply(layer, inputs)
      outputs[0].backward(gradient: try known("gout"))
      #expect(tensors["\(recorded.name)/out.\(outputs.count)"] == nil)
      for (i, output) in outputs.enumerated() { try agree(output, "out.\(i)") }
      for (i, input) in inputs.enumerated() where input.requiresGrad { try agree(#require(input.grad), "gin.\(i)") }
      for (name, parameter) in layer.namedParameters where tensors["\(recorded.name)/grad.\(name)"] != nil {
        try agree(#require(parameter.grad, "\(name)"), "grad.\(name)")
      }
      for (name, buffer) in layer.namedBuffers { try agree(buffer, "after.\(name)") }

      layer.eval()
      for (i, output) in layerCase.apply(layer, inputs).enumerated() { try agree(output, "eval.\(i)") }
    }
  }
}
