import CTorch

/// The engine's number of threads within an operator: `torch.set_num_threads`.
///
/// A thread of the program that has computed already keeps the number it had, as OpenMP has it: set it there too.
public var threadCount: Int {
  get { Int(ct_threads()) }
  set { require(ct_set_threads(Int32(clamping: newValue)), "threadCount") }
}

/// Calls `body` once for each of `pieces`, on the engine's threads, several at once, and returns when all are done.
///
/// Whether gradients are recorded belongs to a thread, so that `body` is for work on memory and not for operators.
///
/// These threads look for more work for some milliseconds after an operator, and keep their processors busy with it: work
/// that follows operators is done sooner on them than on other threads.
package func onEngineThreads(pieces: Int, _ body: (Int) -> Void) {
  precondition(pieces >= 0, "onEngineThreads: expected 0 pieces or more, found \(pieces)")
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { context in
      let call: @convention(c) (UnsafeMutableRawPointer?, Int64) -> Void = { context, piece in
        context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(piece))
      }
      require(ct_parallel(Int64(pieces), UnsafeMutableRawPointer(mutating: context), call), "onEngineThreads")
    }
  }
}

/// The size of a block of the C library's allocator, at least what was asked for: of an object, all of it.
package func blockSize(of block: UnsafeRawPointer) -> Int { Int(ct_block_size(block)) }

/// The version of LibTorch, as `2.13.0`.
public var libTorchVersion: String { String(cString: ct_version()) }

/// Has the process keep up to `bytes` of freed memory for its next tensors, instead of handing it back to the system and
/// asking for it again in every step of a training loop. Memory of 32 MiB and more in one piece is still handed back.
///
/// It concerns the whole process, so that an executable decides it, not a library. A LeNet's training step took about
/// a fifth less time with it, on Linux x86-64.
/// - Returns: Whether the system can do so: only Linux with glibc needs it, and can.
@discardableResult
public func keepFreedMemory(upTo bytes: Int = 512 << 20) -> Bool { ct_keep_freed_memory(Int64(bytes)) }
