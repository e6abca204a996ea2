// Which threads record what they call.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

int32_t ct_recorder_count = 0;

namespace {
thread_local void *recorder = nullptr;
}

void *ct_recorder(void) { return recorder; }

void ct_set_recorder(void *value) {
  const int32_t change = (value != nullptr) - (recorder != nullptr);
  recorder = value;
  __atomic_fetch_add(&ct_recorder_count, change, __ATOMIC_RELAXED);
}

ct_error ct_tensor_alias(ct_tensor tensor, ct_tensor *alias) {
  return guarded([&] {
    auto borrowed = borrow(tensor);
    // Not a view: the recorded tensor keeps its history, and changes in place count for both.
    auto copy = borrowed.unsafeGetTensorImpl()->shallow_copy_and_detach(
        borrowed.unsafeGetTensorImpl()->version_counter(), /*allow_tensor_metadata_change=*/true);
    *alias = own(at::Tensor(std::move(copy)));
  });
}

#endif
