import Checkpoints
import Foundation
import Testing

/// What `bonsai` reads and writes, beside Python's torch and safetensors.
@Suite struct PythonTests {
  let scratch = Scratch()

  /// Every fixture that Python reads, and every file of the folder that `BONSAI_WEIGHTS` names.
  static let files: [String] = {
    let folders =
      [fixture(""), fixture("torch")] + [ProcessInfo.processInfo.environment["BONSAI_WEIGHTS"]].compactMap(\.self)
    return folders.flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        .filter { name in [".safetensors", ".pt", ".pth", ".jit"].contains { name.hasSuffix($0) } }
        // Python would need its class; the tests of Checkpoints compare it with the state dict.
        .filter { $0 != "lenet_whole_module.pt" }
        .map { "\(folder)/\($0)" }
    }
  }()

  /// Each file is inspected, converted to both formats, packed and unpacked, and then all of it is compared in Python:
  /// names in order, types, shapes, every byte, and the counts that `inspect` gives. What is refused here is no
  /// dictionary of plain tensors there.
  @Test(.enabled(if: hasTorch, "needs a python3 with torch and safetensors"))
  func readsAndWritesWhatPythonDoes() throws {
    var read = 0
    var list: [String] = []
    for (number, file) in Self.files.enumerated() {
      let base = scratch("\(number)")
      let inspection = try bonsai("inspect", "--json", file)
      guard inspection.status == 0 else {
        #expect(inspection.status == 2 && inspection.error.filter { $0 == "\n" }.count == 1)
        list.append("\(file)|refused|\(inspection.error.dropLast())")
        continue
      }
      read += 1
      try Data(inspection.output.utf8).write(to: URL(fileURLWithPath: base + ".json"))
      let toSafetensors = try bonsai("convert", file, "-o", base + ".safetensors")
      let toPyTorch = try bonsai("convert", file, "-o", base + ".pt")
      // Only complex32 and complex128 have no place in safetensors.
      #expect(toSafetensors.status == 0 || toSafetensors.error.contains("expected element types of safetensors"))
      if toSafetensors.status == 0 {
        #expect(try bonsai("pack", file, "-o", base + "-packed.safetensors").status == 0)
        // Where nothing became smaller nothing is packed, which unpack says and leaves at that.
        let unpacked = try bonsai("unpack", base + "-packed.safetensors", "-o", base + "-unpacked.safetensors")
        #expect(unpacked.status == (SparseBitmask.isPacked(try Checkpoint.open(base + "-packed.safetensors")) ? 0 : 1))
      }
      #expect(toPyTorch.status == 0, "\(file): \(toPyTorch.error)")
      list.append("\(file)|read|\(base)")
    }
    #expect(read >= 31)
    let outcome = try python(Self.script, [list.joined(separator: "\n")])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.lines.last { !$0.isEmpty } == "\(read) files agree, \(list.count - read) refused by both")
    if ProcessInfo.processInfo.environment["BONSAI_WEIGHTS"] != nil { print(outcome.output) }
  }

  private static let script = """
    import ctypes, json, math, os, sys, torch
    from safetensors.torch import load_file

    def data(t):
        t = t.detach().cpu().contiguous().clone()
        return ctypes.string_at(t.data_ptr(), t.nbytes)

    def load(path):
        if path.endswith(".safetensors"):
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)

    class Sub(torch.Tensor):  # of a fixture
        pass

    OTHERS = ["optim", "sched", "scaler", "rng", "callback", "loop", "hyper", "config", "args"]

    def dense(t):
        return (t.layout == torch.strided and not t.is_nested and not t.is_quantized and t.device.type != "meta"
                and not t.is_conj() and not t.is_neg())

    def flatten(value, prefix="", depth=0):
        if isinstance(value, (torch.nn.Module, torch.jit.ScriptModule)):
            value = value.state_dict()
        if isinstance(value, torch.Tensor):
            return {prefix or "tensor": value} if dense(value) else {}
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else []
        tensors = {}
        for key, member in members:
            if not isinstance(key, (str, int)):
                continue
            other = not isinstance(member, torch.Tensor) and "." not in str(key)
            if isinstance(value, dict) and depth < 2 and other and any(o in str(key).lower() for o in OTHERS):
                continue
            tensors.update(flatten(member, f"{prefix}.{key}" if prefix else str(key), depth + 1))
        return tensors

    def state_dict(value, keys):
        for key in (keys or "").split(".") if keys else []:
            value = value[key]
        return flatten(value)

    def same(a, b, ordered):
        assert list(a) == list(b) if ordered else sorted(a) == sorted(b), (list(a), list(b))
        for name in a:
            assert a[name].dtype == b[name].dtype and a[name].shape == b[name].shape, name
            assert data(a[name]) == data(b[name]), name

    read = refused = 0
    for line in sys.argv[1].split("\\n"):
        path, verdict, rest = line.split("|", 2)
        if verdict == "refused":
            try:
                value = load(path)
            except Exception:
                value = None
            assert value is None or not flatten(value), path
            print(os.path.basename(path), "refused:", rest)
            refused += 1
            continue
        report = json.load(open(rest + ".json"))
        try:
            value = load(path)
        except Exception:  # torch's own restricted reader knows protocol 2 and 3 only; bonsai has found data only
            try:
                value = torch.load(path, map_location="cpu", weights_only=False)
            except Exception:
                value = torch.jit.load(path)
        expected = state_dict(value, report.get("state_dict"))
        assert {t["name"] for t in report["tensors"]} == set(expected), path
        for t in report["tensors"]:
            tensor = expected[t["name"]]
            assert list(tensor.shape) == t["shape"] and tensor.numel() == t["elements"], (path, t["name"])
            if tensor.is_complex() or tensor.dtype == torch.uint64:
                continue
            values = tensor.detach().to(torch.float64).flatten()
            finite = values[values.isfinite() & (values != 0)].abs()
            assert int((values == 0).sum()) == t["zeros"], (path, t["name"])
            assert int(values.isnan().sum()) == t["nan"] and int(values.isinf().sum()) == t["infinite"], path
            largest = float(finite.max()) if len(finite) else None
            assert largest == t.get("largest"), (path, t["name"], largest, t.get("largest"))
        same(expected, load(rest + ".pt"), not path.endswith(".safetensors"))
        if os.path.exists(rest + ".safetensors"):
            same(expected, load(rest + ".safetensors"), False)
            if os.path.exists(rest + "-unpacked.safetensors"):
                same(expected, load(rest + "-unpacked.safetensors"), False)
            load(rest + "-packed.safetensors")
            print(os.path.basename(path), "agrees:", len(expected), "tensors, packed",
                  f"{os.path.getsize(rest + '-packed.safetensors') / os.path.getsize(rest + '.safetensors'):.3f}")
        read += 1
    print(f"{read} files agree, {refused} refused by both")
    """
}
