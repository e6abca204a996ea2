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
        #expect(try bonsai("unpack", base + "-packed.safetensors", "-o", base + "-unpacked.safetensors").status == 0)
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

    def state_dict(value, keys):
        for key in (keys or "").split(".") if keys else []:
            value = value[key]
        return {str(k): v for k, v in value.items() if isinstance(v, torch.Tensor)}

    def same(a, b, ordered):
        assert list(a) == list(b) if ordered else sorted(a) == sorted(b), (list(a), list(b))
        for name in a:
            assert a[name].dtype == b[name].dtype and a[name].shape == b[name].shape, name
            assert data(a[name]) == data(b[name]), name

    def plain(value):
        if isinstance(value, dict):
            tensors = [v for k, v in value.items() if isinstance(v, torch.Tensor) and isinstance(k, str)]
            nested = [v for v in value.values() if isinstance(v, dict)]
            return all(t.layout == torch.strided and not t.is_nested and not t.is_quantized and t.device.type != "meta"
                       and not t.is_conj() and not t.is_neg() and type(t) in (torch.Tensor, torch.nn.Parameter)
                       for t in tensors) and all(plain(v) for v in nested) and (tensors or nested)
        return False

    read = refused = 0
    for line in sys.argv[1].split("\\n"):
        path, verdict, rest = line.split("|", 2)
        if verdict == "refused":
            try:
                value = load(path)
            except Exception:
                value = None
            # Two dictionaries of tensors in one file are for the user to choose from.
            assert value is None or not plain(value) or "expected one state dict" in rest, path
            print(os.path.basename(path), "refused:", rest)
            refused += 1
            continue
        report = json.load(open(rest + ".json"))
        try:
            value = load(path)
        except Exception:  # torch's own restricted reader knows protocol 2 and 3 only; bonsai has found data only
            value = torch.load(path, map_location="cpu", weights_only=False)
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
            same(expected, load(rest + "-unpacked.safetensors"), False)
            load(rest + "-packed.safetensors")
            print(os.path.basename(path), "agrees:", len(expected), "tensors, packed",
                  f"{os.path.getsize(rest + '-packed.safetensors') / os.path.getsize(rest + '.safetensors'):.3f}")
        read += 1
    print(f"{read} files agree, {refused} refused by both")
    """
}
