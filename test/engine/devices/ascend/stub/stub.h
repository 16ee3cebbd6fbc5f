/*
 * A stand-in for CANN on host memory: the part of the Ascend C API that the device calls, strict where the documents
 * are strict. `ascend.h` is generated from prototypes.ts of the device, so a difference does not compile.
 *
 * Environment, read by aclInit:
 *   ASCEND_STUB_SOC      what aclrtGetSocName says; Ascend910B4 unless set. On a first-generation name the operators
 *                        that it lacks are refused, and matmul operands are rounded to fp16.
 *   ASCEND_STUB_REFUSE   names of more operators to refuse, with commas
 *   ASCEND_STUB_MEMORY   bytes of device memory
 *   ASCEND_STUB_FAIL     kind:n, the n-th call of a kind fails: malloc, plan, launch or device (lost at the n-th kernel)
 *   ASCEND_STUB_IDLE     1: kernels are checked and do nothing, to measure what calling them costs
 */
#include "ascend.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, BAD_PARAMETER = 161002, OUT_OF_MEMORY = 207001, LAUNCH_FAILED = 361001, LOST = 507010, BAD_MEMORY = 507015, NO_KERNEL = 561003, NULL_INSIDE = 561103 };
enum { FLOAT = 0, FLOAT16 = 1, INT32 = 3, BOOL = 12 };
enum { MOST_AXES = 8, MOST_TENSORS = 4, MOST_NUMBERS = 12 };

struct aclTensor { int magic, dtype, rank; int64_t dims[MOST_AXES], strides[MOST_AXES], offset, storage; char *data; };
struct aclScalar { int magic, dtype; double value; };
struct aclIntArray { int magic; uint64_t count; int64_t values[MOST_AXES]; };

/* Everything that a kernel needs, by value: what is enqueued does not see later changes of addresses. */
typedef struct Task Task;
struct Task {
  const char *name;
  void (*run)(const Task *);
  int inputs, outputs;
  aclTensor tensors[MOST_TENSORS]; /* inputs, then outputs */
  double numbers[MOST_NUMBERS];
  char *workspace; /* overwritten when the kernel runs: nothing else may lie there */
  int64_t workspace_bytes;
};

struct aclOpExecutor { int magic, repeatable, launched; Task task; aclTensor *originals[MOST_TENSORS]; };

enum { TENSOR = 0x7e5, SCALAR, INT_ARRAY, EXECUTOR, DEAD };

/* Live objects and calls, for the tests; names in runtime.c. */
enum { LIVE_MEMORY, LIVE_HOST, LIVE_TENSORS, LIVE_SCALARS, LIVE_INT_ARRAYS, LIVE_EXECUTORS, LIVE_STREAMS, CALLS, PLANS, LAUNCHES, COUNTERS };
extern int64_t stub_counters[COUNTERS];

int stub_error(int code, const char *format, ...);
int stub_enter(const char *function);          /* counts the call; the context's thread only */
int stub_injected(const char *kind);           /* 1 when this call of a kind is to fail */
int stub_enqueue(const Task *task);
int stub_is_device_memory(const void *data, int64_t bytes);
int stub_first_generation(void);
int stub_refuses(const char *name);
int stub_deterministic(void);
int64_t stub_element_bytes(int dtype);
