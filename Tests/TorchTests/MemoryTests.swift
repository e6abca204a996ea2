import Testing
import Torch

@Suite struct MemoryTests {
  @Test func arraysOfEveryType() {
    let x = Tensor([0, 1, 2.75, -1] as [Float])
    #expect(x.array(of: Float.self) == [0, 1, 2.75, -1])
    #expect(x.array(of: Double.self) == [0, 1, 2.75, -1])
    #expect(x.array(of: Int.self) == [0, 1, 2, -1])
    #expect(x.array(of: Int64.self) == [0, 1, 2, -1])
    #expect(x.array(of: Int32.self) == [0, 1, 2, -1])
    #expect(x.array(of: Int16.self) == [0, 1, 2, -1])
    #expect(x.array(of: Int8.self) == [0, 1, 2, -1])
    #expect(x.abs().array(of: UInt8.self) == [0, 1, 2, 1])
    #expect(x.array(of: Bool.self) == [false, true, true, true])
    #if !(os(macOS) && arch(x86_64))
      #expect(x.array(of: Float16.self) == [0, 1, 2.75, -1])
      #expect(Tensor([1.5, 2] as [Float16]).dtype == .float16)
    #endif
    #expect(x.to(.bfloat16).array(of: Float.self) == [0, 1, 2.75, -1])
    #expect(x.reshape(2, 2).t.array(of: Float.self) == [0, 2.75, 1, -1])
    #expect(Tensor([1, 2] as [Int16]).dtype == .int16 && Tensor([1] as [Int8]).dtype == .int8)
    #expect(Tensor([1] as [Int32]).dtype == .int32 && Tensor([1] as [UInt8]).dtype == .uint8)
    #expect(Tensor([true]).dtype == .bool && Tensor([1] as [Int64]).dtype == .int64)
  }

  @Test func buffers() {
    let x = Tensor([1, 2, 3] as [Int32])
    x.withUnsafeMutableBuffer(of: Int32.self) { $0[1] = 7 }
    #expect(x.withUnsafeBuffer(of: Int32.self) { Array($0) } == [1, 7, 3])
    #expect(x[1].item() == 7)
    let part = x[1...]
    #expect(part.withUnsafeBuffer(of: Int32.self) { Array($0) } == [7, 3])
    #expect(Tensor.zeros([0]).withUnsafeBytes { $0.count } == 0)
  }

  @Test func errorsInABodyComeThrough() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try Tensor.zeros([2]).withUnsafeBytes { _ in throw Stop() } }
    #expect(throws: Stop.self) { _ = try Tensor(shape: [2], dtype: .int8) { _ in throw Stop() } }
  }

  @Test func bfloat16AsBits() {
    let x = Tensor([1, -2, 0.5] as [Float]).to(.bfloat16)
    #expect(x.withUnsafeBFloat16Bits { Array($0) } == [0x3F80, 0xC000, 0x3F00])
    #expect(x.bfloat16Bits() == [0x3F80, 0xC000, 0x3F00])
    x.withUnsafeMutableBFloat16Bits { $0[0] = 0x4040 }
    #expect(x[0].item() == 3)
    let back = Tensor(bfloat16Bits: [0x3F80, 0x7F80, 0x4049, 0], shape: [2, 2])
    #expect(back.dtype == .bfloat16 && back.array(of: Float.self) == [1, .infinity, 3.140625, 0])
    // Rounded to the nearest, half to even.
    #expect(Tensor([1.00390625, 1.01171875] as [Float]).bfloat16Bits() == [0x3F80, 0x3F82])
  }

  @Test func valuesThatDoNotFillAShape() throws {
    #expect(try Tensor.make([1, 2, 3, 4, 5, 6], shape: [2, 3]).shape == [2, 3])
    for shape in [[2, 2], [-1, -4], [-4], [Int.max, 4], []] {
      #expect(throws: TorchError.self) { try Tensor.make([1, 2, 3], shape: shape) }
    }
    let error = #expect(throws: TorchError.self) { try Tensor.make([1, 2, 3], shape: [2, 2]) }
    #expect(error.map { "\($0)" } == "shape [2, 2] takes 4 values, found 3")
  }

  @Test func wrappedMemoryKeepsItsOwnerAlive() {
    final class Owner {
      let bytes = UnsafeMutableBufferPointer<Float>.allocate(capacity: 6)
      let onEnd: () -> Void
      init(_ onEnd: @escaping () -> Void) {
        self.onEnd = onEnd
        for i in 0..<6 { bytes[i] = Float(i) }
      }
      deinit {
        bytes.deallocate()
        onEnd()
      }
    }
    var ended = 0
    func wrap() -> Tensor {
      let owner = Owner { ended += 1 }
      return .wrapping(UnsafeRawBufferPointer(owner.bytes), shape: [2, 3], dtype: .float32, owner: owner)
    }
    do {
      var x: Tensor? = wrap()
      #expect(ended == 0)
      #expect(x?.array(of: Float.self) == [0, 1, 2, 3, 4, 5])
      // A view holds the memory after the tensor is gone.
      var view: Tensor? = x?[1]
      x = nil
      #expect(ended == 0)
      #expect(view?.array(of: Float.self) == [3, 4, 5])
      view = nil
      #expect(ended == 1)
    }
    // So does what a gradient needs.
    let w = Tensor.ones([2, 3]).requiringGrad()
    var loss: Tensor? = (w * wrap()).sum()
    #expect(ended == 1)
    loss?.backward()
    #expect(w.grad?.array(of: Float.self) == [0, 1, 2, 3, 4, 5])
    loss = nil
    #expect(ended == 2)
    // And a copy does not.
    let copy = wrap().clone()
    #expect(ended == 3 && copy.sum().item() == 15)
  }
}
