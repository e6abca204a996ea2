// swift-tools-version: 6.0
import PackageDescription

// Apart from the package, because a program with libFuzzer has no main of its own; scripts/fuzz.sh links it.
let package = Package(
  name: "fuzzing",
  platforms: [.macOS(.v14)],
  dependencies: [.package(name: "bonsai", path: "..")],
  targets: [
    .target(
      name: "FuzzCheckpoints",
      dependencies: [.product(name: "Checkpoints", package: "bonsai"), .product(name: "Graphs", package: "bonsai")])
  ])
