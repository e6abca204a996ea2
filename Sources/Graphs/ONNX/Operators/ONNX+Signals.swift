import Checkpoints

extension ONNXOperatorTable {
  /// Fourier transforms.
  mutating func addSignals() {
    add("DFT", "fft_fft fft_ifft fft_rfft fft_irfft view_as_complex view_as_real") {
      step in
      let x = try step.input(0)
      let number =
        step.opset < 20 ? step.int("axis", 1) : step.isGiven(2) ? try step.ints(at: 2, "axis").first ?? -2 : -2
      let axis = try step.axis(number, rank: x.rank)
      let (isInverse, isOneSided) = (step.bool("inverse"), step.bool("onesided"))
      let length = step.isGiven(1) ? try step.ints(at: 1, "dft_length").first : nil
      try step.require(x.type == .f32 || x.type == .f64, "its numbers are of the type \(x.type)")
      guard let parts = x.sizes.last?.fixed else { throw step.refusal("its sizes are known only when it runs") }
      if isInverse, isOneSided {
        try step.require(parts == 2, "its input is not complex")
        guard let half = x.sizes[axis].fixed else { throw step.refusal("its sizes are known only when it runs") }
        let whole = length ?? 2 * (half - 1)
        var sizes = Array(x.sizes.dropLast())
        let complex = step.op(
          "view_as_complex", ["self": .tensor(try step.name(step.cast(x, to: .f64)))], .c128, sizes)
        sizes[axis] = .fixed(whole)
        let real = step.op(
          "fft_irfft", ["self": .tensor(try step.name(complex)), "n": .int(whole), "dim": .int(axis)], .f64, sizes)
        return step.give(try step.unsqueeze(step.cast(real, to: x.type), sizes.count))
      }
      let count = length.map(SymbolicSize.fixed) ?? x.sizes[axis]
      // In numbers of 64 bits, so that what is left where all cancels is small.
      let complex = StoredType.c128
      let wide = try step.cast(x, to: .f64)
      var sizes = Array(x.sizes.dropLast())
      sizes[axis] = isOneSided ? count.floorDivided(by: .fixed(2)) + .fixed(1) : count
      let input =
        parts == 2
        ? step.op("view_as_complex", ["self": .tensor(try step.name(wide))], complex, Array(x.sizes.dropLast()))
        : try step.select(wide, x.rank - 1, 0)
      let target = isOneSided ? (parts == 1 ? "fft_rfft" : "fft_fft") : isInverse ? "fft_ifft" : "fft_fft"
      var full = sizes
      full[axis] = count
      var result = step.op(
        target,
        ["self": .tensor(try step.name(input)), "n": length.map(Argument.int) ?? .none, "dim": .int(axis)], complex,
        target == "fft_rfft" ? sizes : full)
      if isOneSided, parts == 2 {
        guard let size = sizes[axis].fixed else { throw step.refusal("its sizes are known only when it runs") }
        result = try step.slice(result, axis, 0, size)
      }
      let real = step.op("view_as_real", ["self": .tensor(try step.name(result))], .f64, sizes + [.fixed(2)])
      step.give(try step.cast(real, to: x.type))
    }
    add("STFT", "unfold mul fft_fft fft_rfft view_as_real", limits: "complex signals") { step in
      let x = try step.input(0)
      let hop = try step.ints(at: 1, "frame_step").first ?? 1
      let window = try step.optional(2)
      let length = step.isGiven(3) ? try step.ints(at: 3, "frame_length").first : window?.sizes.first?.fixed
      guard let length, x.rank >= 2 else { throw step.refusal("its length of frames is left out") }
      try step.require(x.rank == 2 || x.sizes[2] == .fixed(1), "its signal is complex")
      try step.require(x.type == .f32 || x.type == .f64, "its numbers are of the type \(x.type)")
      let signal = x.rank == 3 ? try step.select(x, 2, 0) : x
      let frames = (signal.sizes[1] - .fixed(length)).floorDivided(by: .fixed(hop)) + .fixed(1)
      var value = step.op(
        "unfold",
        [
          "self": .tensor(try step.name(signal)), "dimension": .int(1), "size": .int(length), "step": .int(hop),
        ], x.type, [x.sizes[0], frames, .fixed(length)])
      if let window { value = try step.binary("mul.Tensor", value, window) }
      let isOneSided = step.bool("onesided", true)
      let count = isOneSided ? length / 2 + 1 : length
      let sizes = [x.sizes[0], frames, SymbolicSize.fixed(count)]
      let result = step.op(
        isOneSided ? "fft_rfft" : "fft_fft", ["self": .tensor(try step.name(value)), "dim": .int(2)],
        x.type == .f32 ? .c64 : .c128, sizes)
      step.give(step.op("view_as_real", ["self": .tensor(try step.name(result))], x.type, sizes + [.fixed(2)]))
    }
  }

  /// Operators that have no place here.
  mutating func addUnsupported() {
    refuse("StringConcat StringNormalizer StringSplit RegexFullMatch TfIdfVectorizer", "it works on texts")
    refuse("ImageDecoder", "it reads pictures")
  }
}
