import CTorch

/// The values of a run, one eight-byte word each: a tensor's handle, a number, or a truth value. What a word holds is
/// known to whoever uses the table.
package final class ValueTable {
  let words: UnsafeMutablePointer<UInt64>
  private let count: Int

  /// A table of `count` words, all 0.
  package init(count: Int) {
    self.count = count
    words = .allocate(capacity: max(count, 1))
    words.initialize(repeating: 0, count: max(count, 1))
  }

  deinit { words.deallocate() }

  /// Lends a tensor to the table; it must live as long as it is used.
  package func lend(_ tensor: Tensor, at slot: Int) { words[slot] = UInt64(UInt(bitPattern: tensor.handle)) }

  /// Puts a tensor, of which the table then owns a reference.
  package func own(_ tensor: Tensor, at slot: Int) {
    words[slot] = UInt64(UInt(bitPattern: ct_tensor_retain(tensor.handle)))
  }

  /// A whole number.
  package func int(at slot: Int) -> Int { Int(Int64(bitPattern: words[slot])) }
  /// A real number.
  package func double(at slot: Int) -> Double { Double(bitPattern: words[slot]) }
  /// A truth value.
  package func bool(at slot: Int) -> Bool { words[slot] & 0xff != 0 }
  /// Puts a whole number.
  package func put(_ value: Int, at slot: Int) { words[slot] = UInt64(bitPattern: Int64(value)) }
  /// Puts a real number.
  package func put(_ value: Double, at slot: Int) { words[slot] = value.bitPattern }
  /// Puts a truth value.
  package func put(_ value: Bool, at slot: Int) { words[slot] = value ? 1 : 0 }

  /// The tensor at a slot with a reference of its own; nil where there is none.
  package func tensor(at slot: Int) -> Tensor? {
    guard let handle = ct_tensor(bitPattern: UInt(words[slot])) else { return nil }
    return Tensor(owning: ct_tensor_retain(handle))
  }

  /// Gives back the tensor that the table owns at a slot, and forgets it; nothing where there is none.
  package func release(_ slot: Int) {
    guard let handle = ct_tensor(bitPattern: UInt(words[slot])) else { return }
    words[slot] = 0
    ct_tensor_release(handle)
  }

  /// Forgets what was lent.
  package func forget(_ slot: Int) { words[slot] = 0 }

  /// One of the tensor's sizes or strides, its number of elements, or its offset in its storage.
  package func layout(of slot: Int, _ part: LayoutPart) -> Int {
    guard let handle = ct_tensor(bitPattern: UInt(words[slot])) else { return 0 }
    var info = ct_info()
    require(ct_tensor_info(handle, &info), "layout")
    func at(_ list: UnsafePointer<Int64>?, _ dimension: Int) -> Int {
      let index = dimension < 0 ? Int(info.rank) + dimension : dimension
      guard let list, index >= 0, index < Int(info.rank) else { return 0 }
      return Int(list[index])
    }
    switch part {
    case .size(let dimension): return at(info.sizes, dimension)
    case .stride(let dimension): return at(info.strides, dimension)
    case .count: return Int(info.count)
    }
  }

  /// What is asked of a tensor's layout.
  package enum LayoutPart: Sendable {
    /// The size of a dimension, counted from the end where it is negative.
    case size(Int)
    /// The step along a dimension.
    case stride(Int)
    /// The number of elements.
    case count
  }
}
