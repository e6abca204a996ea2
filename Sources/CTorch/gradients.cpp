// Gradients: what records them, and what they are.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>
#pragma clang diagnostic pop

#include <string>
#include <utility>
#include <vector>

ct_error ct_tensor_set_requires_grad(ct_tensor tensor, bool value) {
  return guarded([&] {
    auto borrowed = borrow(tensor);
    TORCH_CHECK(borrowed.is_leaf() || value,
                "only a leaf's requires_grad can be turned off; detach() gives a tensor without history");
    borrowed.set_requires_grad(value);
  });
}

ct_error ct_tensor_grad(ct_tensor tensor, ct_tensor *gradient) {
  return guarded([&] { *gradient = own(borrow(tensor).grad()); });
}

ct_error ct_tensor_set_grad(ct_tensor tensor, ct_tensor gradient) {
  return guarded([&] { borrow(tensor).mutable_grad() = gradient ? borrow(gradient) : at::Tensor(); });
}

ct_error ct_tensor_backward(ct_tensor tensor, ct_tensor gradient, bool retain_graph, bool create_graph) {
  return guarded([&] {
    borrow(tensor).backward(gradient ? borrow(gradient) : at::Tensor(), retain_graph, create_graph);
  });
}

ct_error ct_gradients(const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t output_count,
                      const ct_tensor *inputs, int32_t input_count, bool retain_graph, bool create_graph,
                      bool allow_unused, ct_tensor *gradients) {
  return guarded([&] {
    auto list = [](const ct_tensor *tensors, int32_t count) {
      std::vector<at::Tensor> out;
      for (int32_t i = 0; i < count; i++) out.push_back(tensors[i] ? borrow(tensors[i]) : at::Tensor());
      return out;
    };
    auto found = torch::autograd::grad(list(outputs, output_count), list(inputs, input_count),
                                       list(output_gradients, output_gradients ? output_count : 0), retain_graph,
                                       create_graph, allow_unused);
    for (int32_t i = 0; i < input_count; i++) gradients[i] = own(std::move(found[i]));
  });
}

ct_error ct_tensor_grad_fn(ct_tensor tensor, char **name) {
  return guarded([&] {
    auto borrowed = borrow(tensor);
    const auto &node = borrowed.grad_fn();
    if (node == nullptr) {
      *name = nullptr;
      return;
    }
    // Without a namespace, as Python shows it: "torch::autograd::CopySlices" is "CopySlices".
    const std::string full = node->name();
    const auto colon = full.rfind("::");
    *name = strdup(colon == std::string::npos ? full.c_str() : full.c_str() + colon + 2);
  });
}

bool ct_grad_enabled(void) { return at::GradMode::is_enabled(); }
void ct_set_grad_enabled(bool value) { at::GradMode::set_enabled(value); }

#endif
