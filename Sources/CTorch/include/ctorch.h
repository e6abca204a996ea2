// The whole boundary between Swift and LibTorch: C only, no C++ type and no exception crosses it.
//
// - A function that can fail returns an error message, or NULL for success. The caller frees it with ct_string_free.
//   What a failing function would have written through its out-parameters is not written.
// - A ct_tensor that a function hands out owns one reference, which the caller gives back with ct_tensor_release.
//   Arguments are borrowed.
// - Private to the Swift target Torch: everything here may change in any release.
#ifndef CTORCH_H
#define CTORCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor_impl *ct_tensor;
typedef struct ct_generator_impl *ct_generator;
typedef char *ct_error;

// MARK: Calling an operator

typedef enum ct_tag {
  CT_NONE = 0,
  CT_INT,              // also a dtype, layout or memory format, by their numbers in c10
  CT_DOUBLE,
  CT_BOOL,
  CT_TENSOR,
  CT_INTS,
  CT_DOUBLES,
  CT_BOOLS,            // as int64_t
  CT_TENSORS,          // a NULL entry is an absent optional tensor
  CT_STRING,
  CT_DEVICE,           // c10::DeviceType in `count`, index in `u.i`
  CT_GENERATOR,
  CT_DEFAULT,          // the schema's default, in ct_operator_call only
} ct_tag;

typedef struct ct_value {
  int32_t tag;
  int32_t count;       // of ints, doubles, bools, tensors; a device's type
  const char *keyword; // the argument's name, or NULL for the next one by position
  union {
    int64_t i;
    double d;
    bool b;
    ct_tensor t;
    const int64_t *ints;
    const double *doubles;
    const ct_tensor *tensors;
    const char *s;
    ct_generator g;
  } u;
} ct_value;

// Calls the operator `name` ("aten::add.Tensor"; namespace aten where none is named). The name is a literal: it is
// looked up once a thread, by its address. Arguments left out take the schema's defaults. As in Python, ints are
// widened to floats and repeated for lists of a fixed size, and numbers stand for tensors of rank 0.
// Writes the results in order, lists of tensors flattened, to `results`, and their number to `count`. Where there are
// more than `capacity`, the rest is dropped and `count` says how many there were.
ct_error ct_call(const char *name, const ct_value *arguments, int32_t argument_count,
                 ct_value *results, int32_t capacity, int32_t *count);

// Writes the operator's schema as text, for messages; free with ct_string_free.
ct_error ct_schema(const char *name, char **schema);
void ct_string_free(char *string);

// MARK: Tensors

typedef struct ct_info {
  int32_t dtype;           // c10::ScalarType
  int32_t device_type;     // c10::DeviceType
  int32_t device_index;
  int32_t rank;
  const int64_t *sizes;    // valid while the tensor lives and is not resized
  const int64_t *strides;  // NULL for a layout without them
  int64_t count;           // number of entries
  bool requires_grad;
  bool is_leaf;
  bool is_contiguous;
} ct_info;

void ct_tensor_release(ct_tensor tensor);
ct_tensor ct_tensor_retain(ct_tensor tensor);            // one more reference to the same tensor
ct_error ct_tensor_info(ct_tensor tensor, ct_info *info);
ct_error ct_tensor_is_contiguous(ct_tensor tensor, int32_t memory_format, bool *result);
// The first entry's address. Writing through it does not count as a change: see ct_tensor_bump_version.
ct_error ct_tensor_data(ct_tensor tensor, void **data);
// A tensor over foreign memory; `release(context)` is called when its last reference is gone (also on error).
ct_error ct_tensor_wrap(void *data, const int64_t *sizes, int32_t rank, int32_t dtype,
                        void (*release)(void *), void *context, ct_tensor *result);
// Counts the changes in place of the tensor's storage; views share the count.
ct_error ct_tensor_version(ct_tensor tensor, int64_t *version);
ct_error ct_tensor_bump_version(ct_tensor tensor);
// Puts `source`'s storage, shape and dtype into `tensor`, as Python's `tensor.data = source`. Gradients of the new shape
// can be recorded at once, also where something computed from the former one is still alive.
ct_error ct_tensor_set_data(ct_tensor tensor, ct_tensor source);
// The address of the storage, to see whether two tensors share it.
ct_error ct_tensor_storage(ct_tensor tensor, const void **storage);

// MARK: Operators called again and again

// An operator looked up once, valid on all threads while the process lives. The name need not be kept.
typedef const struct ct_operator_impl *ct_operator;
ct_error ct_operator_find(const char *name, ct_operator *result);
int32_t ct_operator_argument_count(ct_operator op);
const char *ct_operator_argument_name(ct_operator op, int32_t index);  // valid while the process lives
int32_t ct_operator_result_count(ct_operator op);
// Calls it with all arguments in the schema's order; results as in ct_call.
ct_error ct_operator_call(ct_operator op, const ct_value *arguments, ct_value *results, int32_t capacity, int32_t *count);
// What LibTorch says of an operator: its schema as text, to be freed with ct_string_free; whether it draws random numbers,
// and whether the sizes of its results follow from entries.
ct_error ct_operator_facts(ct_operator op, char **schema, bool *is_random, bool *has_dynamic_shape);
// Sets whether operators of that kind of device choose their precision, and which; writes what was before. The cache of
// converted weights is emptied.
ct_error ct_autocast(int32_t device_type, bool enabled, int32_t dtype, bool *enabled_before, int32_t *dtype_before);

// MARK: Recording

// How many threads have a recorder; read without a call, so that nothing is paid where there is none.
extern int32_t ct_recorder_count;
static inline bool ct_is_recording(void) { return __atomic_load_n(&ct_recorder_count, __ATOMIC_RELAXED) != 0; }
// The recorder of this thread, which is Swift's to interpret and to keep alive; NULL for none.
void *ct_recorder(void);
void ct_set_recorder(void *recorder);
// A second tensor over the same memory, without gradients' history.
ct_error ct_tensor_alias(ct_tensor tensor, ct_tensor *alias);

// MARK: Gradients

ct_error ct_tensor_set_requires_grad(ct_tensor tensor, bool value);
ct_error ct_tensor_grad(ct_tensor tensor, ct_tensor *gradient);       // NULL where there is none
ct_error ct_tensor_set_grad(ct_tensor tensor, ct_tensor gradient);    // NULL clears
ct_error ct_tensor_backward(ct_tensor tensor, ct_tensor gradient, bool retain_graph, bool create_graph);
// Writes the gradients of the outputs' sum, each weighted by its own in `output_gradients` (or NULL: outputs of one
// entry), with respect to the inputs. NULL where an input has no part in the outputs and `allow_unused` says so.
ct_error ct_gradients(const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t output_count,
                      const ct_tensor *inputs, int32_t input_count, bool retain_graph, bool create_graph,
                      bool allow_unused, ct_tensor *gradients);
// Factors of a tensor's entries that are constants for gradients, in a form of their own: `multiply` writes the products
// of `count` entries of a dtype (c10::ScalarType). It may be called from any thread, until `release`.
typedef struct ct_factors {
  void *context;
  void (*multiply)(void *context, const void *source, void *product, int64_t count, int32_t dtype);
  void (*release)(void *context);
} ct_factors;
// The product of a tensor in main memory and factors, which it takes over (also on error).
ct_error ct_tensor_multiply(ct_tensor tensor, ct_factors factors, ct_tensor *product);
ct_error ct_tensor_grad_fn(ct_tensor tensor, char **name);            // NULL for a leaf
bool ct_grad_enabled(void);
void ct_set_grad_enabled(bool value);

// MARK: Random numbers, devices, threads

ct_error ct_manual_seed(uint64_t seed);
ct_error ct_generator_new(const char *device, ct_generator *result);
ct_error ct_generator_default(const char *device, ct_generator *result);
void ct_generator_release(ct_generator generator);
ct_error ct_generator_seed(ct_generator generator, uint64_t seed);
ct_error ct_generator_state(ct_generator generator, ct_tensor *state);
ct_error ct_generator_set_state(ct_generator generator, ct_tensor state);
// Writes draws from [0, 1), the numbers of `uniform_`, to main memory for `count` entries of a floating-point dtype.
ct_error ct_generator_draw(ct_generator generator, void *entries, int64_t count, int32_t dtype);
int32_t ct_cuda_count(void);
bool ct_mps_available(void);
int32_t ct_threads(void);
ct_error ct_set_threads(int32_t count);
// Calls `body` once for each piece, on LibTorch's threads.
ct_error ct_parallel(int64_t pieces, void *context, void (*body)(void *context, int64_t piece));
const char *ct_version(void);
// The size of a block of malloc's, at least what was asked for.
int64_t ct_block_size(const void *block);
// Has malloc keep up to so many freed bytes, but for single pieces of 32 MiB and more. False where it cannot be told.
bool ct_keep_freed_memory(int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
