import Checkpoints
import Foundation
import NN
import Testing
import Torch

extension NNTests {
  @Suite struct FileTests {
    @Test func modulesComeBack() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/model.safetensors"
        let (model, other) = (LeNet(), LeNet())
        try model.save(to: path, metadata: ["format": "pt", "epoch": "3"])
        #expect(try SafetensorsFile(path: path).metadata == ["format": "pt", "epoch": "3"])
        let state = try StateDict(contentsOf: path)
        #expect(Array(state.keys) == Array(model.stateDict.keys))
        #expect(try other.load(from: path) == StateDictDifference(missing: [], unexpected: []))
        for (a, b) in zip(model.parameters, other.parameters) { #expect(a.equal(b)) }
      }
    }

    @Test("PyTorch files and shards load as safetensors do") func otherFormats() throws {
      try withTemporaryFolder { folder in
        let model = LeNet()
        let path = folder + "/model.safetensors"
        try model.save(to: path)
        let checkpoint = try Checkpoint.open(path)
        try Checkpoint.write(checkpoint.sources(), as: .pytorch, to: folder + "/model.pt")
        try Checkpoint.write(checkpoint.sources(), as: .shardedSafetensors(limit: 50_000), to: folder + "/shards")
        for name in ["model.pt", "shards"] {
          let other = LeNet()
          try other.load(from: folder + "/" + name)
          for (a, b) in zip(model.parameters, other.parameters) { #expect(a.equal(b), "\(name)") }
        }
      }
    }

    @Test(arguments: DType.allCases) func everyTypeComesBack(_ dtype: DType) throws {
      try withTemporaryFolder { folder in
        let path = folder + "/x.safetensors"
        let x = Tensor([0, 1, 0, 3, 100, 2]).to(dtype)
        try (["x": x, "scalar": x[4], "none": x[0..<0]] as StateDict).save(to: path)
        let back = try StateDict(contentsOf: path)
        #expect(back["x"].map { $0.dtype == dtype && $0.equal(x) } == true)
        #expect(back["scalar"].map { $0.shape == [] && $0.equal(x[4]) } == true)
        #expect(back["none"]?.shape == [0])
        #expect(DType(dtype.storedType) == dtype)
      }
    }

    @Test func whatCannotBeHeldIsSkippedAndPrefixesGo() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/x.safetensors"
        let sources = [
          TensorSource(name: "module.fc.weight", type: .f32, shape: [2], elements: [1, 2] as [Float]),
          TensorSource(name: "module.fc.scale", type: .f8E4M3, shape: [2], bytes: [1, 2]),
          TensorSource(name: "steps", type: .i64, shape: [], elements: [7] as [Int64]),
        ]
        try SafetensorsWriter.write(sources, to: path)
        var skipped: [OtherEntry] = []
        let state = try StateDict(contentsOf: path, strippingPrefix: "module.") { skipped.append($0) }
        #expect(Array(state.keys) == ["fc.weight", "steps"])
        #expect(state["fc.weight"]?.equal(Tensor([1, 2])) == true)
        #expect(skipped == [OtherEntry(name: "module.fc.scale", what: "a tensor of F8_E4M3", isTensor: true)])
        #expect(throws: CheckpointError.self) { try StateDict(contentsOf: path, strippingPrefix: "module.") }
      }
    }

    @Test func stridedAndSharedTensorsAreWrittenInFull() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/x.safetensors"
        let x = Tensor.arange(to: 6, dtype: .float32).reshape(2, 3)
        try (["x": x, "same": x, "t": x.t, "wide": x[0].expand([2, 3])] as StateDict).save(to: path)
        let back = try StateDict(contentsOf: path)
        for (name, tensor) in ["x": x, "same": x, "t": x.t, "wide": x[0].expand([2, 3])] {
          #expect(back[name]?.equal(tensor) == true, "\(name)")
        }
        #expect(back["x"].map { $0.sharesStorage(with: back["same"] ?? $0) } == false)
      }
    }

    @Test func aDamagedFileChangesNothing() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/model.safetensors"
        try LeNet().save(to: path)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let model = LeNet()
        let before = model.stateDict.mapValues { $0.clone() }
        for length in [0, 7, 100, whole.count - 1] {
          try whole.prefix(length).write(to: URL(fileURLWithPath: path))
          let error = #expect(throws: CheckpointError.self) { try model.load(from: path) }
          #expect(try #require(error).kind == .damaged)
          #expect("\(try #require(error))".contains("model.safetensors"))
        }
        let absent = #expect(throws: CheckpointError.self) { try model.load(from: folder + "/absent") }
        #expect(try #require(absent).kind == .cannotRead)
        for (name, tensor) in model.stateDict { #expect(tensor.equal(try #require(before[name]))) }
      }
    }

    @Test func otherTypesAreRefused() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/x.safetensors"
        try SafetensorsWriter.write(
          [TensorSource(name: "x", type: .f8E4M3, shape: [2], bytes: [1, 2])], to: path)
        let error = #expect(throws: CheckpointError.self) { try StateDict(contentsOf: path) }
        #expect(
          "\(try #require(error))"
            == "read tensor 'x' of '\(path)': expected one of the types U8, I8, I16, I32, I64, F16, F32, F64, BOOL, BF16, "
            + "U16, U32, U64, found F8_E4M3; convert the file first, or skip such tensors; nothing was loaded")
      }
    }

    @Test func aFailedSaveKeepsTheEarlierFile() throws {
      try withTemporaryFolder { folder in
        let path = folder + "/x.safetensors"
        try (["x": Tensor([1, 2])] as StateDict).save(to: path)
        #expect(throws: CheckpointError.self) {
          try (["x": Tensor([3, 4])] as StateDict).save(to: path, replacing: false)
        }
        #expect(try StateDict(contentsOf: path)["x"]?.array(of: Int.self) == [1, 2])
      }
    }

    @Test func optimiserStatesAreStateDicts() throws {
      try withTemporaryFolder { folder in
        let model = LeNet()
        let optimizer = Adam(model.parameters)
        crossEntropy(model(.rand([2, 1, 32, 32])), Tensor([1, 2])).backward()
        optimizer.step()
        try optimizer.stateDict.save(to: folder + "/adam.safetensors")
        let twin = Adam(model.parameters)
        try twin.loadStateDict(StateDict(contentsOf: folder + "/adam.safetensors"))
        for (name, tensor) in optimizer.stateDict { #expect(twin.stateDict[name]?.equal(tensor) == true) }
      }
    }
  }
}
