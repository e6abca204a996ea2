// Uniform draws at several times the speed of LibTorch's own kernel, out of LibTorch's own generator and distribution:
// the same numbers, and the same state afterwards.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/DistributionsHelper.h>
#pragma clang diagnostic pop

#include "../CKernels/random/crandom.h"

#include <mutex>
#include <type_traits>

namespace {

// Words drawn at once: few enough for the nearest cache.
constexpr int64_t block_size = 1024;

// A generator's words. LibTorch asks of every word whether the state must be renewed first, and keeps its place in memory
// between them, which takes longer than the word itself. Here whole stretches of the state are taken at once.
class Words {
 public:
  explicit Words(const at::mt19937 &engine) : engine_(engine) {
    if (pod().left_ > 1) used_ = pod().next_;
  }

  // Calls `body` with words of the state that lie side by side and their number, until `count` of them are used.
  template <typename Body>
  void take(int64_t count, Body &&body) {
    while (count > 0) {
      if (used_ == size) {
        random().renew(pod().state_.data());
        used_ = 0;
      }
      const auto ready = std::min<int64_t>(size - used_, count);
      body(pod().state_.data() + used_, ready);
      used_ += static_cast<uint32_t>(ready);
      count -= ready;
    }
  }

  // The generator, as if it had drawn the words one by one: what is left and what comes next always add up to one more
  // than the state has.
  at::mt19937 engine() {
    pod().next_ = used_;
    pod().left_ = static_cast<int>(size - used_) + 1;
    return engine_;
  }

  static const bk_random &random() {
    static const bk_random *const chosen = bk_random_in_use();
    return *chosen;
  }

 private:
  static constexpr uint32_t size = at::MERSENNE_STATE_N;
  static_assert(size == BK_STATE_WORDS);

  // The state of a generator is its only member, so that the address of one is that of the other.
  static_assert(std::is_standard_layout_v<at::mt19937> && sizeof(at::mt19937) == sizeof(at::mt19937_data_pod));
  at::mt19937_data_pod &pod() { return reinterpret_cast<at::mt19937_data_pod &>(engine_); }

  at::mt19937 engine_;
  uint32_t used_ = size;
};

template <typename Element, typename Draws>
void fill(Words &words, Element *entries, int64_t count, Draws draws) {
  words.take(count, [&](const uint32_t *state, int64_t ready) {
    draws(state, ready, entries);
    entries += ready;
  });
}

// Two drawn words in the guise of a generator, as LibTorch's distributions take it.
struct Drawn {
  const uint32_t *word;

  uint64_t random64() {
    const uint64_t upper = *word++;
    return upper << 32 | *word++;
  }
};

void fill(Words &words, double *__restrict entries, int64_t count) {
  constexpr int64_t share = block_size / 2;
  const at::uniform_real_distribution<double> uniform(0, 1);
  uint32_t drawn[block_size];
  for (int64_t start = 0; start < count; start += share) {
    const auto size = std::min(share, count - start);
    fill(words, static_cast<uint32_t *>(drawn), 2 * size, Words::random().temper);
    Drawn source{drawn};
    for (int64_t index = 0; index < size; index++) entries[start + index] = uniform(&source);
  }
}

}  // namespace

ct_error ct_generator_draw(ct_generator generator, void *entries, int64_t count, int32_t dtype) {
  return guarded([&] {
    auto source = borrow(generator);
    TORCH_CHECK(source.device().is_cpu(), "expected a generator of the CPU, found one of ", source.device());
    if (count == 0) return;
    auto *state = source.get<at::CPUGeneratorImpl>();
    std::lock_guard<std::mutex> lock(state->mutex_);
    Words words(state->engine());
    switch (static_cast<at::ScalarType>(dtype)) {
      case at::kDouble: fill(words, static_cast<double *>(entries), count); break;
      case at::kFloat: fill(words, static_cast<float *>(entries), count, Words::random().floats); break;
      case at::kHalf: fill(words, static_cast<uint16_t *>(entries), count, Words::random().halves); break;
      case at::kBFloat16: fill(words, static_cast<uint16_t *>(entries), count, Words::random().bfloats); break;
      default:
        TORCH_CHECK(false, "expected a floating-point dtype to draw, found ", static_cast<at::ScalarType>(dtype));
    }
    state->set_engine(words.engine());
  });
}

#endif
