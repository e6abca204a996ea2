import Checkpoints
import Foundation
import TestSupport
import Testing

/// Both ways with Python: what is written here, read by torch and safetensors themselves; what they write, read here.
///
/// Runs where `python3`, or the interpreter that `PYTHON` names, finds torch; the part about safetensors where it finds
/// that too. Python starts slowly, so that each test runs one script for all its files.
@Suite(.serialized) struct PythonTests {
  let scratch = Scratch()

  func hex(_ checkpoint: Checkpoint, _ name: some StringProtocol) throws -> String {
    try checkpoint.withBytes(of: String(name)) {
      $0.isEmpty ? "-" : $0.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  @Test(.enabled(if: Python.finds("torch"), "needs a python3 with torch"))
  func torchReadsWhatIsWritten() throws {
    let names = ["lenet_ordereddict.pt", "torch/dtypes_p2.pt", "odd_tensors.pt", "lenet_pruned90_masks.safetensors"]
    let inputs = try names.map { try Checkpoint.open(Fixture.path($0)) }
    for (number, input) in inputs.enumerated() {
      try Checkpoint.write(
        input.sources(), as: .pytorch, to: scratch("\(number).pt"), metadata: ["by": "test"],
        moduleVersions: input.moduleVersions)
    }
    let lines = try Python.run(
      """
      import ctypes, sys, zipfile, torch
      for number in range(4):
          path = f"{sys.argv[1]}/{number}.pt"
          assert zipfile.ZipFile(path).testzip() is None
          state = torch.load(path, weights_only=True)
          assert type(state).__name__ == "OrderedDict"
          for name, tensor in state.items():
              assert tensor.is_contiguous() and not tensor.requires_grad
              print(number, name, ctypes.string_at(tensor.data_ptr(), tensor.nbytes).hex() or "-", sep="|")
          print(number, "version", getattr(state, "_metadata", {}).get("conv1", {}).get("version"), sep="|")
      """, scratch.path)
    for (number, input) in inputs.enumerated() {
      let expected =
        try input.tensors.map { "\(number)|\($0.name)|\(try hex(input, $0.name))" }
        + ["\(number)|version|\(input.moduleVersions["conv1"].map(String.init) ?? "None")"]
      #expect(lines.filter { $0.hasPrefix("\(number)|") } == expected)
    }
  }

  @Test(.enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func safetensorsReadsWhatIsWritten() throws {
    let names = ["lenet_ordereddict.pt", "odd_tensors.safetensors", "lenet_f64.safetensors"]
    let inputs = try names.map { try Checkpoint.open(Fixture.path($0)) }
    for (number, input) in inputs.enumerated() {
      let path = scratch("\(number).safetensors")
      try Checkpoint.write(input.sources(), as: .safetensors, to: path, metadata: ["format": "pt"])
      try Checkpoint.write(
        input.sources(), as: .shardedSafetensors(limit: 30_000),
        to: scratch("\(number)/model.safetensors.index.json"))
    }
    let lines = try Python.run(
      """
      import ctypes, json, sys
      from safetensors import safe_open
      from safetensors.torch import load_file
      for number in range(3):
          path = f"{sys.argv[1]}/{number}"
          assert safe_open(path + ".safetensors", "pt").metadata() == {"format": "pt"}
          single = load_file(path + ".safetensors")
          index = json.load(open(path + "/model.safetensors.index.json"))
          shards = {}
          for file in sorted(set(index["weight_map"].values())):
              shards.update(load_file(path + "/" + file))
          assert shards.keys() == single.keys() == index["weight_map"].keys()
          assert index["metadata"]["total_size"] == sum(t.nbytes for t in single.values())
          for name, tensor in single.items():
              data = ctypes.string_at(tensor.data_ptr(), tensor.nbytes)
              assert data == ctypes.string_at(shards[name].data_ptr(), tensor.nbytes)
              print(number, name, data.hex() or "-", sep="|")
      """, scratch.path)
    let expected = try inputs.enumerated().flatMap { number, input in
      try input.tensors.map { "\(number)|\($0.name)|\(try hex(input, $0.name))" }
    }
    #expect(lines.sorted() == expected.sorted())
  }

  /// Large enough that rows lie pages apart in the file; read whole, and in blocks that end anywhere.
  @Test(.enabled(if: Python.finds("torch"), "needs a python3 with torch"))
  func stridedTensorsAreReadInBlocks() throws {
    _ = try Python.run(
      """
      import sys, torch
      torch.manual_seed(0)
      a, b = torch.randn(150, 300), torch.randn(12, 10, 20, 8, dtype=torch.float64)
      views = {
          "transposed": a.t(), "every third": a[::3, 1::7], "channels last": b.to(memory_format=torch.channels_last),
          "permuted": b.permute(3, 1, 0, 2), "part": b.permute(2, 3, 1, 0)[3:9, 1:, ::2], "expanded": a[5].expand(40, 300),
          "bytes": (a * 50).to(torch.int8).t()[5:], "halves": a.half().t()[::2], "complex": torch.complex(a, a).t(),
          "wide": torch.complex(b, b).permute(1, 3, 2, 0),
      }
      plain = {name + " plain": view.contiguous().clone() for name, view in views.items()}
      torch.save(views | plain, sys.argv[1])
      """, scratch("views.pt"))
    let checkpoint = try Checkpoint.open(scratch("views.pt"))
    let views = checkpoint.tensors.filter { $0.strides != nil }
    #expect(views.count == 10)
    var random = SeededGenerator(1)
    for view in views {
      let expected = try checkpoint.withBytes(of: view.name + " plain") { Array($0) }
      #expect(try checkpoint.withBytes(of: view.name) { Array($0) } == expected, "\(view.name)")
      for size in [1 << 20, 4096, 1003, Int.random(in: 1...50_000, using: &random)] {
        var bytes: [UInt8] = []
        try checkpoint.forEachBlock(of: view.name, size: size) { block, _ in bytes += block }
        #expect(bytes == expected, "\(view.name) in blocks of \(size)")
      }
    }
  }

  @Test(.enabled(if: Python.finds("torch", "safetensors", "numpy"), "needs a python3 with torch and safetensors"))
  func packedTensorsExpandByTheFormulaOfCompressedTensors() throws {
    let dense = try Checkpoint.open(Fixture.path("lenet_pruned90_removed.safetensors"))
    let plan = try SparseBitmask.plan(packing: dense)
    try plan.write(to: scratch("packed.safetensors"))
    let lines = try Python.run(
      """
      import sys, numpy, torch
      from safetensors.torch import load_file
      packed, dense = load_file(sys.argv[1]), load_file(sys.argv[2])
      ours = [n[:-6] for n in packed if n.endswith(":shape")]
      for name in ours:
          shape = packed[name + ":shape"].tolist()
          bits = numpy.unpackbits(packed[name + ":bitmask"].numpy().reshape(-1), count=numpy.prod(shape), bitorder="little")
          result = torch.zeros(shape)
          result[torch.from_numpy(bits.reshape(shape).astype(bool))] = packed[name + ":compressed"]
          print(name, torch.equal(result, dense[name]))
      for name in [n[:-6] for n in packed if n.endswith(".shape")]:
          shape = packed[name + ".shape"].tolist()
          bits = numpy.unpackbits(packed[name + ".bitmask"].numpy(), axis=-1, count=shape[-1], bitorder="little")
          mask = torch.from_numpy(bits.reshape(shape).astype(bool))
          result = torch.zeros(shape)
          result[mask] = packed[name + ".compressed"]
          counts = mask.reshape(-1, shape[-1]).sum(-1)
          assert torch.equal(packed[name + ".row_offsets"], counts.cumsum(0) - counts)
          print(name + ".weight", torch.equal(result, dense[name + ".weight"]))
      """, scratch("packed.safetensors"), Fixture.path("lenet_pruned90_removed.safetensors"))
    #expect(lines.sorted() == plan.packed.map { "\($0) True" }.sorted())
  }

  @Test(.enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
  func readsWhatPythonWrites() throws {
    let lines = try Python.run(
      """
      import ctypes, sys, torch
      from safetensors.torch import save_file
      torch.manual_seed(3)
      state = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Linear(5, 7)).state_dict()
      state["big"] = torch.randn(100, 50).to(torch.bfloat16)
      save_file(state, sys.argv[1] + "/a.safetensors", metadata={"k": "v"})
      torch.save(state, sys.argv[1] + "/a.pt")
      torch.save({"model": state, "step": 3}, sys.argv[1] + "/b.pt", pickle_protocol=4)
      torch.save(state, sys.argv[1] + "/c.pt", _use_new_zipfile_serialization=False)
      for name, tensor in state.items():
          print(name, ctypes.string_at(tensor.data_ptr(), tensor.nbytes).hex(), sep="|")
      """, scratch.path)
    for file in ["a.safetensors", "a.pt", "b.pt", "c.pt"] {
      let checkpoint = try Checkpoint.open(scratch(file))
      let found = try checkpoint.tensors.map { "\($0.name)|\(try hex(checkpoint, $0.name))" }
      if file.hasSuffix(".pt") {
        #expect(found == lines)
        #expect(checkpoint.moduleVersions["1"] == 2)
      } else {
        #expect(found.sorted() == lines.sorted())
        #expect(checkpoint.metadata == ["k": "v"])
      }
    }
  }
}
