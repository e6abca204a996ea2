import ArgumentParser
import Checkpoints
import Testing

@testable import bonsai

@Suite struct FailureTests {
  @Test func aFilesErrorIsOneLine() {
    let error = CheckpointError(
      .damaged, "read", file: "a", expected: "b", found: "c", advice: "d")
    #expect(Failure(error)?.line == "bonsai: read 'a': expected b, found c; d")
    #expect(Failure(error)?.status.rawValue == 2)
    #expect(Failure(ExitCode(1)) == nil && Failure(ValidationError("x")) == nil)
  }

  @Test func outputsAreChosenByTheirEnding() throws {
    #expect(try OutputOptions.parse(["-o", "a.pt"]).format() == .pytorch)
    #expect(try OutputOptions.parse(["-o", "a.onnx"]).format() == .onnx)
    #expect(try OutputOptions.parse(["--output", "a/"]).format() == .shardedSafetensors(limit: 5_000_000_000))
    #expect {
      _ = try OutputOptions.parse(["-o", "a.h5"])
    } throws: { error in
      OutputOptions.message(for: error)
        == "--output: expected a path ending in .safetensors, .pt, .pth, .bin, .ckpt, .pt2 or .onnx, or in / for shards, "
        + "found 'a.h5'"
    }
  }
}
