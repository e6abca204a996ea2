import CTorch

/// A source of random numbers with PyTorch's sequences: the same seed gives the same numbers as in Python.
public final class Generator {
  let handle: ct_generator

  init(owning handle: ct_generator) { self.handle = handle }
  deinit { ct_generator_release(handle) }

  /// A generator of its own, apart from the default one: `torch.Generator(device).manual_seed(seed)`.
  public init(seed: UInt64 = 67_280_421_310_721, device: Device = .cpu) {
    var out: ct_generator?
    require(ct_generator_new(device.description, &out), "Generator")
    guard let out else { fatalError("Generator: none for \(device)") }
    handle = out
    manualSeed(seed)
  }

  /// The generator that is used where none is given.
  public static func `default`(for device: Device = .cpu) -> Generator {
    var out: ct_generator?
    require(ct_generator_default(device.description, &out), "Generator.default")
    guard let out else { fatalError("Generator.default: none for \(device)") }
    return Generator(owning: out)
  }

  /// Starts the sequence that belongs to `seed`.
  public func manualSeed(_ seed: UInt64) { require(ct_generator_seed(handle, seed), "manualSeed") }

  /// Where the sequence stands, as a uint8 tensor; the same bytes as `get_state()` in Python.
  public var state: Tensor {
    get {
      var out: ct_tensor?
      require(ct_generator_state(handle, &out), "Generator.state")
      guard let out else { fatalError("Generator.state: none") }
      return Tensor(owning: out)
    }
    set { require(ct_generator_set_state(handle, newValue.handle), "Generator.state") }
  }

  /// Writes uniform draws from [0, 1) to memory: the numbers of `rand`, without a tensor.
  ///
  /// Several times as fast as LibTorch's kernel, out of its own generator.
  /// - Precondition: a generator of the CPU, a floating-point dtype, whole entries, aligned as the dtype asks for.
  public func draw(into entries: UnsafeMutableRawBufferPointer, dtype: DType) {
    precondition(
      entries.count % dtype.byteCount == 0,
      "Generator.draw: expected a multiple of \(dtype.byteCount) bytes of \(dtype), found \(entries.count)")
    guard let start = entries.baseAddress, !entries.isEmpty else { return }
    require(
      ct_generator_draw(handle, start, Int64(entries.count / dtype.byteCount), dtype.rawValue), "Generator.draw")
  }

  /// Runs `body` and puts the default CPU generator back to where it stood, so that the numbers drawn in `body` do not
  /// move the sequence on.
  public static func preservingState<R>(_ body: () throws -> R) rethrows -> R {
    let generator = Generator.default()
    let before = generator.state
    defer { generator.state = before }
    return try body()
  }
}

/// Seeds the default generators of all devices: `torch.manual_seed`.
public func manualSeed(_ seed: UInt64) { require(ct_manual_seed(seed), "manualSeed") }
