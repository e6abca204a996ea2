// What the files of this target share: LibTorch, found and of the right version, behind the handles of ctorch.h.
#pragma once

#include "ctorch.h"

// What is missing is said once, by the file that defines CT_SAYS_WHAT_IS_MISSING; the others are empty then.
#if !__has_include(<ATen/core/Tensor.h>)
#ifdef CT_SAYS_WHAT_IS_MISSING
#error "LibTorch 2.13 was not found. In Bonsai's checkout: 'make setup', then build with 'make build'. Elsewhere: put the folder of libtorch.pc on PKG_CONFIG_PATH (README, 'Depending on Bonsai')."
#endif
#else

#include <torch/headeronly/version.h>
#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR != 13
#ifdef CT_SAYS_WHAT_IS_MISSING
#error "Bonsai needs LibTorch 2.13; pkg-config found another version. Run 'make setup', or set LIBTORCH to a folder of version 2.13."
#endif
#else
#define CT_HAS_LIBTORCH 1

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <cstring>
#include <string_view>

// Runs `body` and turns every exception into an owned message.
template <typename Body>
ct_error guarded(Body &&body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::NotImplementedError &error) {
    // Without the pages about every backend that LibTorch adds.
    const std::string_view text = error.what_without_backtrace();
    const auto end = text.find(" This could be because");
    return strndup(text.data(), std::min(end, text.size()));
  } catch (const c10::Error &error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("LibTorch threw something that is not an exception");
  }
}

inline at::Tensor borrow(ct_tensor tensor) {
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::unsafe_reclaim_from_nonowning(
      reinterpret_cast<at::TensorImpl *>(tensor)));
}

inline ct_tensor own(at::Tensor tensor) {
  return tensor.defined() ? reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl()) : nullptr;
}

inline at::Generator borrow(ct_generator generator) {
  return *reinterpret_cast<at::Generator *>(generator);
}

#endif
#endif
