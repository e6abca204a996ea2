import TestSupport

/// Changes bytes the way files break and attackers break them: bits, numbers, cuts, copies, pieces of other files.
struct Mutator {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed) }

  /// Numbers that readers get wrong: limits of widths, off-by-ones, the lengths of headers.
  private static let numbers: [UInt64] = [
    0, 1, 2, 7, 8, 9, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe,
    0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_fff8,
    0xffff_ffff_ffff_ffff, 100_000_000, 100_000_001,
  ]

  mutating func number(below limit: Int) -> Int { Int.random(in: 0..<max(limit, 1), using: &random) }

  /// One to eight changes; `others` lend pieces. A `focus` takes half of the changes, so that headers are hit often.
  mutating func mutate(_ seed: [UInt8], others: [[UInt8]], focus: Range<Int>? = nil) -> [UInt8] {
    var bytes = seed
    let changes = 1 + number(below: number(below: 4) == 0 ? 8 : 2)
    for _ in 0..<changes {
      var place = number(below: bytes.count)
      if let focus, number(below: 2) == 0 { place = min(focus.lowerBound + number(below: focus.count), bytes.count) }
      change(&bytes, at: place, others)
    }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], at place: Int, _ others: [[UInt8]]) {
    let left = bytes.count - place
    switch number(below: 10) {
    case 0 where left > 0: bytes[place] ^= 1 << UInt8(number(below: 8))
    case 1 where left > 0: bytes[place] = UInt8(number(below: 256))
    case 2:
      let value = Self.numbers[number(below: Self.numbers.count)]
      for index in 0..<min(1 << number(below: 4), left) {
        bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    case 3 where left > 0: bytes.removeSubrange(place..<place + 1 + number(below: min(left, 16)))
    case 4:
      let count = 1 + number(below: 16)
      bytes.insert(contentsOf: (0..<count).map { _ in UInt8(number(below: 256)) }, at: place)
    case 5 where left > 0:
      let piece = Array(bytes[place..<place + 1 + number(below: min(left, 64))])
      bytes.insert(contentsOf: piece, at: number(below: bytes.count + 1))
    case 6 where number(below: 4) == 0: bytes.removeLast(left)
    case 7:
      let other = others[number(below: others.count)]
      guard !other.isEmpty else { return }
      let from = number(below: other.count)
      let piece = other[from..<from + 1 + number(below: min(64, other.count - from))]
      bytes.replaceSubrange(place..<place + min(number(below: 64), left), with: piece)
    case 8 where left > 0:
      // A digit of a header, or an opcode for another.
      let digits = (place..<min(place + 40, bytes.count)).filter { (0x30...0x39).contains(bytes[$0]) }
      if let digit = digits.first { bytes[digit] = 0x30 + UInt8(number(below: 10)) } else { bytes[place] &+= 1 }
    default:
      if left > 1 { bytes.swapAt(place, place + number(below: left)) }
    }
  }
}
