import Checkpoints
import Testing

@Suite struct InspectTests {
  let scratch = Scratch()

  @Test func showsATable() throws {
    let path = scratch("small.safetensors")
    try SafetensorsWriter.write(
      [
        TensorSource(name: "fc.weight", type: .f32, shape: [2, 2], elements: [0, 0.5, -2, 0] as [Float]),
        TensorSource(name: "fc.bias", type: .f32, shape: [2], elements: [.nan, .infinity] as [Float]),
        TensorSource(name: "steps", type: .i64, shape: [], elements: [12] as [Int64]),
      ], metadata: ["format": "pt", "by\n": "a\u{1b}[31mtest"], to: path)
    let outcome = try bonsai("inspect", path)
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(
      outcome.output == """
        \(path): safetensors, 3 tensors, 280 B
        format: pt
        by?: a?[31mtest

        tensor      dtype   shape    elements   size   zeros            largest   role     why
        ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        fc.weight   F32     [2, 2]          4   16 B    50 %                  2   weight   two or more dimensions
        fc.bias     F32     [2]             2    8 B           1 NaN 1 infinite   bias     its name says bias
        steps       I64     []              1    8 B                         12   buffer   whole numbers (I64), nothing learned

        6 parameters in 32 B of tensors, 2 of 7 elements zero (28.6 %)

        Magnitudes:
                 0    40 %  ████████████████████████████████████████
          0.5 to 1    20 %  ████████████████████
            2 to 4    20 %  ████████████████████
           8 to 16    20 %  ████████████████████

        """)
  }

  @Test func prunedTensorsAreRecognised() throws {
    let json = try bonsai("inspect", fixture("lenet_pruned90_masks.pt"), "--json").json()
    #expect(json["elements"] as? Int == 61_706 && json["parameters"] as? Int == 61_706)
    #expect(json["zeros"] as? Int == 55_323)
    #expect(json["format"] as? String == "pytorch" && (json["tensors"] as? [Any])?.count == 15)
    let pruned = try #require(json["pruned"] as? [[String: Any]])
    #expect(pruned.compactMap { $0["name"] as? String }.first == "conv1.weight")
    #expect(pruned.compactMap { $0["pruned"] as? Int } == [88, 1910, 43637, 9051, 637])
    let text = try bonsai("inspect", fixture("lenet_pruned90_masks.pt")).output
    #expect(text.contains("\nfc1.weight     4 363   48 000   90.9 %\n"))
  }

  @Test func headersOnlyReadsNoValues() throws {
    let outcome = try bonsai("inspect", "--headers-only", fixture("lenet_train_checkpoint.pt"))
    #expect(outcome.lines[0].hasSuffix("PyTorch (zip), under state_dict, 10 tensors, 752.9 kB"))
    #expect(
      outcome.lines[1]
        == "beside them: epoch (a number), optimizer (a dictionary of 2), args (a dictionary of 2), best (a number)")
    #expect(outcome.output.contains("\n61 706 parameters in 246.8 kB of tensors\n"))
    let json = try bonsai("inspect", "--headers-only", "--json", fixture("lenet_train_checkpoint.pt")).json()
    #expect(json["zeros"] == nil && json["state_dict"] as? String == "state_dict")
    #expect(json["left_out"] as? [String] == ["epoch", "optimizer", "args", "best"])
  }

  @Test func jsonKeepsWhatIsNoNumber() throws {
    let json = try bonsai("inspect", fixture("odd_tensors.safetensors"), "--json").json()
    let tensors = try #require(json["tensors"] as? [[String: Any]])
    let odd = try #require(tensors.first { $0["name"] as? String == "nan" })
    #expect(odd["nan"] as? Int == 1 && odd["infinite"] as? Int == 1 && odd["largest"] == nil)
  }

  @Test func packedFilesSaySo() throws {
    let path = scratch("packed.safetensors")
    #expect(try bonsai("pack", fixture("lenet_pruned90_removed.safetensors"), "-o", path).status == 0)
    #expect(try bonsai("inspect", path).lines[1] == "packed as a bitmask: bonsai unpack makes it dense again")
  }
}
