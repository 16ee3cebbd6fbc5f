/*
 * libnnopbase of the stub: tensors, scalars and executors as OB has them. An executor keeps bare pointers to its tensors:
 * setting an address changes the tensor, not the executor, whose index is not even looked at (aclnn/acl_meta.cpp).
 */
#include "stub.h"

aclTensor *aclCreateTensor(const int64_t *dims, uint64_t rank, int dtype, const int64_t *strides, int64_t offset, int format, const int64_t *storage, uint64_t storageRank, void *data) {
  if (stub_enter("aclCreateTensor")) return NULL;
  int64_t total = 1, last = offset;
  int empty = 0;
  if (rank > MOST_AXES || format != 2 || (dtype != FLOAT && dtype != INT32 && dtype != BOOL)) {
    stub_error(BAD_OPERAND, "aclCreateTensor: rank %d, format %d, dtype %d", (int)rank, format, dtype);
    return NULL;
  }
  for (uint64_t d = 0; d < storageRank; d++) total *= storage[d];
  for (uint64_t d = 0; d < rank; d++) {
    if (strides[d] < 0 || dims[d] < 0) {
      stub_error(BAD_OPERAND, "aclCreateTensor: size %ld, stride %ld", (long)dims[d], (long)strides[d]);
      return NULL;
    }
    empty |= dims[d] == 0;
    last += (dims[d] - 1) * strides[d];
  }
  if (offset < 0 || (!empty && last >= total)) {
    stub_error(BAD_OPERAND, "aclCreateTensor: element %ld of a storage of %ld", (long)last, (long)total);
    return NULL;
  }
  if ((uintptr_t)data % 32) {
    stub_error(BAD_OPERAND, "aclCreateTensor: address not at a multiple of 32");
    return NULL;
  }
  aclTensor *t = object_new(TENSOR, sizeof *t);
  View *v = &t->view;
  v->dtype = dtype;
  v->rank = (int)rank;
  memcpy(v->dims, dims, rank * sizeof *dims);
  memcpy(v->strides, strides, rank * sizeof *strides);
  v->offset = offset;
  v->storage = total;
  v->data = data;
  stub_counters[LIVE_TENSORS]++;
  return t;
}

aclScalar *aclCreateScalar(void *value, int dtype) {
  if (stub_enter("aclCreateScalar")) return NULL;
  aclScalar *s = object_new(SCALAR, sizeof *s);
  s->dtype = dtype;
  s->value = dtype == INT32 ? (double)*(int32_t *)value : (double)*(float *)value;
  stub_counters[LIVE_SCALARS]++;
  return s;
}

aclIntArray *aclCreateIntArray(const int64_t *values, uint64_t count) {
  if (stub_enter("aclCreateIntArray")) return NULL;
  aclIntArray *a = object_new(INT_ARRAY, sizeof *a);
  a->count = count;
  memcpy(a->values, values, count * sizeof *values);
  stub_counters[LIVE_INT_ARRAYS]++;
  return a;
}

#define DESTROY(Name, Type, KIND, COUNTER)                     \
  int Name(Type *object) {                                     \
    int code = stub_enter(#Name);                              \
    if (code) return code;                                     \
    if (!object_end(object, KIND, #Name))                      \
      return stub_error(INNER_NULL, #Name " of what is none"); \
    stub_counters[COUNTER]--;                                  \
    return OK;                                                 \
  }
DESTROY(aclDestroyTensor, const aclTensor, TENSOR, LIVE_TENSORS)
DESTROY(aclDestroyScalar, const aclScalar, SCALAR, LIVE_SCALARS)
DESTROY(aclDestroyIntArray, const aclIntArray, INT_ARRAY, LIVE_INT_ARRAYS)
DESTROY(aclDestroyAclOpExecutor, aclOpExecutor, EXECUTOR, LIVE_EXECUTORS)

int aclSetAclOpExecutorRepeatable(aclOpExecutor *executor) {
  int code = stub_enter("aclSetAclOpExecutorRepeatable");
  if (code) return code;
  if (!object_is(executor, EXECUTOR)) {
    stub_misuse("aclSetAclOpExecutorRepeatable of what is none, or was destroyed before");
    return stub_error(INNER_NULL, "aclSetAclOpExecutorRepeatable of what is none");
  }
  if (executor->is_launched) return stub_error(INNER, "%s: was launched before", executor->task.name);
  /* What phase one took out of its cache is only a wrapper (OB, acl_meta.cpp). */
  if (executor->is_cached) return stub_error(INNER, "%s: comes from the cache of operators", executor->task.name);
  if (executor->cannot_repeat) return stub_error(INNER, "%s: %s, and cannot be repeated", executor->task.name, executor->cannot_repeat);
  executor->is_repeatable = 1;
  return OK;
}

/* OB checks nothing of this; what it would leave wrong without a word is a misuse here. */
static int set_address(aclOpExecutor *executor, aclTensor *tensor, void *data, const char *function) {
  int code = stub_enter(function);
  if (code) return code;
  if (!object_is(executor, EXECUTOR) || !object_is(tensor, TENSOR)) {
    stub_misuse("%s with a tensor or executor that was destroyed", function);
    return stub_error(INNER_NULL, "%s with a tensor or executor that was destroyed", function);
  }
  int is_operand = 0;
  for (int i = 0; i < executor->task.inputs + executor->task.outputs; i++) is_operand |= executor->tensors[i] == tensor;
  if (!is_operand) stub_misuse("%s: the tensor is none of the executor's", function);
  if (!executor->is_repeatable) stub_misuse("%s: the executor is not repeatable", function);
  if ((uintptr_t)data % 32) return stub_error(BAD_OPERAND, "%s: address not at a multiple of 32", function);
  tensor->view.data = data;
  return OK;
}

int aclSetInputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *data) {
  (void)index;
  return set_address(executor, tensor, data, "aclSetInputTensorAddr");
}

int aclSetOutputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *data) {
  (void)index;
  return set_address(executor, tensor, data, "aclSetOutputTensorAddr");
}
