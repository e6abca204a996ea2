#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Checkpoint {
  /// Compares all tensors with those of another checkpoint, of any format, in blocks.
  ///
  /// Names are compared without `module.` where only one file has it in front of all. A tensor that is pruned in one
  /// file only (`NAME_orig` and `NAME_mask`) is compared as their product.
  ///
  /// - Parameters:
  ///   - other: the second file.
  ///   - progress: called after each block with the bytes read of both and their total; may throw to stop.
  /// - Returns: a difference for each name, equal ones too, in the order of the first file, then of the second.
  /// - Throws: ``CheckpointError`` where reading fails, and what `progress` throws.
  public func differences(from other: Checkpoint, progress: WritingProgress? = nil) throws -> [TensorDifference] {
    var differences: [TensorDifference] = []
    try forEachDifference(from: other, progress: progress) { differences.append($0) }
    return differences
  }

  /// Compares as ``differences(from:progress:)`` does, and hands out each difference as it is found.
  package func forEachDifference(
    from other: Checkpoint, progress: WritingProgress? = nil, _ body: (TensorDifference) throws -> Void
  ) throws {
    let strips = (dataParallelPrefix == nil) != (other.dataParallelPrefix == nil)
    let (left, right) = (Readings(self, strips), Readings(other, strips))
    let sides = (left.merging(pairsMissingIn: right), right.merging(pairsMissingIn: left))
    let total = sides.0.byteCount + sides.1.byteCount
    var done = 0
    func step(_ bytes: Int) throws {
      done += bytes
      try progress?(done, total)
    }
    for name in sides.0.names {
      let (first, second) = (sides.0[name], sides.1[name])
      var difference = TensorDifference(name: name, left: first?.spec, right: second?.spec)
      if let first, let second, first.spec.shape == second.spec.shape {
        try compare(first, second, of: other, &difference, progress: step)
      } else {
        difference.hasSameBytes = false
        try step((first?.byteCount ?? 0) + (second?.byteCount ?? 0))
      }
      try body(difference)
    }
    for name in sides.1.names where sides.0[name] == nil {
      var difference = TensorDifference(name: name, left: nil, right: sides.1[name]?.spec)
      difference.hasSameBytes = false
      try step(sides.1[name]?.byteCount ?? 0)
      try body(difference)
    }
  }

  func compare(
    _ left: NumberReader.Source, _ right: NumberReader.Source, of other: Checkpoint,
    _ difference: inout TensorDifference, progress: (_ bytes: Int) throws -> Void
  ) throws {
    let elements = StoredType.elementCount(shape: left.spec.shape) ?? 0
    difference.comparedCount = elements
    guard let first = NumberReader(left, of: self), let second = NumberReader(right, of: other) else {
      try compareBytes(left, right, of: other, &difference, progress: progress)
      return
    }
    let sameType = left.spec.type == right.spec.type
    var canSkip = sameType
    if case .product = left { canSkip = false }
    if case .product = right { canSkip = false }
    let kernel = SparseBitmask.Layout(type: left.spec.type, shape: left.spec.shape)?.kernel
    for start in stride(from: 0, to: elements, by: NumberReader.blockCount) {
      let count = min(NumberReader.blockCount, elements - start)
      let bytes = (try first.read(start, count: count), try second.read(start, count: count))
      if canSkip, let kernel, let base = bytes.0.baseAddress, same(bytes.0, bytes.1) {
        let zeros = count - kernel.count(base, count: count).kept
        difference.leftZeroCount += zeros
        difference.rightZeroCount += zeros
      } else {
        if canSkip || !sameType { difference.hasSameBytes = false }
        let wide = sameType && left.spec.type.bitWidth == 64 && !left.spec.type.isFloat ? bytes : nil
        difference.add(first.numbers(count: count), second.numbers(count: count), wholeNumbers: wide)
      }
      try progress((left.byteCount + right.byteCount) * count / elements)
    }
  }

  /// Compares tensors of types that have no numbers here: complex ones, and those narrower than a byte.
  private func compareBytes(
    _ left: NumberReader.Source, _ right: NumberReader.Source, of other: Checkpoint,
    _ difference: inout TensorDifference, progress: (_ bytes: Int) throws -> Void
  ) throws {
    guard case .tensor(let first) = left, case .tensor(let second) = right, first.type == second.type else {
      difference.comparedCount = 0
      difference.hasSameBytes = false
      return
    }
    let width = first.type.byteCount ?? 1
    var memory = [UInt8](repeating: 0, count: Checkpoint.blockSize)
    try forEachBlock(of: first.name, size: Checkpoint.blockSize) { block, offset in
      try memory.withUnsafeMutableBytes { memory in
        let others = UnsafeMutableRawBufferPointer(rebasing: memory[..<block.count])
        try other.read(second.name, at: offset, into: others)
        if !same(UnsafeRawBufferPointer(block), UnsafeRawBufferPointer(others)) {
          difference.hasSameBytes = false
          for element in stride(from: 0, to: block.count, by: width)
          where !block[element..<element + width].elementsEqual(others[element..<element + width]) {
            difference.differingCount += 1
          }
        }
      }
      try progress(2 * block.count)
    }
  }
}

extension TensorDifference {
  /// Takes a block of numbers into account.
  ///
  /// - Parameter wholeNumbers: the 64-bit integers that the numbers were made of, because they may differ where these
  ///   do not.
  fileprivate mutating func add(
    _ left: UnsafeBufferPointer<Double>, _ right: UnsafeBufferPointer<Double>,
    wholeNumbers: (UnsafeRawBufferPointer, UnsafeRawBufferPointer)?
  ) {
    var largest = largestDifference ?? -1
    for index in left.indices {
      let (a, b) = (left[index], right[index])
      if a.bitPattern != b.bitPattern { hasSameBytes = false }
      leftZeroCount += a == 0 ? 1 : 0
      rightZeroCount += b == 0 ? 1 : 0
      newZeroCount += a != 0 && b == 0 ? 1 : 0
      lostZeroCount += a == 0 && b != 0 ? 1 : 0
      if let wholeNumbers {
        let bits = wholeNumbers.0.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
        guard bits != wholeNumbers.1.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self) else { continue }
      } else {
        guard a != b, !(a.isNaN && b.isNaN) else { continue }
      }
      differingCount += 1
      let difference = wholeNumbers == nil ? abs(a - b) : max(1, abs(a - b))
      sum += difference
      if difference > largest { largest = difference }
    }
    if largest >= 0 { largestDifference = largest }
  }
}

/// Whether two buffers of the same size hold the same bytes.
private func same(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  guard let a = left.baseAddress, let b = right.baseAddress else { return left.count == right.count }
  return left.count == right.count && memcmp(a, b, left.count) == 0
}
