// LibTorch itself: devices, threads, version, and the memory that it gives back.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>
#pragma clang diagnostic pop

#ifdef __APPLE__
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <climits>

int32_t ct_cuda_count(void) {
  try {
    return at::hasCUDA() ? static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
  } catch (...) {
    return 0;
  }
}

bool ct_mps_available(void) {
  try {
    return at::hasMPS();
  } catch (...) {
    return false;
  }
}

int32_t ct_threads(void) { return at::get_num_threads(); }
ct_error ct_set_threads(int32_t count) {
  return guarded([&] { at::set_num_threads(count); });
}
ct_error ct_parallel(int64_t pieces, void *context, void (*body)(void *context, int64_t piece)) {
  return guarded([&] {
    std::atomic<int64_t> next{0};
    auto run = [&](char **, const int64_t *, int64_t, int64_t) {
      for (int64_t piece; (piece = next++) < pieces;) body(context, piece);
    };
    // at::parallel_for works only where a program is compiled for OpenMP itself; loops over tensors are split by LibTorch.
    auto places = at::empty({std::max<int64_t>(1, std::min<int64_t>(pieces, at::get_num_threads()))}, at::kChar);
    auto iterator = at::TensorIteratorConfig().check_all_same_dtype(false).resize_outputs(false).add_output(places).build();
    iterator.for_each(run, 1);
  });
}
int64_t ct_block_size(const void *block) {
#ifdef __APPLE__
  return static_cast<int64_t>(malloc_size(block));
#else
  return static_cast<int64_t>(malloc_usable_size(const_cast<void *>(block)));
#endif
}
const char *ct_version(void) { return TORCH_VERSION; }

bool ct_keep_freed_memory(int64_t bytes) {
#ifdef __GLIBC__
  // The first is the largest that glibc takes; setting it also stops glibc from choosing both by itself.
  return mallopt(M_MMAP_THRESHOLD, 32 << 20) == 1 &&
         mallopt(M_TRIM_THRESHOLD, static_cast<int>(std::clamp<int64_t>(bytes, 0, INT_MAX))) == 1;
#else
  (void)bytes;
  return false;
#endif
}

#endif
