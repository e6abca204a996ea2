import ONNXFormat

extension ONNXFile {
  /// Writes a model of other messages: tensors with the number of a payload take their entries from this file, where they
  /// lie, within the model or in a file beside it; see ``ONNXPayloads``.
  ///
  /// - Parameters:
  ///   - messages: The model.
  ///   - path: The target.
  ///   - replacing: Whether an existing file may be replaced.
  /// - Throws: ``CheckpointError`` where the system refuses.
  package func write(_ messages: ONNXModelProto, to path: String, replacing: Bool) throws {
    try ONNXPayloads(of: self).write(messages, to: path, replacing: replacing)
  }
}
