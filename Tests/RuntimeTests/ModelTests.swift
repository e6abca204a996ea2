import ExampleModels
import Foundation
import NN
import Testing
import Torch

/// The networks of Examples/Models beside torchvision's, recorded by Python/record_torchvision.py.
@Suite(.serialized) struct ModelTests {
  private struct Entry: Decodable {
    let name: String
    let shape: [Int]
    let sum: Double
  }

  @Test func namesShapesAndInitialValuesAreTorchvisions() throws {
    let url = try #require(Bundle.module.url(forResource: "torchvision", withExtension: "json", subdirectory: "Python"))
    let recorded = try JSONDecoder().decode([String: [Entry]].self, from: Data(contentsOf: url))
    let models: [String: () -> Module] = ["resnet18": { ResNet() }, "mobilenet_v2": { MobileNetV2() }]
    #expect(Set(recorded.keys) == Set(models.keys))
    for (name, entries) in recorded {
      manualSeed(0)
      let make = try #require(models[name])
      let state = make().stateDict
      let names = Array(state.keys)
      #expect(names == entries.map(\.name))
      for entry in entries {
        let tensor = try #require(state[entry.name])
        #expect(tensor.shape == entry.shape, "\(entry.name)")
        let exact = tensor.to(.float64)
        let apart = abs(exact.sum().item() - entry.sum)
        let scale = max(1, exact.abs().sum().item())
        // Sums are rounded here, exact there.
        #expect(apart <= 1e-9 * scale, "\(entry.name)")
      }
    }
  }

  @Test func theSmallResNetIsAsLargeAsItWas() {
    #expect(SmallResNet().parameterCount == 77754)
    #expect(SmallResNet()(.zeros([2, 1, 28, 28])).shape == [2, 10])
  }

  @Test func sequencesGiveWhatTheySay() {
    let ids = Tensor.randint(0..<20, [3, 7])
    #expect(TextClassifier(tokens: 20, classes: 4, length: 8, width: 16, heads: 2)(ids).shape == [3, 4])
    #expect(Tagger(tokens: 20, tags: 5)(ids).shape == [3, 7, 5])
  }
}
