import CTorch

/// Constant factors of a tensor's entries, kept in another form than a tensor: the bits of a mask.
package protocol EntryFactors: AnyObject, Sendable {
  /// Writes the products of all entries with their factors. It may be called on any thread.
  func multiply(_ source: UnsafeRawBufferPointer, into product: UnsafeMutableRawBufferPointer, dtype: DType)
}

/// What crosses the boundary for one product.
private final class FactorsContext {
  let factors: any EntryFactors
  init(_ factors: any EntryFactors) { self.factors = factors }
}

extension Tensor {
  /// The entries times constant factors, as a contiguous tensor. The gradient is multiplied with the same factors, and
  /// so is the gradient's own.
  /// - Precondition: the tensor lies in main memory.
  package func multiplied(by factors: any EntryFactors) -> Tensor {
    precondition(device == .cpu, "multiplied(by:): the tensor lies on \(device)")
    Recorder.current?.note(.unheard, "multiplied(by:)", self)
    let context = Unmanaged.passRetained(FactorsContext(factors))
    let boundary = ct_factors(
      context: context.toOpaque(),
      multiply: { context, source, product, count, type in
        guard let context, let dtype = DType(rawValue: type) else { fatalError("multiplied(by:): no such dtype") }
        let bytes = Int(count) * dtype.byteCount
        Unmanaged<FactorsContext>.fromOpaque(context).takeUnretainedValue().factors.multiply(
          UnsafeRawBufferPointer(start: source, count: bytes),
          into: UnsafeMutableRawBufferPointer(start: product, count: bytes), dtype: dtype)
      },
      release: { context in context.map { Unmanaged<FactorsContext>.fromOpaque($0).release() } })
    var out: ct_tensor?
    require(ct_tensor_multiply(handle, boundary, &out), "multiplied(by:)")
    guard let out else { fatalError("multiplied(by:): no product") }
    return Tensor(owning: out)
  }
}
