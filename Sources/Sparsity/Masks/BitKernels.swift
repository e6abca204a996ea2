// Loops between dense entries and packed bits. They are written so that the compiler vectorises them for the plainest
// processor of each architecture (SSE2, NEON): no branches, unchecked arithmetic, and local scratch memory.

/// Multiplied with eight bytes of 0 or 1, it gathers them in the top byte, the first byte in the lowest bit.
@usableFromInline let gatherBytes: UInt64 = 0x0102_0408_1020_4080

/// How many bits are set.
func countBits(_ words: UnsafePointer<UInt64>, _ size: Int) -> Int {
  if let kernels = EntryKernels.table { return Int(kernels.pointee.count_bits(words, Int64(size))) }
  var total = 0
  for index in 0..<size { total &+= words[index].nonzeroBitCount }
  return total
}

/// Writes one bit for each of `count` entries: the result of `test`. Bits beyond `count` in the last word are 0.
///
/// `source` needs no alignment.
@inline(__always)
func packBits<Bits: FixedWidthInteger>(
  _ source: UnsafeRawPointer, _ count: Int, as: Bits.Type, _ words: UnsafeMutablePointer<UInt64>,
  _ test: (Bits) -> Bool
) {
  withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 8) { scratch in
    let eights = scratch.baseAddress.unsafelyUnwrapped
    let bytes = UnsafeMutableRawPointer(eights).assumingMemoryBound(to: UInt8.self)
    var from = source
    var index = 0
    while index &+ 64 <= count {
      var lane = 0
      while lane < 64 {
        let bits = from.loadUnaligned(fromByteOffset: lane &* MemoryLayout<Bits>.size, as: Bits.self)
        bytes[lane] = test(bits) ? 1 : 0
        lane &+= 1
      }
      words[index &>> 6] = gather(eights)
      from += 64 &* MemoryLayout<Bits>.size
      index &+= 64
    }
    if index < count {
      var word: UInt64 = 0
      var lane = 0
      while index &+ lane < count {
        let bits = from.loadUnaligned(fromByteOffset: lane &* MemoryLayout<Bits>.size, as: Bits.self)
        word |= (test(bits) ? 1 : 0) &<< UInt64(truncatingIfNeeded: lane)
        lane &+= 1
      }
      words[index &>> 6] = word
    }
  }
}

/// The word of 64 bytes of 0 or 1.
@inline(__always)
func gather(_ eights: UnsafePointer<UInt64>) -> UInt64 {
  var word: UInt64 = 0
  var part = 0
  while part < 8 {
    word |= ((eights[part] &* gatherBytes) &>> 56) &<< UInt64(truncatingIfNeeded: part &* 8)
    part &+= 1
  }
  return word
}

/// For each bit, writes `one` or zero, past the caches where asked for. `destination` needs no alignment.
@inline(__always)
func spreadBits<Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar>(
  _ words: UnsafePointer<UInt64>, _ count: Int, one: Bits, into destination: UnsafeMutableRawPointer,
  uncached: Bool = false
) {
  if let kernels = EntryKernels.table {
    return kernels.pointee.spread(
      words, Int64(count), Int32(MemoryLayout<Bits>.size), UInt64(one), destination, uncached)
  }
  mapQuads(words, count, source: UnsafeRawPointer(destination), into: destination, set: one) { _, lanes in lanes }
}

/// For each four entries calls `body` with the entries and, lane by lane, `set` where the bit is 1 and zero where it
/// is 0, and writes the result. Neither pointer needs alignment; they may be equal.
@inline(__always)
func mapQuads<Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar>(
  _ words: UnsafePointer<UInt64>, _ count: Int, source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer,
  set: Bits, _ body: (SIMD4<Bits>, SIMD4<Bits>) -> SIMD4<Bits>
) {
  withBitPatterns(set: set) { table in
    let stride = MemoryLayout<Bits>.size &* 4
    var from = source
    var to = destination
    var index = 0
    while index &+ 64 <= count {
      var word = words[index &>> 6]
      var quad = 0
      while quad < 16 {
        let lanes = table[Int(truncatingIfNeeded: word & 15)]
        to.storeBytes(of: body(from.loadUnaligned(as: SIMD4<Bits>.self), lanes), as: SIMD4<Bits>.self)
        word &>>= 4
        from += stride
        to += stride
        quad &+= 1
      }
      index &+= 64
    }
    while index < count {
      let bit = words[index &>> 6] &>> UInt64(truncatingIfNeeded: index & 63) & 1
      let entry = SIMD4(repeating: from.loadUnaligned(as: Bits.self))
      let result = body(entry, table[bit == 0 ? 0 : 15])
      to.storeBytes(of: result[0], as: Bits.self)
      from += MemoryLayout<Bits>.size
      to += MemoryLayout<Bits>.size
      index &+= 1
    }
  }
}

/// For each eight entries of 16 bits calls `body` with the entries and, lane by lane, all ones where the bit is 1, and
/// writes the result. Neither pointer needs alignment; they may be equal.
@inline(__always)
func mapOctets(
  _ words: UnsafePointer<UInt64>, _ count: Int, source: UnsafeRawPointer, into destination: UnsafeMutableRawPointer,
  _ body: (SIMD8<UInt16>, SIMD8<UInt16>) -> SIMD8<UInt16>
) {
  withBitPatterns(set: UInt16.max) { table in
    var from = source
    var to = destination
    var index = 0
    while index &+ 64 <= count {
      var word = words[index &>> 6]
      var octet = 0
      while octet < 8 {
        let lanes = SIMD8(
          lowHalf: table[Int(truncatingIfNeeded: word & 15)], highHalf: table[Int(truncatingIfNeeded: word &>> 4 & 15)])
        to.storeBytes(of: body(from.loadUnaligned(as: SIMD8<UInt16>.self), lanes), as: SIMD8<UInt16>.self)
        word &>>= 8
        from += 16
        to += 16
        octet &+= 1
      }
      index &+= 64
    }
    while index < count {
      let bit = words[index &>> 6] &>> UInt64(truncatingIfNeeded: index & 63) & 1
      let entry = SIMD8(repeating: from.loadUnaligned(as: UInt16.self))
      to.storeBytes(of: body(entry, SIMD8(repeating: bit == 0 ? 0 : .max))[0], as: UInt16.self)
      from += 2
      to += 2
      index &+= 1
    }
  }
}

/// Calls `body` with all sixteen patterns of four bits, as lanes of `set` and zero. Loaded from memory they stay
/// vectors; computed from the bits, the compiler takes them apart.
@inline(__always)
private func withBitPatterns<Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar>(
  set: Bits, _ body: (UnsafePointer<SIMD4<Bits>>) -> Void
) {
  withUnsafeTemporaryAllocation(of: SIMD4<Bits>.self, capacity: 16) { scratch in
    let table = scratch.baseAddress.unsafelyUnwrapped
    var pattern = 0
    while pattern < 16 {
      table[pattern] = SIMD4(
        pattern & 1 == 0 ? 0 : set, pattern & 2 == 0 ? 0 : set, pattern & 4 == 0 ? 0 : set,
        pattern & 8 == 0 ? 0 : set)
      pattern &+= 1
    }
    body(table)
  }
}
