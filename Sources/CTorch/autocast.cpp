// Automatic choice of precision.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/autocast_mode.h>
#pragma clang diagnostic pop

ct_error ct_autocast(int32_t device_type, bool enabled, int32_t dtype, bool *enabled_before, int32_t *dtype_before) {
  return guarded([&] {
    const auto device = static_cast<at::DeviceType>(device_type);
    *enabled_before = at::autocast::is_autocast_enabled(device);
    *dtype_before = static_cast<int32_t>(at::autocast::get_autocast_dtype(device));
    if (dtype >= 0) at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(dtype));
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::clear_cache();
  });
}

#endif
