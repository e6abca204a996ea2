import Torch

/// How the C library's allocator treats the memory that operators take and give back at every step.
enum Heap {
  /// Reading it lets freed memory of up to 31 MiB stay with the process, once.
  ///
  /// The allocator of glibc hands large blocks back to the system when they are freed, and asks for them again: at every
  /// step of LeNet (batch 64) about 1,600 pages, which the kernel clears anew, a fifth of the step's time. It keeps what
  /// is as large as the largest block freed so far, up to 32 MiB; so one such block is taken and freed, untouched. In
  /// Python smaller objects above the tensors mostly have the same effect by chance.
  static let keepsBlocks: Void = {
    #if canImport(Glibc)
      _ = Tensor.empty([31 << 20], dtype: .uint8)
    #endif
  }()
}
