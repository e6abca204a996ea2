// Gradients: what records them, and what they are.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>
#pragma clang diagnostic pop

#include <memory>
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

namespace {

// Factors of entries, released with the last node that needs them.
class Factors {
 public:
  explicit Factors(const ct_factors &factors) : factors_(factors) {}
  Factors(const Factors &) = delete;
  Factors &operator=(const Factors &) = delete;
  ~Factors() { factors_.release(factors_.context); }

  at::Tensor multiply(const at::Tensor &tensor) const {
    at::NoGradGuard no_grad;
    const auto source = tensor.detach().contiguous();
    auto product = at::empty(source.sizes(), source.options());
    factors_.multiply(factors_.context, source.const_data_ptr(), product.mutable_data_ptr(), source.numel(),
                      static_cast<int32_t>(source.scalar_type()));
    return product;
  }

 private:
  ct_factors factors_;
};

at::Tensor multiply(const at::Tensor &tensor, const std::shared_ptr<Factors> &factors);

// The gradient of a product with constant factors is the product of the gradient with them, and so on for its own.
struct MultiplyBackward : torch::autograd::Node {
  explicit MultiplyBackward(std::shared_ptr<Factors> factors) : factors(std::move(factors)) {}

  torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override {
    return {gradients[0].defined() ? multiply(gradients[0], factors) : at::Tensor()};
  }
  // As the same product of two tensors is named.
  std::string name() const override { return "MulBackward0"; }

  std::shared_ptr<Factors> factors;
};

at::Tensor multiply(const at::Tensor &tensor, const std::shared_ptr<Factors> &factors) {
  auto product = factors->multiply(tensor);
  if (at::GradMode::is_enabled() && tensor.requires_grad()) {
    auto node = c10::make_intrusive<MultiplyBackward>(factors);
    node->set_next_edges(torch::autograd::collect_next_edges(tensor));
    torch::autograd::set_history(product, node);
  }
  return product;
}

}  // namespace

ct_error ct_tensor_multiply(ct_tensor tensor, ct_factors factors, ct_tensor *product) {
  return guarded([&] {
    auto owned = std::make_shared<Factors>(factors);
    *product = own(multiply(borrow(tensor), owned));
  });
}

bool ct_grad_enabled(void) { return at::GradMode::is_enabled(); }
void ct_set_grad_enabled(bool value) { at::GradMode::set_enabled(value); }

#endif
