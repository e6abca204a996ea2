import Checkpoints
import Foundation
import Testing

@Suite struct ConvertTests {
  let scratch = Scratch()

  @Test func keepsTensorsOrderAndVersions() throws {
    let input = fixture("lenet_ordereddict.pt")
    #expect(try bonsai("convert", input, "-o", scratch("a.safetensors")).status == 0)
    #expect(try bonsai("convert", input, "-o", scratch("b.pt")).status == 0)
    let files = try [input, scratch("a.safetensors"), scratch("b.pt")].map { try Checkpoint.open($0) }
    #expect(files[1].tensors.map(\.spec) == files[0].tensors.map(\.spec))
    #expect(files[2].moduleVersions == files[0].moduleVersions)
    #expect(try files[1].differences(from: files[2]).allSatisfy { $0.isEqual && $0.hasSameBytes })
  }

  @Test func stripsAPrefix() throws {
    let path = scratch("single.pth")
    #expect(
      try bonsai("convert", fixture("lenet_dataparallel.pth"), "-o", path, "--strip-prefix", "module.").status == 0)
    #expect(
      try Checkpoint.open(path).tensors.map(\.name) == Checkpoint.open(fixture("lenet_dict.pt")).tensors.map(\.name))
    let one = TensorSource(name: "module.fc.bias", type: .u8, shape: [1], bytes: [1])
    try PyTorchWriter.write([one], moduleVersions: ["": 1, "module": 2, "module.fc": 3], to: scratch("parallel.pt"))
    #expect(
      try bonsai("convert", scratch("parallel.pt"), "-o", path, "--force", "--strip-prefix", "module.").status == 0)
    #expect(try Checkpoint.open(path).moduleVersions == ["": 2, "fc": 3])
    let refused = try bonsai("convert", fixture("lenet_dict.pt"), "-o", path, "--force", "--strip-prefix", "module.")
    #expect(refused.status == 2 && refused.error.contains("expected 'module.' before every name, found 'conv1.weight'"))
  }

  @Test func saysWhatIsLeftOut() throws {
    let input = fixture("lenet_train_checkpoint.pt")
    let outcome = try bonsai("convert", input, "-o", scratch("w.safetensors"))
    #expect(outcome.status == 0)
    #expect(
      outcome.error
        == "bonsai: note: the output has the tensors of '\(input)' only, without: epoch (a number), optimizer "
        + "(a dictionary of 2), args (a dictionary of 2), best (a number)\n")
    let other = try bonsai("convert", input, "-o", scratch("x.safetensors"), "--state-dict", "nothing")
    #expect(other.status == 2 && other.error.contains("expected a dictionary at \"nothing\""))
  }

  @Test(arguments: [["--shard-size", "0"], ["--shard-size", "5"]])
  func refusesShardsOfNoFile(arguments: [String]) throws {
    let outcome = try run("bonsai", ["convert", fixture("lenet.safetensors"), "-o", scratch("x.pt")] + arguments)
    #expect(outcome.status == 64 && outcome.error.hasPrefix("Error: --shard-size: expected "))
  }

  /// Ctrl-C in the middle leaves the input, an earlier output, and nothing else; the status is that of the signal.
  @Test(arguments: [SIGINT, SIGTERM])
  func anInterruptLeavesNothing(signal: Int32) throws {
    let input = scratch("zeros.safetensors")
    let header = Data(#"{"w":{"dtype":"F32","shape":[67108864],"data_offsets":[0,268435456]}}"#.utf8)
    let length = Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    try (length + header).write(to: URL(fileURLWithPath: input))
    #expect(truncate(input, 268_435_456 + off_t(8 + header.count)) == 0)
    let output = scratch("out.pt")
    try Data("earlier".utf8).write(to: URL(fileURLWithPath: output))

    let process = Process()
    process.executableURL = products.appendingPathComponent("bonsai")
    process.arguments = ["convert", input, "-o", output, "--force"]
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    while process.isRunning && !scratch.names.contains(where: { $0.hasSuffix(".bonsai-partial") }) { usleep(1000) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
    #expect(scratch.names == ["out.pt", "zeros.safetensors"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == Data("earlier".utf8))
  }
}
