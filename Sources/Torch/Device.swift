import CTorch

/// Where a tensor's memory lies and its arithmetic runs.
public struct Device: Sendable, Hashable {
  /// The kinds of devices that Bonsai names.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The processor.
    case cpu
    /// An NVIDIA GPU.
    case cuda
    /// The GPU of an Apple computer, through Metal.
    case mps
  }

  /// The kind of device.
  public let kind: Kind
  /// Which of several of that kind, from 0; always 0 for `cpu` and `mps`.
  public let index: Int

  /// A device, which need not be there: see ``require()``.
  public init(_ kind: Kind, index: Int = 0) {
    self.kind = kind
    self.index = index
  }

  /// The processor, always there.
  public static let cpu = Device(.cpu)
  /// The first CUDA device.
  public static let cuda = Device(.cuda)
  /// The Metal device.
  public static let mps = Device(.mps)

  /// The first CUDA device where there is one, otherwise the Metal device, otherwise the processor: the tutorial's
  /// `"cuda" if torch.cuda.is_available() else "cpu"`.
  public static var best: Device {
    if cuda.isAvailable { return cuda }
    return mps.isAvailable ? mps : cpu
  }

  /// Whether this LibTorch and machine have the device.
  public var isAvailable: Bool {
    switch kind {
    case .cpu: index == 0
    case .cuda: index >= 0 && index < Int(ct_cuda_count())
    case .mps: index == 0 && ct_mps_available()
    }
  }

  /// The devices of this machine.
  public static var available: [Device] {
    [cpu] + (0..<Int(ct_cuda_count())).map { Device(.cuda, index: $0) } + (mps.isAvailable ? [mps] : [])
  }

  /// The device itself, where it is available.
  /// - Throws: ``TorchError/unavailableDevice(_:available:)`` otherwise.
  @discardableResult
  public func require() throws(TorchError) -> Device {
    guard isAvailable else { throw .unavailableDevice(description, available: Self.available.map(\.description)) }
    return self
  }

  /// The device that `name` stands for: `cpu`, `cuda`, `cuda:1`, `mps`.
  /// - Throws: ``TorchError/unavailableDevice(_:available:)`` for an unknown name or a device that is not there.
  public static func named(_ name: String) throws(TorchError) -> Device {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    guard let kind = parts.first.flatMap({ Kind(rawValue: String($0)) }), parts.count <= 2,
      let index = parts.count == 2 ? Int(parts[1]) : 0
    else { throw .unavailableDevice(name, available: available.map(\.description)) }
    return try Device(kind, index: index).require()
  }
}

extension Device.Kind {
  /// The number by which LibTorch knows the kind: c10::DeviceType.
  var engineType: Int32 {
    switch self {
    case .cpu: 0
    case .cuda: 1
    case .mps: 13
    }
  }

  /// The kind of that number, or nil for one that Bonsai does not name.
  init?(engineType: Int32) {
    switch engineType {
    case 0: self = .cpu
    case 1: self = .cuda
    case 13: self = .mps
    default: return nil
    }
  }
}

extension Device: CustomStringConvertible {
  /// PyTorch's spelling: `cpu`, `cuda:0`, `mps:0`.
  public var description: String { self == .cpu ? "cpu" : "\(kind.rawValue):\(index)" }
}
