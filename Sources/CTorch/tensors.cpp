// What a tensor is made of: its facts, memory and storage.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/ops/from_blob.h>
#include <torch/csrc/autograd/variable.h>
#pragma clang diagnostic pop

#include <memory>

void ct_tensor_release(ct_tensor tensor) {
  if (tensor != nullptr) {
    c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim(reinterpret_cast<at::TensorImpl *>(tensor));
  }
}

ct_tensor ct_tensor_retain(ct_tensor tensor) { return own(borrow(tensor)); }

ct_error ct_tensor_info(ct_tensor handle, ct_info *info) {
  return guarded([&] {
    auto *tensor = reinterpret_cast<at::TensorImpl *>(handle);
    ct_info out{};
    out.dtype = static_cast<int32_t>(c10::typeMetaToScalarType(tensor->dtype()));
    out.device_type = static_cast<int32_t>(tensor->device().type());
    out.device_index = tensor->device().has_index() ? tensor->device().index() : 0;
    out.rank = static_cast<int32_t>(tensor->dim());
    out.sizes = tensor->sizes().data();
    out.strides = tensor->layout() == c10::kStrided ? tensor->strides().data() : nullptr;
    out.count = tensor->numel();
    out.requires_grad = tensor->requires_grad();
    out.is_leaf = borrow(handle).is_leaf();
    out.is_contiguous = tensor->is_contiguous();
    *info = out;
  });
}

ct_error ct_tensor_is_contiguous(ct_tensor tensor, int32_t memory_format, bool *result) {
  return guarded([&] { *result = borrow(tensor).is_contiguous(static_cast<at::MemoryFormat>(memory_format)); });
}

ct_error ct_tensor_data(ct_tensor tensor, void **data) {
  return guarded([&] { *data = borrow(tensor).data_ptr(); });
}

ct_error ct_tensor_wrap(void *data, const int64_t *sizes, int32_t rank, int32_t dtype,
                        void (*release)(void *), void *context, ct_tensor *result) {
  return guarded([&] {
    // Owns the context until the tensor does, so that it is released once on every path.
    std::shared_ptr<void> owner(context, release);
    *result = own(at::from_blob(data, at::IntArrayRef(sizes, rank), [owner](void *) {},
                                at::TensorOptions(static_cast<at::ScalarType>(dtype))));
  });
}

ct_error ct_tensor_version(ct_tensor tensor, int64_t *version) {
  return guarded([&] {
    auto borrowed = borrow(tensor);
    *version = borrowed.is_inference() ? 0 : static_cast<int64_t>(borrowed._version());
  });
}

ct_error ct_tensor_bump_version(ct_tensor tensor) {
  return guarded([&] { borrow(tensor).unsafeGetTensorImpl()->bump_version(); });
}

ct_error ct_tensor_set_data(ct_tensor tensor, ct_tensor source) {
  return guarded([&] {
    auto target = borrow(tensor);
    const bool changes_shape = target.sizes() != borrow(source).sizes();
    target.set_data(borrow(source));
    // What sums up a leaf's gradients knows their shape. LibTorch makes it anew for another dtype or device only.
    if (changes_shape && torch::autograd::impl::get_autograd_meta(target) != nullptr) {
      torch::autograd::impl::set_grad_accumulator(
          target, c10::weak_intrusive_ptr<torch::autograd::Node>(c10::intrusive_ptr<torch::autograd::Node>()));
    }
  });
}

ct_error ct_tensor_storage(ct_tensor tensor, const void **storage) {
  return guarded([&] { *storage = borrow(tensor).storage().unsafeGetStorageImpl(); });
}

#endif
