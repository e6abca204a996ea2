import CTorch

/// Modes of this thread that a graph switches on its way; whoever sets one puts it back.
package enum EngineModes {
  /// Whether gradients are recorded.
  package static var recordsGradients: Bool {
    get { ct_grad_enabled() }
    set { ct_set_grad_enabled(newValue) }
  }

  /// Whether operators on a kind of device choose their precision, and which (c10's number, -1 for what it is).
  package struct Autocast: Sendable {
    /// The kind of device.
    package var kind: Device.Kind
    /// Whether it is on.
    package var isEnabled: Bool
    /// The dtype by c10's number.
    package var dtype: Int

    /// A mode.
    package init(kind: Device.Kind, isEnabled: Bool, dtype: Int) {
      self.kind = kind
      self.isEnabled = isEnabled
      self.dtype = dtype
    }
  }

  /// Sets automatic precision.
  ///
  /// - Returns: the mode before.
  package static func set(_ mode: Autocast) throws(TorchError) -> Autocast {
    var isEnabled = false
    var dtype: Int32 = -1
    try check(ct_autocast(mode.kind.engineType, mode.isEnabled, Int32(mode.dtype), &isEnabled, &dtype), "autocast")
    return Autocast(kind: mode.kind, isEnabled: isEnabled, dtype: Int(dtype))
  }
}
