#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A signal that asks the command to stop (Ctrl-C, `kill`, a closed terminal), thrown where work can be given up.
///
/// The signal itself only leaves a note; ``check()``, called after each block, throws, so that files under way are
/// deleted on the way out, and ``end()`` then dies of the signal, as a shell expects. A second signal kills at once.
struct Interrupt: Error, Equatable {
  /// The signal's number.
  let signal: Int32

  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// The two ends of a pipe: the handler writes the signal's number, ``check()`` looks whether one has come. A pipe,
  /// because `write` is among the few things that a handler may do.
  private static let pipe: (reading: Int32, writing: Int32) = {
    var ends: (Int32, Int32) = (-1, -1)
    let made = withUnsafeMutablePointer(to: &ends) {
      $0.withMemoryRebound(to: Int32.self, capacity: 2) {
        #if canImport(Darwin)
          Darwin.pipe($0)
        #elseif canImport(Musl)
          Musl.pipe($0)
        #else
          Glibc.pipe($0)
        #endif
      }
    }
    guard made == 0 else { return (-1, -1) }
    for end in [ends.0, ends.1] {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    return ends
  }()

  /// Lets signals through that were blocked, as a parent with Dispatch leaves them to its children.
  static func unblock() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// From now on the signals are noted; one that is ignored (`nohup`) stays ignored. Called when an output is about to be
  /// begun: before, there is nothing to clean up, and a signal ends the process wherever it is.
  static func watch() {
    guard pipe.writing >= 0 else { return }
    for number in signals {
      var earlier = sigaction()
      sigaction(number, nil, &earlier)
      var action = sigaction()
      action.sa_flags = Int32(truncatingIfNeeded: SA_RESETHAND) | SA_RESTART
      let handler: @convention(c) (Int32) -> Void = { number in
        let before = errno
        var note = UInt8(truncatingIfNeeded: number)
        _ = write(Interrupt.pipe.writing, &note, 1)
        errno = before
      }
      #if canImport(Darwin)
        let isIgnored = unsafeBitCast(earlier.__sigaction_u.__sa_handler, to: Int.self) == 1
        action.__sigaction_u.__sa_handler = handler
      #elseif canImport(Musl)
        let isIgnored = unsafeBitCast(earlier.__sa_handler.sa_handler, to: Int.self) == 1
        action.__sa_handler.sa_handler = handler
      #else
        let isIgnored = unsafeBitCast(earlier.__sigaction_handler.sa_handler, to: Int.self) == 1
        action.__sigaction_handler.sa_handler = handler
      #endif
      if !isIgnored { sigaction(number, &action, nil) }
    }
  }

  /// Throws if a signal has come.
  static func check() throws {
    var note: UInt8 = 0
    if read(pipe.reading, &note, 1) == 1 { throw Interrupt(signal: Int32(note)) }
  }

  /// Ends the process as the signal would have; its status is 128 and the signal's number in a shell.
  func end() -> Never {
    #if canImport(Darwin)
      Darwin.signal(signal, SIG_DFL)
    #elseif canImport(Musl)
      Musl.signal(signal, SIG_DFL)
    #else
      Glibc.signal(signal, SIG_DFL)
    #endif
    raise(signal)
    exit(128 + signal)
  }
}
