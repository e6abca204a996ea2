/// The names in a pickle, and what each stands for here. Nothing is ever looked up or called.
enum PickleGlobal {
  case dictionary  // collections.OrderedDict, dict
  case sequence  // torch.Size, tuple, list: its argument as it is
  case tensorV1, tensorV2, tensorV3  // torch._utils._rebuild_tensor...
  case parameter  // torch._utils._rebuild_parameter: its first argument
  case typed  // torch._tensor._rebuild_from_type_v2: a function applied to arguments
  case tensorClass  // torch.Tensor, torch.nn.Parameter as a type
  case storage(StoredType?, name: String)  // torch.FloatStorage ...; nil: bytes
  case type(StoredType)  // torch.float32 ...
  case unsupportedTensor(String)  // a kind of tensor that is not read
  case inert  // builds plain data of no use here
  case maker  // copyreg's functions, which make an object of the class that is their first argument
  case unknown(String)  // any other class or function

  /// The meaning of a full name such as `torch._utils._rebuild_tensor_v2`, or nil for those unknown here.
  init?(_ name: String) {
    guard let known = Self.known[name] else { return nil }
    self = known
  }

  private static let known: [String: PickleGlobal] = {
    var table: [String: PickleGlobal] = [
      "torch._utils._rebuild_tensor": .tensorV1, "torch._utils._rebuild_tensor_v2": .tensorV2,
      "torch._utils._rebuild_tensor_v3": .tensorV3, "torch._utils._rebuild_parameter": .parameter,
      "torch._utils._rebuild_parameter_with_state": .parameter, "torch._tensor._rebuild_from_type_v2": .typed,
      "torch.storage.UntypedStorage": .storage(nil, name: "torch.storage.UntypedStorage"),
    ]
    for name in ["collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict"] {
      table[name] = .dictionary
    }
    for name in ["torch.Size", "builtins.tuple", "builtins.list", "builtins.set", "builtins.frozenset"] {
      table[name] = .sequence
    }
    for name in ["copyreg", "copy_reg"] {
      for function in ["_reconstructor", "__newobj__", "__newobj_ex__"] { table["\(name).\(function)"] = .maker }
    }
    for name in ["torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"] {
      table[name] = .tensorClass
    }
    for (name, type) in storages {
      for module in ["torch", "torch.cuda"] { table["\(module).\(name)"] = .storage(type, name: "\(module).\(name)") }
    }
    for name in quantisedStorages { table["torch.\(name)"] = .storage(nil, name: "torch.\(name)") }
    for (name, type) in types { table["torch.\(name)"] = .type(type) }
    for (name, what) in unsupported { table["torch._utils.\(name)"] = .unsupportedTensor(what) }
    for name in inertNames { table[name] = .inert }
    for (name, meaning) in table where name.hasPrefix("builtins.") {
      table["__builtin__" + name.dropFirst("builtins".count)] = meaning  // as Python 2 wrote it
    }
    return table
  }()

  private static let storages: [String: StoredType] = [
    "DoubleStorage": .f64, "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "LongStorage": .i64,
    "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8, "BoolStorage": .bool,
    "ComplexFloatStorage": .c64, "ComplexDoubleStorage": .c128,
  ]

  private static let quantisedStorages: Set<String> = [
    "QInt8Storage", "QUInt8Storage", "QInt32Storage", "QUInt4x2Storage", "QUInt2x4Storage",
  ]

  private static let types: [String: StoredType] = [
    "float64": .f64, "float32": .f32, "float16": .f16, "bfloat16": .bf16, "int64": .i64, "int32": .i32, "int16": .i16,
    "int8": .i8, "uint64": .u64, "uint32": .u32, "uint16": .u16, "uint8": .u8, "bool": .bool, "complex32": .c32,
    "complex64": .c64, "complex128": .c128, "float8_e4m3fn": .f8E4M3, "float8_e5m2": .f8E5M2,
    "float8_e4m3fnuz": .f8E4M3FNUZ, "float8_e5m2fnuz": .f8E5M2FNUZ, "float8_e8m0fnu": .f8E8M0,
  ]

  private static let unsupported: [String: String] = [
    "_rebuild_qtensor": "a quantised tensor", "_rebuild_sparse_tensor": "a sparse tensor",
    "_rebuild_sparse_csr_tensor": "a sparse tensor", "_rebuild_nested_tensor": "a nested tensor",
    "_rebuild_meta_tensor_no_storage": "a tensor on the meta device, without values",
    "_rebuild_wrapper_subclass": "a tensor subclass",
    "_rebuild_device_tensor_from_numpy": "a tensor saved through numpy",
    "_rebuild_device_tensor_from_cpu_tensor": "a tensor of another device's kind",
  ]

  /// Plain data that training checkpoints carry beside the weights. All of it becomes an opaque node.
  private static let inertNames = [
    "torch.device", "torch.serialization._get_layout", "torch.per_tensor_affine", "torch.per_channel_affine",
    "torch.strided", "torch.sparse_coo", "torch.contiguous_format", "torch.channels_last", "torch.preserve_format",
    "torch.float4_e2m1fn_x2", "torch.qint8", "torch.quint8", "torch.qint32", "_codecs.encode", "builtins.bytearray",
    "builtins.bytes", "builtins.complex", "builtins.slice", "builtins.int",
    "builtins.float", "builtins.str", "builtins.bool", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
    "numpy.dtype", "numpy.ndarray", "argparse.Namespace", "collections.deque", "datetime.datetime", "datetime.date",
    "datetime.timedelta", "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath", "decimal.Decimal",
  ]

  /// Whether Python runs code or reaches the system where it calls what this name means. Such a name is no accident: the
  /// file is refused, though nothing would be called here.
  static func runsCode(_ name: String) -> Bool {
    let parts = name.split(separator: ".")
    guard let root = parts.first.map(String.init), !harmless.contains(name) else { return false }
    if ["builtins", "__builtin__", "io", "_io", "codecs", "_operator", "operator", "functools", "types"].contains(root)
    {
      return dangerousFunctions.contains(parts.dropFirst().joined(separator: "."))
    }
    return dangerousModules.contains(root)
  }

  /// Classes of data in modules that are otherwise out of bounds.
  private static let harmless: Set<String> = [
    "os.PathLike", "os.stat_result", "os.terminal_size", "signal.Signals", "socket.AddressFamily", "inspect.Signature",
    "inspect.Parameter", "inspect._ParameterKind", "threading.Lock", "_thread.lock", "_thread.RLock",
    "multiprocessing.context.DefaultContext", "http.HTTPStatus", "sys.version_info", "sys.float_info",
    "urllib.parse.ParseResult", "urllib.parse.SplitResult", "platform.uname_result",
  ]

  private static let dangerousFunctions: Set<String> = [
    "eval", "exec", "compile", "__import__", "open", "breakpoint", "input", "execfile", "file", "reload", "apply",
    "globals", "locals", "vars", "dir", "help", "exit", "quit", "memoryview", "FileIO", "open_code", "OpenWrapper",
    "methodcaller", "__build_class__", "delattr", "setattr", "map", "filter",
  ]

  private static let dangerousModules: Set<String> = [
    "os", "posix", "nt", "sys", "subprocess", "_posixsubprocess", "importlib", "_imp", "imp", "_frozen_importlib",
    "_frozen_importlib_external", "runpy", "pty", "shutil", "socket", "_socket", "ctypes", "_ctypes", "commands",
    "code",
    "codeop", "pdb", "bdb", "pickle", "_pickle", "cPickle", "marshal", "webbrowser", "platform", "timeit", "cProfile",
    "multiprocessing", "asyncio", "inspect", "tempfile", "urllib", "urllib2", "http", "httplib", "ftplib", "smtplib",
    "signal", "threading", "_thread", "gc", "site", "pip", "ensurepip", "venv", "pydoc", "doctest", "trace", "profile",
    "zipimport", "pkgutil", "atexit", "fcntl", "mmap", "requests", "antigravity", "distutils", "setuptools",
  ]
}
