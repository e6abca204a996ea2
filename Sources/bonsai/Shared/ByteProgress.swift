import Console

/// What a long command shows and looks for after each block: progress on a terminal, and whether to stop.
///
/// ```swift
/// let progress = ByteProgress("reading")
/// defer { progress.clear() }
/// try checkpoint.verifyChecksums(progress: progress.update)
/// ```
final class ByteProgress {
  private var display: ProgressDisplay

  /// Progress of what is called `label`: "reading", "writing". The clock runs from now on.
  init(_ label: String, total: Int = 0) {
    display = ProgressDisplay(ProgressBar(label: label, total: total, unit: .bytes))
  }

  /// So many bytes of `total` are done; a `WritingProgress`.
  ///
  /// - Throws: ``Interrupt`` where a signal has come.
  func update(_ done: Int, of total: Int) throws {
    try Interrupt.check()
    display.show(done, of: total)
  }

  /// Takes the line away.
  func clear() { display.clear() }

  /// Seconds since the beginning.
  var seconds: Double { display.seconds }
}
