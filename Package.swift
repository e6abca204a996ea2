// swift-tools-version: 6.0
import PackageDescription

// Targets from the bottom up: each may import only what stands above it here (below it in the house).
// LibTorch is found through pkg-config (see scripts/setup-libtorch.sh); there are no unsafe flags, so that other
// packages can depend on a tagged version.
let package = Package(
  name: "bonsai",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "Sparsity", targets: ["Sparsity"]),
    .library(name: "Checkpoints", targets: ["Checkpoints"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "NN", targets: ["NN"]),
    .library(name: "Pruning", targets: ["Pruning"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .executable(name: "bonsai", targets: ["bonsai"]),
    .executable(name: "pruning-tutorial", targets: ["PruningTutorial"]),
    .executable(name: "bonsai-bench", targets: ["BonsaiBench"]),
    .executable(name: "differential", targets: ["differential"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // Pure Swift, no engine.
    .target(name: "Sparsity"),
    .target(
      name: "Checkpoints",
      dependencies: ["Sparsity", .product(name: "OrderedCollections", package: "swift-collections")]),

    // The engine. CTorch is private to Torch.
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .target(name: "CTorch", dependencies: ["CLibTorch"]),
    .target(name: "Torch", dependencies: ["CTorch"]),

    // Networks and their pruning.
    .target(
      name: "NN",
      dependencies: ["Torch", "Checkpoints", .product(name: "OrderedCollections", package: "swift-collections")]),
    .target(
      name: "Pruning",
      dependencies: ["NN", "Sparsity", .product(name: "OrderedCollections", package: "swift-collections")]),
    .target(name: "Datasets", dependencies: ["Torch"]),

    // The command line, thin.
    .executableTarget(
      name: "bonsai",
      dependencies: [
        "Checkpoints", "Sparsity", "Torch", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Runnable stories.
    .executableTarget(
      name: "PruningTutorial",
      dependencies: [
        "Torch", "NN", "Pruning", "Datasets", "Checkpoints",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/PruningTutorial"),

    // Beside PyTorch, in one run: speed, and everything that can be compared.
    .executableTarget(
      name: "BonsaiBench",
      dependencies: [
        "Torch", "NN", "Pruning", "Sparsity", "Datasets",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Sources"),
    .target(
      name: "DifferentialHarness",
      dependencies: ["Torch", "NN", "Pruning", .product(name: "OrderedCollections", package: "swift-collections")],
      path: "Differential/Harness", resources: [.copy("Oracle")]),
    .executableTarget(
      name: "differential",
      dependencies: ["DifferentialHarness", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Differential/Command"),

    .testTarget(name: "SparsityTests", dependencies: ["Sparsity"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints"], resources: [.copy("Fixtures")]),
    .testTarget(name: "TorchTests", dependencies: ["Torch"], resources: [.copy("Recorded")]),
    .testTarget(name: "NNTests", dependencies: ["NN"], resources: [.copy("Recorded")]),
    .testTarget(
      name: "PruningTests", dependencies: ["Pruning", "Checkpoints", "Sparsity"],
      resources: [.copy("Golden"), .copy("Recorded")]),
    .testTarget(
      name: "DifferentialTests", dependencies: ["DifferentialHarness", "NN", "Pruning", "Torch"],
      resources: [.copy("Python")]),
    .testTarget(name: "BonsaiTests", dependencies: ["bonsai", "Checkpoints", "Sparsity"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets"]),
    .testTarget(
      name: "PruningTutorialTests",
      dependencies: [
        "PruningTutorial", "Checkpoints", "Datasets", "NN", "Pruning", "Torch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  cxxLanguageStandard: .cxx20
)
