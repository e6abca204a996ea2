/// Writes PyTorch files in the zip layout, for `torch.load(weights_only=True)`.
public final class PyTorchWriter {
  static let metadataMember = "extra/bonsai_metadata.json"
  static func metadata(_ bytes: [UInt8]) -> CheckpointMetadata { [:] }
}
