import OrderedCollections

/// Writes the pickle of a state dict as `torch.save` does: protocol 2, an OrderedDict of tensors with `_metadata`.
struct PickleWriter {
  private(set) var bytes: [UInt8] = []
  private var memo: [String: Int] = [:]

  /// The pickle of `tensors`, whose storages are called "0", "1", ... in order.
  ///
  /// - Throws: `CheckpointError` for element types that PyTorch does not have.
  static func stateDict(
    _ tensors: [TensorSpec], moduleVersions: OrderedDictionary<String, Int>, file: String
  ) throws(CheckpointError) -> [UInt8] {
    var writer = PickleWriter()
    writer.opcode(0x80)
    writer.opcode(2)
    writer.emptyOrderedDict()
    if !tensors.isEmpty {
      writer.opcode("(")
      for (number, tensor) in tensors.enumerated() {
        writer.text(tensor.name)
        guard writer.tensor(tensor, storage: number) else {
          throw CheckpointError(
            .invalidArgument, "lay out PyTorch file", file: file, expected: "element types of PyTorch",
            found: "\(tensor.type) for \(CheckpointError.quote(tensor.name))",
            advice: "write a safetensors file or convert the tensor")
        }
      }
      writer.opcode("u")
    }
    if !moduleVersions.isEmpty {
      writer.opcode("}")
      writer.text("_metadata")
      writer.emptyOrderedDict()
      writer.opcode("(")
      for (module, version) in moduleVersions {
        writer.text(module)
        writer.opcode("}")
        writer.text("version")
        writer.int(version)
        writer.opcode("s")
      }
      writer.opcode("u")
      writer.opcode("s")
      writer.opcode("b")
    }
    writer.opcode(".")
    return writer.bytes
  }

  /// The pickle of `((tensor, ...), {})`, positional inputs and none by name; storages are called "0", "1", ... in order.
  ///
  /// - Throws: `CheckpointError` for element types that PyTorch does not have.
  static func inputs(_ tensors: [TensorSpec], file: String) throws(CheckpointError) -> [UInt8] {
    var writer = PickleWriter()
    writer.opcode(0x80)
    writer.opcode(2)
    writer.opcode("(")
    for (number, tensor) in tensors.enumerated() {
      guard writer.tensor(tensor, storage: number) else {
        throw CheckpointError(
          .invalidArgument, "lay out sample inputs of", file: file, expected: "element types of PyTorch",
          found: "\(tensor.type)", advice: "convert the inputs first")
      }
    }
    writer.opcode("t")
    writer.opcode("}")
    writer.opcode(0x86)
    writer.opcode(".")
    return writer.bytes
  }

  /// A call of torch._utils._rebuild_tensor_v2, or of _v3 for the types that have no storage class; false for a type
  /// that PyTorch does not have.
  private mutating func tensor(_ tensor: TensorSpec, storage: Int) -> Bool {
    let count = StoredType.elementCount(shape: tensor.shape) ?? 0
    let storageClass = Self.storageClasses[tensor.type]
    let typeName = Self.typeNames[tensor.type]
    guard let width = tensor.type.byteCount, storageClass != nil || typeName != nil else { return false }
    global("torch._utils", storageClass != nil ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3")
    opcode("(")
    opcode("(")
    shared("storage")
    if let storageClass { global("torch", storageClass) } else { global("torch.storage", "UntypedStorage") }
    text(String(storage))
    shared("cpu")
    int(storageClass != nil ? count : count * width)
    opcode("t")
    opcode("Q")
    int(0)
    tuple(tensor.shape)
    tuple(Self.strides(tensor.shape))
    opcode(0x89)
    emptyOrderedDict()
    if storageClass == nil, let typeName { global("torch", typeName) }
    opcode("t")
    opcode("R")
    return true
  }

  private static let storageClasses: [StoredType: String] = [
    .f64: "DoubleStorage", .f32: "FloatStorage", .f16: "HalfStorage", .bf16: "BFloat16Storage", .i64: "LongStorage",
    .i32: "IntStorage", .i16: "ShortStorage", .i8: "CharStorage", .u8: "ByteStorage", .bool: "BoolStorage",
    .c64: "ComplexFloatStorage", .c128: "ComplexDoubleStorage",
  ]

  private static let typeNames: [StoredType: String] = [
    .u64: "uint64", .u32: "uint32", .u16: "uint16", .c32: "complex32", .f8E4M3: "float8_e4m3fn",
    .f8E5M2: "float8_e5m2", .f8E4M3FNUZ: "float8_e4m3fnuz", .f8E5M2FNUZ: "float8_e5m2fnuz", .f8E8M0: "float8_e8m0fnu",
  ]

  /// Row-major strides as PyTorch computes them: a dimension of 0 counts as 1.
  private static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for dimension in shape.indices.dropLast().reversed() {
      strides[dimension] =
        strides[dimension + 1].multipliedReportingOverflow(by: max(shape[dimension + 1], 1)).partialValue
    }
    return strides
  }
}

extension PickleWriter {
  private mutating func opcode(_ byte: UInt8) { bytes.append(byte) }

  private mutating func opcode(_ character: Unicode.Scalar) { bytes.append(UInt8(character.value)) }

  private mutating func little(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func text(_ text: String) {
    opcode("X")
    little(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func int(_ value: Int) {
    if let byte = UInt8(exactly: value) {
      opcode("K")
      little(byte)
    } else if let short = UInt16(exactly: value) {
      opcode("M")
      little(short)
    } else if let int = Int32(exactly: value) {
      opcode("J")
      little(int)
    } else {
      opcode(0x8a)
      little(UInt8(8))
      little(Int64(value))
    }
  }

  private mutating func tuple(_ numbers: [Int]) {
    if numbers.isEmpty { return opcode(")") }
    opcode("(")
    for number in numbers { int(number) }
    opcode("t")
  }

  /// Writes a value at its first use and remembers it; names it by number afterwards.
  private mutating func once(_ key: String, _ write: (inout PickleWriter) -> Void) {
    if let number = memo[key] {
      opcode("h")
      little(UInt8(number))
      return
    }
    write(&self)
    memo[key] = memo.count
    opcode("q")
    little(UInt8(memo.count - 1))
  }

  private mutating func shared(_ text: String) { once("text \(text)") { $0.text(text) } }

  private mutating func global(_ module: String, _ name: String) {
    once("global \(module) \(name)") {
      $0.opcode("c")
      $0.bytes.append(contentsOf: "\(module)\n\(name)\n".utf8)
    }
  }

  private mutating func emptyOrderedDict() {
    global("collections", "OrderedDict")
    opcode(")")
    opcode("R")
  }
}
