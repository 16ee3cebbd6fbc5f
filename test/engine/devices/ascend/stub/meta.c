/* libnnopbase of the stub: tensors, scalars and executors. */
#include "stub.h"

aclTensor *aclCreateTensor(const int64_t *dims, uint64_t rank, int dtype, const int64_t *strides, int64_t offset, int format, const int64_t *storage, uint64_t storageRank, void *data) {
  if (stub_enter("aclCreateTensor")) return NULL;
  int64_t total = 1, last = offset;
  int empty = 0;
  if (rank > MOST_AXES || format != 2 || (dtype != FLOAT && dtype != INT32 && dtype != BOOL)) {
    stub_error(BAD_PARAMETER, "aclCreateTensor: rank %d, format %d, dtype %d", (int)rank, format, dtype);
    return NULL;
  }
  for (uint64_t d = 0; d < storageRank; d++) total *= storage[d];
  for (uint64_t d = 0; d < rank; d++) {
    if (strides[d] < 0 || dims[d] < 0) {
      stub_error(BAD_PARAMETER, "aclCreateTensor: size %ld, stride %ld", (long)dims[d], (long)strides[d]);
      return NULL;
    }
    empty |= dims[d] == 0;
    last += (dims[d] - 1) * strides[d];
  }
  if (offset < 0 || (!empty && last >= total)) {
    stub_error(BAD_PARAMETER, "aclCreateTensor: element %ld of a storage of %ld", (long)last, (long)total);
    return NULL;
  }
  if ((uintptr_t)data % 32) {
    stub_error(BAD_PARAMETER, "aclCreateTensor: address not at a multiple of 32");
    return NULL;
  }
  aclTensor *t = calloc(1, sizeof *t);
  t->magic = TENSOR;
  t->dtype = dtype;
  t->rank = (int)rank;
  memcpy(t->dims, dims, rank * sizeof *dims);
  memcpy(t->strides, strides, rank * sizeof *strides);
  t->offset = offset;
  t->storage = total;
  t->data = data;
  stub_counters[LIVE_TENSORS]++;
  return t;
}

aclScalar *aclCreateScalar(void *value, int dtype) {
  if (stub_enter("aclCreateScalar")) return NULL;
  aclScalar *s = calloc(1, sizeof *s);
  s->magic = SCALAR;
  s->dtype = dtype;
  s->value = dtype == INT32 ? (double)*(int32_t *)value : (double)*(float *)value;
  stub_counters[LIVE_SCALARS]++;
  return s;
}

aclIntArray *aclCreateIntArray(const int64_t *values, uint64_t count) {
  if (stub_enter("aclCreateIntArray")) return NULL;
  aclIntArray *a = calloc(1, sizeof *a);
  a->magic = INT_ARRAY;
  a->count = count;
  memcpy(a->values, values, count * sizeof *values);
  stub_counters[LIVE_INT_ARRAYS]++;
  return a;
}

#define DESTROY(Name, Type, MAGIC, COUNTER)                                             \
  int Name(const Type *object) {                                                        \
    int code = stub_enter(#Name);                                                       \
    if (code) return code;                                                              \
    if (!object || object->magic != MAGIC) return stub_error(NULL_INSIDE, #Name " of what is none"); \
    ((Type *)object)->magic = DEAD;                                                     \
    stub_counters[COUNTER]--;                                                           \
    free((void *)object);                                                               \
    return OK;                                                                          \
  }
DESTROY(aclDestroyTensor, aclTensor, TENSOR, LIVE_TENSORS)
DESTROY(aclDestroyScalar, aclScalar, SCALAR, LIVE_SCALARS)
DESTROY(aclDestroyIntArray, aclIntArray, INT_ARRAY, LIVE_INT_ARRAYS)

int aclDestroyAclOpExecutor(aclOpExecutor *executor) {
  int code = stub_enter("aclDestroyAclOpExecutor");
  if (code) return code;
  if (!executor || executor->magic != EXECUTOR) return stub_error(NULL_INSIDE, "aclDestroyAclOpExecutor of what is none");
  executor->magic = DEAD;
  stub_counters[LIVE_EXECUTORS]--;
  free(executor);
  return OK;
}

int aclSetAclOpExecutorRepeatable(aclOpExecutor *executor) {
  int code = stub_enter("aclSetAclOpExecutorRepeatable");
  if (code) return code;
  if (executor->magic != EXECUTOR || executor->launched) return stub_error(NULL_INSIDE, "an executor that was launched");
  /* As documented: not where a copy's source is its target. */
  if (strcmp(executor->task.name, "InplaceCopy") == 0 && executor->task.tensors[0].data == executor->task.tensors[1].data)
    return stub_error(NULL_INSIDE, "a copy onto itself is not repeatable");
  executor->repeatable = 1;
  return OK;
}

static int set_address(aclOpExecutor *executor, size_t index, int count, int first, aclTensor *tensor, void *data) {
  if (!executor || executor->magic != EXECUTOR || !executor->repeatable || !tensor || tensor->magic != TENSOR)
    return stub_error(NULL_INSIDE, "address of a tensor of what is no repeatable executor");
  if ((int)index >= count || executor->originals[first + index] != tensor)
    return stub_error(BAD_PARAMETER, "tensor %d of %d is another one", (int)index, count);
  if ((uintptr_t)data % 32) return stub_error(BAD_PARAMETER, "address not at a multiple of 32");
  executor->task.tensors[first + index].data = data;
  return OK;
}

int aclSetInputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *data) {
  int code = stub_enter("aclSetInputTensorAddr");
  return code ? code : set_address(executor, index, executor->task.inputs, 0, tensor, data);
}

int aclSetOutputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *data) {
  int code = stub_enter("aclSetOutputTensorAddr");
  return code ? code : set_address(executor, index, executor->task.outputs, executor->task.inputs, tensor, data);
}
