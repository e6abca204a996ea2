import Checkpoints
import Foundation
import NN
import Torch

/// A model written twice: as it is, and packed, with a bit for each weight and without the zeros.
struct ModelFile {
  /// The bytes of `NAME.safetensors`.
  let denseBytes: Int
  /// The bytes of `NAME-packed.safetensors`; for a model without zeros, those of an equal copy.
  let packedBytes: Int

  /// Writes both files and reads the packed one back: it must hold the same numbers.
  init(saving model: Module, to folder: OutputFolder, name: String) throws {
    let dense = folder.path("\(name).safetensors")
    let packed = folder.path("\(name)-packed.safetensors")
    // Pruning leaves -0.0 where a weight was negative; as 0.0 its sign needs no room in the packed file.
    let state = noGrad { model.stateDict.mapValues { $0 + 0.0 } }
    try state.save(to: dense)
    let checkpoint = try Checkpoint.open(dense)
    try SparseBitmask.plan(packing: checkpoint).write(to: packed)
    try Self.verify(packed, holds: state)
    denseBytes = checkpoint.size
    packedBytes = try Checkpoint.open(packed).size
  }

  private static func verify(_ path: String, holds state: StateDict) throws {
    let sources = try SparseBitmask.sources(unpacking: try Checkpoint.open(path))
    for source in sources {
      var bytes: [UInt8] = []
      try source.produce { bytes.append(contentsOf: $0) }
      let expected = state[source.spec.name]?.to(.cpu).contiguous().withUnsafeBytes { Array($0) }
      guard bytes == expected else { throw PackingFailure(tensor: source.spec.name, file: path) }
    }
    guard sources.count == state.count else { throw PackingFailure(tensor: "the number of tensors", file: path) }
  }
}

/// A packed file that does not hold what was written.
struct PackingFailure: Error, CustomStringConvertible {
  let tensor: String
  let file: String
  var description: String { "\(file): expected the numbers of the model, found others in \(tensor)" }
}
