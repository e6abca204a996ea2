import Checkpoints
import Graphs

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Opens a file of any format and reads all of it; libFuzzer calls this with each input.
///
/// The content decides which reader it is: safetensors, PyTorch's archives, legacy and tar files with their pickles, NumPy's
/// arrays, exported models, ONNX models, or an index of shards. After a G comes the graph of an exported model in JSON. Errors of the
/// readers are what is wanted; anything else stops the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  do {
    if bytes.first == UInt8(ascii: "{") {
      try openIndex(bytes)
    } else if bytes.first == UInt8(ascii: "G") {
      try readAll(try Checkpoint.open(bytes: exportedModel(graph: Array(bytes.dropFirst()))), size: 2 * count + 4096)
    } else {
      try readAll(try Checkpoint.open(bytes: bytes), size: count)
    }
  } catch is CheckpointError {
  } catch is GraphError {
  } catch {
    fatalError("another error: \(error)")
  }
  return 0
}

private func readAll(_ checkpoint: Checkpoint, size: Int) throws {
  // Deflated members hold at most 1032 bytes for each of theirs.
  let most = max(checkpoint.format == .pytorch || checkpoint.format == .numpyArchive ? 1032 * size : size, 1 << 16)
  for tensor in checkpoint.tensors {
    precondition(tensor.byteCount <= most, "a tensor larger than its file")
    var sum = 0
    try checkpoint.withBytes(of: tensor.name) { bytes in sum = bytes.reduce(0) { $0 &+ Int($1) } }
    try checkpoint.forEachBlock(of: tensor.name, size: 1000) { block, _ in
      sum = block.reduce(sum) { $0 &- Int($1) }
    }
    precondition(sum == 0, "two ways of reading, two results")
    _ = try checkpoint.statistics(of: tensor.name)
  }
  _ = try? checkpoint.verify()
  _ = try checkpoint.differences(from: checkpoint)
  for source in try SparseBitmask.sources(unpacking: checkpoint) { try source.produce { _ in } }
  if let model = checkpoint.exportedModel { try readGraph(model) }
  if let model = checkpoint.onnxModel {
    _ = (model.producer, model.opsets, model.operators, model.inputs, model.outputs)
    if size % 16 == 0 { try writeAgain(checkpoint) }
  }
}

/// Writes a model with the tensors that it has; it must be the same, but for what is no field of it.
private func writeAgain(_ checkpoint: Checkpoint) throws {
  let path = "\(directory)/again.onnx"
  try Checkpoint.write(checkpoint.sources(), as: .onnx, to: path, metadata: checkpoint.metadata, like: checkpoint)
  let again = try Checkpoint.open(path)
  let isSame = try again.size == checkpoint.size && again.differences(from: checkpoint).allSatisfy(\.isEqual)
  precondition(isSame, "an unchanged model that is not as it was")
}

/// Reads a graph, prints it, counts it, changes it and writes it.
private func readGraph(_ model: PT2File) throws {
  var program = try ExportedProgram(model)
  let isUnchanged = try program.graphText() == model.graphText()
  precondition(isUnchanged, "an unchanged graph that is not as it was")
  precondition(program.graph.problems.isEmpty, "a graph that contradicts itself")
  _ = "\(program.graph)"
  _ = program.graph.operators
  for batch in [nil, 1, 1 << 40] { _ = program.graph.counts(program.graph.symbols(batch: batch) ?? [:]) }
  program.graph.removeDeadNodes()
  precondition(program.graph.problems.isEmpty, "dead nodes that were needed")
  _ = try program.graphText()
}

/// The directory with two shards that an index may name.
private let directory: String = {
  let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array("\(parent)/bonsai-fuzz-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { fatalError("no directory for shards") }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  for name in ["a", "b"] {
    let source = TensorSource(name: "\(name).weight", type: .u8, shape: [3], bytes: [1, 2, 3])
    guard (try? SafetensorsWriter.write([source], to: "\(path)/\(name).safetensors")) != nil else {
      fatalError("no shards in \(path)")
    }
  }
  return path
}()

private func openIndex(_ bytes: UnsafeBufferPointer<UInt8>) throws {
  let path = "\(directory)/model.safetensors.index.json"
  guard let file = fopen(path, "wb") else { fatalError("cannot write \(path)") }
  fwrite(bytes.baseAddress, 1, bytes.count, file)
  fclose(file)
  try readAll(try Checkpoint.open(path), size: 1 << 20)
}
