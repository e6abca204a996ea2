#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ScalarOps.h>
#include <ATen/TensorIterator.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>
#pragma clang diagnostic pop

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

// What a schema says of one argument, looked up once.
enum class Kind { tensor, floating, integer, number, boolean, string, device, generator,
                  tensors, optional_tensors, integers, floats, booleans, numbers, other };

struct Argument {
  std::string name;
  Kind kind;
  int32_t fixed_count;  // of `int[2]`, otherwise 0
  bool is_optional;     // takes none
  bool has_default;
  c10::IValue default_value;
};

struct Operator {
  c10::OperatorHandle handle;
  std::vector<Argument> arguments;
};

Kind kind_of(const c10::TypePtr &type) {
  using c10::TypeKind;
  switch (type->kind()) {
    case TypeKind::OptionalType: return kind_of(type->expectRef<c10::OptionalType>().getElementType());
    case TypeKind::TensorType: return Kind::tensor;
    case TypeKind::FloatType: return Kind::floating;
    case TypeKind::IntType: return Kind::integer;
    case TypeKind::NumberType: return Kind::number;
    case TypeKind::BoolType: return Kind::boolean;
    case TypeKind::StringType: return Kind::string;
    case TypeKind::DeviceObjType: return Kind::device;
    case TypeKind::GeneratorType: return Kind::generator;
    case TypeKind::ListType: {
      auto element = type->expectRef<c10::ListType>().getElementType();
      switch (element->kind()) {
        case TypeKind::TensorType: return Kind::tensors;
        case TypeKind::OptionalType: return Kind::optional_tensors;
        case TypeKind::IntType: return Kind::integers;
        case TypeKind::FloatType: return Kind::floats;
        case TypeKind::BoolType: return Kind::booleans;
        case TypeKind::NumberType: return Kind::numbers;
        default: return Kind::other;
      }
    }
    default: return Kind::other;
  }
}

// Reads the schema of the operator of that name, in namespace aten where none is named.
std::unique_ptr<Operator> read_schema(const char *name) {
  std::string full = name;
  if (full.find("::") == std::string::npos) full = "aten::" + full;
  auto dot = full.find('.');
  std::string overload = dot == std::string::npos ? "" : full.substr(dot + 1);
  auto handle = c10::Dispatcher::singleton().findSchema({full.substr(0, dot), overload});
  TORCH_CHECK(handle.has_value(), "LibTorch ", TORCH_VERSION, " has no operator '", full, "'");
  auto entry = std::make_unique<Operator>(Operator{*handle, {}});
  for (const auto &argument : handle->schema().arguments()) {
    entry->arguments.push_back({argument.name(), kind_of(argument.type()), argument.N().value_or(0),
                                argument.type()->kind() == c10::TypeKind::OptionalType,
                                argument.default_value().has_value(),
                                argument.default_value().value_or(c10::IValue())});
  }
  return entry;
}

// The operator of that name, found by the address of the name, which is a literal. Each thread keeps what it has looked
// up, so no lock is taken and nothing is shared.
const Operator &lookup(const char *name) {
  thread_local std::unordered_map<const char *, std::unique_ptr<Operator>> known;
  auto found = known.find(name);
  if (found != known.end()) return *found->second;
  return *known.emplace(name, read_schema(name)).first->second;
}

// Each thread's stack of boxed arguments, kept between calls for its memory. A call inside a call takes a new one.
class BorrowedStack {
 public:
  BorrowedStack() { stack.swap(spare()); }
  ~BorrowedStack() {
    stack.clear();
    stack.swap(spare());
  }
  torch::jit::Stack stack;

 private:
  static torch::jit::Stack &spare() {
    thread_local torch::jit::Stack value;
    return value;
  }
};

[[noreturn]] void mismatch(const Argument &argument, const char *found) {
  TORCH_CHECK(false, "argument '", argument.name, "' cannot be ", found);
}

template <typename Number>
c10::IValue number_list(at::ArrayRef<Number> values) {
  c10::impl::GenericList list(c10::NumberType::get());
  list.reserve(values.size());
  for (Number value : values) list.push_back(c10::IValue(value));
  return list;
}

c10::IValue integers(const Argument &argument, at::IntArrayRef values) {
  switch (argument.kind) {
    case Kind::integers: return values;
    case Kind::floats: return c10::List<double>(std::vector<double>(values.begin(), values.end()));
    case Kind::numbers: return number_list(values);
    default: mismatch(argument, "a list of integers");
  }
}

// A number where a tensor is expected, as Python passes it: of rank 0, and without a say in the result's dtype beyond
// its kind.
c10::IValue wrapped_number(const c10::Scalar &number) {
  at::Tensor tensor = c10::scalar_to_tensor(number);
  tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  return tensor;
}

c10::IValue convert(const Argument &argument, const ct_value &value) {
  switch (value.tag) {
    case CT_NONE: return c10::IValue();
    case CT_INT:
      switch (argument.kind) {
        case Kind::floating: return static_cast<double>(value.u.i);
        case Kind::boolean: return value.u.i != 0;
        case Kind::integers:
        case Kind::floats:
          return integers(argument, std::vector<int64_t>(std::max(argument.fixed_count, 1), value.u.i));
        case Kind::integer:
        case Kind::number: return value.u.i;
        case Kind::tensor: return wrapped_number(value.u.i);
        default: mismatch(argument, "an integer");
      }
    case CT_DOUBLE:
      if (argument.kind == Kind::tensor) return wrapped_number(value.u.d);
      if (argument.kind == Kind::floating || argument.kind == Kind::number) return value.u.d;
      mismatch(argument, "a floating-point number");
    case CT_BOOL:
      if (argument.kind == Kind::tensor) return wrapped_number(value.u.b);
      if (argument.kind != Kind::boolean && argument.kind != Kind::number) mismatch(argument, "a boolean");
      return value.u.b;
    case CT_TENSOR:
      if (argument.kind != Kind::tensor) mismatch(argument, "a tensor");
      return borrow(value.u.t);
    case CT_INTS: {
      at::IntArrayRef values(value.u.ints, value.count);
      if (value.count == 1 && argument.fixed_count > 1) {
        return integers(argument, std::vector<int64_t>(argument.fixed_count, value.u.ints[0]));
      }
      return integers(argument, values);
    }
    case CT_DOUBLES: {
      at::ArrayRef<double> values(value.u.doubles, value.count);
      if (argument.kind == Kind::numbers) return number_list(values);
      if (argument.kind != Kind::floats) mismatch(argument, "a list of floating-point numbers");
      return c10::List<double>(values);
    }
    case CT_BOOLS: {
      if (argument.kind != Kind::booleans) mismatch(argument, "a list of booleans");
      c10::List<bool> list;
      for (int32_t i = 0; i < value.count; i++) list.push_back(value.u.ints[i] != 0);
      return list;
    }
    case CT_TENSORS: {
      if (argument.kind == Kind::optional_tensors) {
        c10::List<std::optional<at::Tensor>> list;
        for (int32_t i = 0; i < value.count; i++) {
          list.push_back(value.u.tensors[i] ? std::optional<at::Tensor>(borrow(value.u.tensors[i])) : std::nullopt);
        }
        return list;
      }
      if (argument.kind != Kind::tensors) mismatch(argument, "a list of tensors");
      c10::List<at::Tensor> list;
      list.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) {
        if (value.u.tensors[i] == nullptr) mismatch(argument, "a list with an absent tensor");
        list.push_back(borrow(value.u.tensors[i]));
      }
      return list;
    }
    case CT_STRING:
      if (argument.kind != Kind::string) mismatch(argument, "a text");
      return std::string(value.u.s);
    case CT_DEVICE:
      if (argument.kind != Kind::device) mismatch(argument, "a device");
      return c10::Device(static_cast<c10::DeviceType>(value.count), static_cast<c10::DeviceIndex>(value.u.i));
    case CT_GENERATOR:
      if (argument.kind != Kind::generator) mismatch(argument, "a generator");
      return borrow(value.u.g);
    default: mismatch(argument, "of an unknown kind");
  }
}

// The value given for an argument, or its default; none stands for the default too, where none is no value.
c10::IValue value_or_default(const Operator &op, const Argument &argument, const ct_value *given) {
  if (given != nullptr && (given->tag != CT_NONE || argument.is_optional)) return convert(argument, *given);
  TORCH_CHECK(argument.has_default, "argument '", argument.name, "' is missing; the schema is ", op.handle.schema());
  return argument.default_value;
}

// Says which argument given by name the schema has no place for.
[[noreturn]] void unplaced(const Operator &op, const ct_value *values, int32_t positional, int32_t count) {
  const int32_t total = static_cast<int32_t>(op.arguments.size());
  for (int32_t j = positional; j < count; j++) {
    TORCH_CHECK(values[j].keyword != nullptr, "an argument by position follows one by name");
    int32_t i = 0;
    while (i < total && op.arguments[i].name != values[j].keyword) i++;
    TORCH_CHECK(i < total, "there is no argument '", values[j].keyword, "'; the schema is ", op.handle.schema());
    TORCH_CHECK(i >= positional, "argument '", values[j].keyword, "' is given twice");
  }
  TORCH_CHECK(false, "an argument is given twice by name");
}

// Pushes the arguments in the schema's order: first those by position, then those by name, and defaults for the rest.
void push_arguments(const Operator &op, const ct_value *values, int32_t count, torch::jit::Stack &stack) {
  const int32_t total = static_cast<int32_t>(op.arguments.size());
  stack.reserve(total);
  int32_t positional = 0;
  while (positional < count && values[positional].keyword == nullptr) positional++;
  TORCH_CHECK(positional <= total, "takes ", total, " arguments, found ", positional, "; the schema is ",
              op.handle.schema());
  int32_t used = positional;
  for (int32_t i = 0; i < total; i++) {
    const Argument &argument = op.arguments[i];
    const ct_value *given = i < positional ? &values[i] : nullptr;
    for (int32_t j = positional; j < count && given == nullptr; j++) {
      if (values[j].keyword != nullptr && argument.name == values[j].keyword) {
        given = &values[j];
        used++;
      }
    }
    stack.push_back(value_or_default(op, argument, given));
  }
  if (used != count) unplaced(op, values, positional, count);
}

// Hands results out; what it has handed out is taken back where a later one cannot be.
class Results {
 public:
  Results(ct_value *values, int32_t capacity) : values_(values), capacity_(capacity) {}
  Results(const Results &) = delete;
  Results &operator=(const Results &) = delete;
  ~Results() {
    for (int32_t i = 0; i < std::min(count_, capacity_); i++) {
      if (values_[i].tag == CT_TENSOR) ct_tensor_release(values_[i].u.t);
    }
  }

  void append(at::Tensor tensor) {
    ct_value value{};
    value.tag = tensor.defined() ? CT_TENSOR : CT_NONE;
    if (tensor.defined() && count_ < capacity_) value.u.t = own(std::move(tensor));
    append(value);
  }

  void append(c10::IValue value) {
    if (value.isTensor()) return append(std::move(value).toTensor());
    if (value.isTensorList()) {
      for (auto &&tensor : value.toTensorVector()) append(std::move(tensor));
      return;
    }
    ct_value out{};
    if (value.isInt()) { out.tag = CT_INT; out.u.i = value.toInt(); }
    else if (value.isDouble()) { out.tag = CT_DOUBLE; out.u.d = value.toDouble(); }
    else if (value.isBool()) { out.tag = CT_BOOL; out.u.b = value.toBool(); }
    else if (value.isNone()) { out.tag = CT_NONE; }
    else TORCH_CHECK(false, "a result of type ", value.tagKind(), " cannot be handed over");
    append(out);
  }

  // Everything has been handed over; the caller owns it now.
  int32_t finish() { return std::exchange(count_, 0); }

 private:
  void append(const ct_value &value) {
    if (count_ < capacity_) values_[count_] = value;
    count_++;
  }

  ct_value *values_;
  int32_t capacity_;
  int32_t count_ = 0;
};

}  // namespace

ct_error ct_call(const char *name, const ct_value *arguments, int32_t argument_count,
                 ct_value *results, int32_t capacity, int32_t *count) {
  return guarded([&] {
    const Operator &op = lookup(name);
    BorrowedStack borrowed;
    push_arguments(op, arguments, argument_count, borrowed.stack);
    op.handle.callBoxed(borrowed.stack);
    Results out(results, capacity);
    for (auto &value : borrowed.stack) out.append(std::move(value));
    *count = out.finish();
  });
}

ct_error ct_schema(const char *name, char **schema) {
  return guarded([&] { *schema = strdup(c10::str(lookup(name).handle.schema()).c_str()); });
}

void ct_string_free(char *string) { free(string); }

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
  return guarded([&] { borrow(tensor).set_data(borrow(source)); });
}

ct_error ct_tensor_storage(ct_tensor tensor, const void **storage) {
  return guarded([&] { *storage = borrow(tensor).storage().unsafeGetStorageImpl(); });
}

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
