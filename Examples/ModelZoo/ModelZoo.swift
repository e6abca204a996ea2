import ArgumentParser
import ExampleModels
import NN
import Torch

/// The networks of Examples/Models at work: traced into `.pt2`, counted, trained.
@main struct ModelZoo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model-zoo", abstract: "Networks in Swift: traced, counted, trained.",
    subcommands: [Export.self, Count.self, Step.self, Train.self, Shrink.self, Mend.self])
}

/// A network by name.
enum ModelName: String, ExpressibleByArgument, CaseIterable {
  case lenet
  case resnet18
  case mobilenetV2 = "mobilenet_v2"
  case encoder
  case tagger
  case smallResNet = "small_resnet"

  /// The network with initial values of the default generator.
  func make() -> Module {
    switch self {
    case .lenet: LeNet()
    case .resnet18: ResNet()
    case .mobilenetV2: MobileNetV2()
    case .encoder: TextClassifier(tokens: 1000, classes: 4)
    case .tagger: Tagger(tokens: 1000, tags: 8)
    case .smallResNet: SmallResNet()
    }
  }

  /// Inputs of so many samples, the same for the same number.
  func input(_ batch: Int) -> Tensor {
    let generator = Generator(seed: UInt64(batch))
    return switch self {
    case .resnet18, .mobilenetV2: .randn([batch, 3, 224, 224], generator: generator)
    case .encoder, .tagger: .randint(0..<1000, [batch, 20], generator: generator)
    case .lenet, .smallResNet: .randn([batch, 1, 28, 28], generator: generator)
    }
  }
}
