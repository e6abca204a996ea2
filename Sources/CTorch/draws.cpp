// Uniform draws at several times the speed of LibTorch's own kernel, out of LibTorch's own generator and distribution:
// the same numbers, and the same state afterwards.

#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/OpMathType.h>
#include <ATen/core/DistributionsHelper.h>
#pragma clang diagnostic pop

#include <mutex>
#include <type_traits>

namespace {

// Words drawn at once: few enough for the nearest cache.
constexpr int64_t block_size = 1024;

// A generator's words. LibTorch asks of every word whether the state must be renewed first, and keeps its place in memory
// between them, which takes longer than the word itself. Here a whole state is turned into words at once: LibTorch's own
// call is told each time that there are words left, and what remains of it has no branches and no order, so that the
// compiler makes vectors of it.
class Words {
 public:
  explicit Words(const at::mt19937 &engine) : engine_(engine) {
    if (place().left_ <= 1) return;
    used_ = place().next_;
    spell(0);
  }

  void draw(uint32_t *words, int64_t count) {
    while (count > 0) {
      if (used_ == size) renew();
      const auto ready = std::min<int64_t>(size - used_, count);
      std::memcpy(words, words_ + used_, ready * sizeof(uint32_t));
      used_ += static_cast<uint32_t>(ready);
      words += ready;
      count -= ready;
    }
  }

  // The generator, as if it had drawn the words one by one.
  at::mt19937 engine() {
    go(used_);
    return engine_;
  }

 private:
  static constexpr uint32_t size = at::MERSENNE_STATE_N;

  // The place of a generator is its only member, so that the address of one is that of the other.
  static_assert(std::is_standard_layout_v<at::mt19937> && sizeof(at::mt19937) == sizeof(at::mt19937_data_pod));
  at::mt19937_data_pod &place() { return reinterpret_cast<at::mt19937_data_pod &>(engine_); }

  // Behind so many words of the state: what is left and what comes next always add up to one more than the state has.
  void go(uint32_t used) {
    place().next_ = used;
    place().left_ = static_cast<int>(size - used) + 1;
  }

  void renew() {
    go(size);
    words_[0] = engine_();
    spell(1);
    used_ = 0;
  }

  // The words of the state from `first` on.
  void spell(uint32_t first) {
    for (uint32_t index = first; index < size; index++) {
      place().left_ = 2;
      place().next_ = index;
      words_[index] = engine_();
    }
  }

  at::mt19937 engine_;
  uint32_t words_[size];
  uint32_t used_ = size;
};

// Drawn words in the guise of a generator, as LibTorch's distributions take it.
struct Drawn {
  const uint32_t *word;

  uint32_t random() { return *word++; }
  uint64_t random64() {
    const uint64_t upper = *word++;
    return upper << 32 | *word++;
  }
};

template <typename Element>
void fill(Words &words, Element *__restrict entries, int64_t count) {
  using Wide = at::opmath_type<Element>;
  constexpr int64_t word_count = sizeof(Wide) / sizeof(uint32_t);
  constexpr int64_t share = block_size / word_count;
  const at::uniform_real_distribution<Wide> uniform(0, 1);
  uint32_t drawn[block_size];
  Wide wide[share];
  for (int64_t start = 0; start < count; start += share) {
    const auto size = std::min(share, count - start);
    words.draw(drawn, size * word_count);
    Drawn source{drawn};
    for (int64_t index = 0; index < size; index++) wide[index] = uniform(&source);
    for (int64_t index = 0; index < size; index++) {
      auto entry = static_cast<Element>(wide[index]);
      // What is rounded up to 1 becomes 0, as in LibTorch. Bits compare faster than numbers of 16 bits.
      if constexpr (sizeof(Element) == 2) entry.x = entry.x == Element(1.0f).x ? 0 : entry.x;
      entries[start + index] = entry;
    }
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
      case at::kFloat: fill(words, static_cast<float *>(entries), count); break;
      case at::kHalf: fill(words, static_cast<at::Half *>(entries), count); break;
      case at::kBFloat16: fill(words, static_cast<at::BFloat16 *>(entries), count); break;
      default:
        TORCH_CHECK(false, "expected a floating-point dtype to draw, found ", static_cast<at::ScalarType>(dtype));
    }
    state->set_engine(words.engine());
  });
}

#endif
