// Operators of LibTorch, called by name.

#define CT_SAYS_WHAT_IS_MISSING
#include "libtorch.h"

#if CT_HAS_LIBTORCH

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Context.h>
#include <ATen/ScalarOps.h>
#include <ATen/core/dispatch/Dispatcher.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
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

namespace {
const Operator &known(ct_operator op) { return *reinterpret_cast<const Operator *>(op); }
}  // namespace

ct_error ct_operator_find(const char *name, ct_operator *result) {
  return guarded([&] {
    static std::mutex lock;
    static auto &found = *new std::unordered_map<std::string, std::unique_ptr<Operator>>;
    std::lock_guard<std::mutex> hold(lock);
    auto entry = found.find(name);
    if (entry == found.end()) entry = found.emplace(name, read_schema(name)).first;
    *result = reinterpret_cast<ct_operator>(entry->second.get());
  });
}

int32_t ct_operator_argument_count(ct_operator op) { return static_cast<int32_t>(known(op).arguments.size()); }
const char *ct_operator_argument_name(ct_operator op, int32_t index) { return known(op).arguments[index].name.c_str(); }
int32_t ct_operator_result_count(ct_operator op) {
  return static_cast<int32_t>(known(op).handle.schema().returns().size());
}

ct_error ct_operator_facts(ct_operator op, char **schema, bool *is_random, bool *has_dynamic_shape) {
  return guarded([&] {
    const auto &handle = known(op).handle;
    *schema = strdup(c10::str(handle.schema()).c_str());
    *is_random = handle.hasTag(at::Tag::nondeterministic_seeded);
    *has_dynamic_shape = handle.hasTag(at::Tag::dynamic_output_shape);
  });
}

ct_error ct_operator_call(ct_operator op, const ct_value *arguments, ct_value *results, int32_t capacity, int32_t *count) {
  return guarded([&] {
    const Operator &called = known(op);
    BorrowedStack borrowed;
    const ct_value *value = arguments;
    for (const Argument &argument : called.arguments) {
      borrowed.stack.push_back(value_or_default(called, argument, value->tag == CT_DEFAULT ? nullptr : value));
      value++;
    }
    called.handle.callBoxed(borrowed.stack);
    Results out(results, capacity);
    for (auto &result : borrowed.stack) out.append(std::move(result));
    *count = out.finish();
  });
}

ct_error ct_schema(const char *name, char **schema) {
  return guarded([&] { *schema = strdup(c10::str(lookup(name).handle.schema()).c_str()); });
}

void ct_string_free(char *string) { free(string); }

#endif
