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
    .library(name: "Recipes", targets: ["Recipes"]),
    .library(name: "SparseKernels", targets: ["SparseKernels"]),
    .library(name: "Checkpoints", targets: ["Checkpoints"]),
    .library(name: "FilePruning", targets: ["FilePruning"]),
    .library(name: "Graphs", targets: ["Graphs"]),
    .library(name: "Compaction", targets: ["Compaction"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "NN", targets: ["NN"]),
    .library(name: "Pruning", targets: ["Pruning"]),
    .library(name: "Runtime", targets: ["Runtime"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .executable(name: "bonsai", targets: ["bonsai"]),
    .executable(name: "bonsai-engine", targets: ["bonsai-engine"]),
    .executable(name: "pruning-tutorial", targets: ["PruningTutorial"]),
    .executable(name: "model-zoo", targets: ["ModelZoo"]),
    .executable(name: "bonsai-bench", targets: ["BonsaiBench"]),
    .executable(name: "differential", targets: ["differential"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    // Messages of ONNX files; the generated code is committed, so that nothing but the library is needed.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    // Recipes in TOML, and SHA-256, for the command line; nothing else needs them.
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
  ],
  targets: [
    // For people: text on a terminal or in a pipe, tables, progress, numbers; pictures in SVG.
    .target(name: "Console"),
    .target(name: "Pictures", dependencies: ["Console"]),

    // Inner loops in C, each for several sets of instructions.
    .target(name: "CKernels"),

    // Swift, no engine.
    .target(name: "Sparsity", dependencies: ["CKernels"]),
    .target(name: "Recipes", dependencies: ["Sparsity"]),
    .target(name: "SparseKernels", dependencies: ["CKernels", "Sparsity"]),
    // Deflated members of archives; zlib1g-dev on Debian, part of macOS.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    // The messages of ONNX files, generated out of onnx.proto (scripts/generate-onnx.sh).
    .target(
      name: "ONNXFormat", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["onnx.proto"]),
    .target(
      name: "Checkpoints",
      dependencies: [
        "CZlib", "ONNXFormat", "Sparsity", .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(
      name: "FilePruning",
      dependencies: [
        "Sparsity", "Recipes", "Checkpoints", .product(name: "OrderedCollections", package: "swift-collections"),
      ]),

    .target(
      name: "Graphs",
      dependencies: [
        "Checkpoints", "ONNXFormat", .product(name: "OrderedCollections", package: "swift-collections"),
      ]),

    .target(
      name: "Compaction",
      dependencies: [
        "Sparsity", "Recipes", "Checkpoints", "Graphs", "Console", "Pictures",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),

    // The engine. CTorch is private to Torch.
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .target(name: "CTorch", dependencies: ["CLibTorch", "CKernels"]),
    .target(name: "Torch", dependencies: ["CTorch"]),

    // Networks and their pruning.
    .target(
      name: "NN",
      dependencies: ["Torch", "Checkpoints", .product(name: "OrderedCollections", package: "swift-collections")]),
    .target(
      name: "Pruning",
      dependencies: [
        "Checkpoints", "Console", "NN", "Pictures", "Recipes", "Sparsity",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(
      name: "Runtime",
      dependencies: [
        "Compaction", "Graphs", "NN", "Pruning", "Recipes", "SparseKernels", "Torch", "Checkpoints",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(name: "Datasets", dependencies: ["Torch"]),

    // The command line, thin. It does without LibTorch, which takes 0.3 s and 120 MB to load; what needs it is done by a
    // program of its own, beside it. Between them go messages.
    .target(name: "EngineMessages"),
    .executableTarget(
      name: "bonsai",
      dependencies: [
        "Checkpoints", "FilePruning", "Recipes", "Sparsity", "Graphs", "Compaction", "Console", "Pictures",
        "EngineMessages",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "Crypto", package: "swift-crypto"), .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    .executableTarget(
      name: "bonsai-engine",
      dependencies: [
        "Torch", "NN", "Graphs", "Compaction", "Runtime", "SparseKernels", "Checkpoints", "Console", "EngineMessages",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/BonsaiEngine"),

    // Runnable stories.
    .executableTarget(
      name: "PruningTutorial",
      dependencies: [
        "ExampleModels", "Torch", "NN", "Recipes", "Pruning", "Compaction", "Runtime", "Datasets", "Checkpoints",
        "Console", "Pictures",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/PruningTutorial"),
    // Networks as short as in Python, and what can be done with them.
    .target(name: "ExampleModels", dependencies: ["Torch", "NN"], path: "Examples/Models"),
    .executableTarget(
      name: "ModelZoo",
      dependencies: [
        "ExampleModels", "Torch", "NN", "Recipes", "Pruning", "Graphs", "Compaction", "Runtime", "Datasets",
        "Checkpoints", "Console",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Examples/ModelZoo", exclude: ["Python"]),

    // Beside PyTorch, in one run: speed, and everything that can be compared.
    .target(
      name: "ONNXCases", dependencies: ["Checkpoints", "Graphs", "NN", "Runtime", "Torch"],
      path: "Benchmarks/ONNXCases"),
    .executableTarget(
      name: "BonsaiBench",
      dependencies: [
        "ONNXCases", "Graphs", "Torch", "NN", "Recipes", "Pruning", "Compaction", "Runtime", "SparseKernels",
        "Sparsity", "Datasets", "Console", "Pictures",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Sources"),
    .target(
      name: "DifferentialHarness",
      dependencies: [
        "Sparsity", "Recipes", "Checkpoints", "FilePruning", "Torch", "NN", "Pruning",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      path: "Differential/Harness", resources: [.copy("Oracle")]),
    .executableTarget(
      name: "differential",
      dependencies: [
        "DifferentialHarness", "Console", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Differential/Command"),

    .testTarget(name: "SparsityTests", dependencies: ["Sparsity"]),
    .testTarget(name: "RecipesTests", dependencies: ["Recipes", "Sparsity"]),
    // What several test targets use.
    .target(name: "TestSupport", dependencies: ["Checkpoints"], path: "Tests/TestSupport"),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "ONNXFormat", "Sparsity", "TestSupport"],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "FilePruningTests",
      dependencies: ["FilePruning", "Recipes", "Checkpoints", "ONNXFormat", "Sparsity", "TestSupport"]),
    .testTarget(name: "TorchTests", dependencies: ["Torch"], resources: [.copy("Recorded")]),
    .testTarget(
      name: "NNTests", dependencies: ["Checkpoints", "NN", "TestSupport", "Torch"], resources: [.copy("Recorded")]),
    .testTarget(
      name: "PruningTests",
      dependencies: [
        "DifferentialHarness", "Pruning", "FilePruning", "Recipes", "Checkpoints", "Sparsity", "TestSupport",
      ],
      resources: [.copy("Golden"), .copy("Recorded")]),
    .testTarget(
      name: "DifferentialTests", dependencies: ["DifferentialHarness", "NN", "Pruning", "Torch"],
      resources: [.copy("Python"), .copy("Programs")]),
    .testTarget(name: "GraphsTests", dependencies: ["Graphs", "Checkpoints"], resources: [.copy("Fixtures")]),
    .testTarget(
      name: "CompactionTests",
      dependencies: [
        "Compaction", "Runtime", "Graphs", "Checkpoints", "NN", "Recipes", "Sparsity", "TestSupport", "Torch",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      resources: [.copy("Python")]),
    .testTarget(
      name: "RuntimeTests",
      dependencies: [
        "ExampleModels", "ONNXCases", "Runtime", "Compaction", "Recipes", "Graphs", "Checkpoints", "NN", "Pruning",
        "SparseKernels",
        "Torch",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      resources: [.copy("Python"), .copy("ONNX")]),
    .testTarget(name: "SparseKernelsTests", dependencies: ["SparseKernels", "Sparsity", "Torch"]),
    .testTarget(name: "ConsoleTests", dependencies: ["Console", "Pictures"]),
    .testTarget(
      name: "BonsaiTests",
      dependencies: [
        "bonsai", "bonsai-engine", "Checkpoints", "Console", "EngineMessages", "FilePruning", "Graphs", "NN", "Pruning",
        "Recipes", "Runtime", "Sparsity",
        "Torch",
      ]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets"]),
    .testTarget(
      name: "PruningTutorialTests",
      dependencies: [
        "PruningTutorial", "Checkpoints", "Console", "Datasets", "NN", "Pruning", "Torch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  cxxLanguageStandard: .cxx20
)

// In these a file sees the members of what it imports itself. Otherwise members of Foundation, which SwiftProtobuf imports,
// would be taken by accident, and `bonsai`, which carries what it uses, would be 60 MB larger.
let withoutFoundation: Set = ["Checkpoints", "FilePruning", "Graphs", "Compaction", "bonsai"]
for target in package.targets where withoutFoundation.contains(target.name) {
  target.swiftSettings = (target.swiftSettings ?? []) + [.enableUpcomingFeature("MemberImportVisibility")]
}

// For `make docs` only, so that ordinary builds do without it.
if Context.environment["BONSAI_DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
