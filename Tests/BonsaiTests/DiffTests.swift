import Checkpoints
import Testing

@Suite struct DiffTests {
  let scratch = Scratch()

  @Test func equalFilesOfOtherFormats() throws {
    let outcome = try bonsai("diff", fixture("lenet.safetensors"), fixture("lenet_dataparallel.pth"))
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(outcome.lines.last { !$0.isEmpty } == "equal: 10 tensors with the same types, shapes and values")
    #expect(try bonsai("diff", fixture("lenet_dict.pt"), fixture("lenet_legacy.pt")).status == 0)
  }

  @Test func showsWhatPruningHasDone() throws {
    let paths = (fixture("lenet.safetensors"), fixture("lenet_pruned90_masks.pt"))
    let outcome = try bonsai("diff", paths.0, paths.1)
    #expect(outcome.status == 1)
    #expect(
      outcome.output == """
        a: \(paths.0), safetensors
        b: \(paths.1), PyTorch (zip)

        tensor         differ       of   largest     mean   zeros before    after
        ────────────────────────────────────────────────────────────────────────────
        conv1.weight       88      150     0.167   0.0464            0 %   58.7 %
        conv2.weight    1 910    2 400     0.168   0.0564            0 %   79.6 %
        fc1.weight     43 637   48 000     0.168   0.0522            0 %   90.9 %
        fc2.weight      9 051   10 080     0.168   0.0563            0 %   89.8 %
        fc3.weight        637      840     0.167   0.0581            0 %   75.8 %

        5 of 10 tensors differ; zeros 0 % before, 89.7 % after (55 323 new, 0 lost)

        """)
  }

  @Test func typesShapesAndMissingTensors() throws {
    func write(_ name: String, _ sources: [TensorSource]) throws -> String {
      try SafetensorsWriter.write(sources, to: scratch(name))
      return scratch(name)
    }
    let first = try write(
      "a.safetensors",
      [
        TensorSource(name: "x", type: .f32, shape: [1], elements: [1] as [Float]),
        TensorSource(name: "y", type: .f32, shape: [1], elements: [1] as [Float]),
        TensorSource(name: "z", type: .f32, shape: [1], elements: [-0.0] as [Float]),
        TensorSource(name: "gone", type: .u8, shape: [1], bytes: [1]),
      ])
    let second = try write(
      "b.safetensors",
      [
        TensorSource(name: "x", type: .f64, shape: [1], elements: [1] as [Double]),
        TensorSource(name: "y", type: .f32, shape: [2], elements: [1, 1] as [Float]),
        TensorSource(name: "z", type: .f32, shape: [1], elements: [0] as [Float]),
        TensorSource(name: "new", type: .u8, shape: [1], bytes: [1]),
      ])
    let outcome = try bonsai("diff", "--all", first, second)
    #expect(outcome.status == 1)
    for end in [
      "F32 before, F64 after", "shape [1] before, [2] after", "signs of zeros or bits of NaN differ", "only in a",
      "only in b",
    ] {
      #expect(outcome.lines.contains { $0.hasSuffix("   " + end) }, "\(end)")
    }
    let json = try bonsai("diff", "--json", first, second).json()
    #expect(json["equal"] as? Bool == false)
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    #expect(tensors.compactMap { $0["name"] as? String } == ["x", "y", "z", "gone", "new"])
    #expect(tensors.compactMap { $0["equal"] as? Bool } == [false, false, true, false, false])
    #expect(tensors[2]["same_bytes"] as? Bool == false && tensors[4]["a"] == nil)
  }
}
