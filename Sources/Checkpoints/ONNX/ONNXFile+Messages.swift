import Foundation
import ONNXFormat
import SwiftProtobuf

extension ONNXFile {
  /// Writes a model of other messages: tensors whose entries are those of this file take them along, all within the file.
  ///
  /// - Parameters:
  ///   - messages: the model; tensors with the number of a payload take it from this file.
  ///   - path: the target.
  ///   - replacing: whether an existing file may be replaced.
  /// - Throws: ``CheckpointError`` where the model is of 2 GiB or more, and where the system refuses.
  package func write(_ messages: ONNXModelProto, to path: String, replacing: Bool) throws(CheckpointError) {
    var model = messages
    try fill(&model.graph)
    for index in model.functions.indices { try fill(&model.functions[index].node) }
    let bytes: [UInt8]
    do { bytes = try model.serializedBytes(partial: true) } catch {
      throw CheckpointError(
        .limitExceeded, "write ONNX model", file: path, expected: "less than 2 GiB in one file", found: "\(error)",
        advice: "compact it further, or write it as safetensors")
    }
    let file = try AtomicFile(target: path, size: bytes.count, replacing: replacing)
    do throws(CheckpointError) { try file.write(bytes, at: 0) } catch {
      file.discard()
      throw error
    }
    try file.commit()
  }

  private func fill(_ graph: inout ONNXGraphProto) throws(CheckpointError) {
    for index in graph.initializer.indices { try fill(&graph.initializer[index]) }
    for index in graph.sparseInitializer.indices {
      try fill(&graph.sparseInitializer[index].values)
      try fill(&graph.sparseInitializer[index].indices)
    }
    try fill(&graph.node)
  }

  private func fill(_ nodes: inout [ONNXNodeProto]) throws(CheckpointError) {
    for node in nodes.indices {
      for place in nodes[node].attribute.indices {
        if nodes[node].attribute[place].hasT { try fill(&nodes[node].attribute[place].t) }
        if nodes[node].attribute[place].hasG { try fill(&nodes[node].attribute[place].g) }
        for index in nodes[node].attribute[place].tensors.indices {
          try fill(&nodes[node].attribute[place].tensors[index])
        }
        for index in nodes[node].attribute[place].graphs.indices {
          try fill(&nodes[node].attribute[place].graphs[index])
        }
      }
    }
  }

  private func fill(_ tensor: inout ONNXTensorProto) throws(CheckpointError) {
    guard tensor.hasPayload else { return }
    if StoredType(onnx: Int(tensor.dataType)) != nil {
      tensor.rawData = Data(try bytes(of: tensor))
    } else {
      let payload = skeleton.payloads[Int(tensor.payload)]
      tensor.rawData = Data(try skeleton.files[payload.file].contents(payload.range))
    }
    tensor.clearPayload()
    tensor.externalData = []
    tensor.clearDataLocation()
  }
}
