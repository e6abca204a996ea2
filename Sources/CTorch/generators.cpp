// Generators of random numbers and their states.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#pragma clang diagnostic pop

#include <mutex>
#include <string>
#include <utility>

ct_error ct_manual_seed(uint64_t seed) {
  return guarded([&] { at::manual_seed(seed); });
}

namespace {
ct_generator own(at::Generator generator) {
  return reinterpret_cast<ct_generator>(new at::Generator(std::move(generator)));
}
}  // namespace

ct_error ct_generator_new(const char *device, ct_generator *result) {
  return guarded([&] {
    c10::Device where{std::string(device)};
    *result = own(where.is_cpu() ? at::detail::createCPUGenerator()
                                 : at::globalContext().defaultGenerator(where).clone());
  });
}

ct_error ct_generator_default(const char *device, ct_generator *result) {
  return guarded([&] { *result = own(at::globalContext().defaultGenerator(c10::Device{std::string(device)})); });
}

void ct_generator_release(ct_generator generator) { delete reinterpret_cast<at::Generator *>(generator); }

ct_error ct_generator_seed(ct_generator generator, uint64_t seed) {
  return guarded([&] {
    auto borrowed = borrow(generator);
    std::lock_guard<std::mutex> lock(borrowed.mutex());
    borrowed.set_current_seed(seed);
  });
}

ct_error ct_generator_state(ct_generator generator, ct_tensor *state) {
  return guarded([&] {
    auto borrowed = borrow(generator);
    std::lock_guard<std::mutex> lock(borrowed.mutex());
    *state = own(borrowed.get_state());
  });
}

ct_error ct_generator_set_state(ct_generator generator, ct_tensor state) {
  return guarded([&] {
    auto borrowed = borrow(generator);
    std::lock_guard<std::mutex> lock(borrowed.mutex());
    borrowed.set_state(borrow(state));
  });
}

#endif
