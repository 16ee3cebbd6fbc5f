/**
 * The part of the Ascend C API that the device calls, as C declares it. This is the only copy: the FFI is bound from
 * it, the self-check reads it, and the stub of the tests is compiled against a header made of it.
 *
 * Sources: hicann/runtime `include/external/acl/*.h` and Ascend/pytorch `third_party/acl/inc` for the runtime, and the
 * pages `<family>/<op>/docs/aclnn*.md` of hicann/ops-math and hicann/ops-nn for operators; hicann/hccl and hicann/hcomm for
 * collectives.
 */

/** Types that only the library looks into. */
export const opaqueTypes = ['aclTensor', 'aclScalar', 'aclIntArray', 'aclOpExecutor'] as const

/** The runtime: libascendcl. */
export const runtimePrototypes = [
  'int aclInit(const char *configPath)',
  'int aclFinalize(void)',
  'const char *aclGetRecentErrMsg(void)',
  'const char *aclrtGetSocName(void)',
  'int aclrtGetDeviceCount(uint32_t *count)',
  'int aclrtSetDevice(int32_t device)',
  'int aclrtResetDevice(int32_t device)',
  'int aclrtCreateStream(void **stream)',
  'int aclrtDestroyStream(void *stream)',
  'int aclrtSynchronizeStream(void *stream)',
  'int aclrtStreamQuery(void *stream, int *status)',
  'int aclrtMalloc(void **pointer, size_t bytes, int policy)',
  'int aclrtFree(void *pointer)',
  'int aclrtMallocHost(void **pointer, size_t bytes)',
  'int aclrtFreeHost(void *pointer)',
  'int aclrtMemcpy(void *to, size_t room, const void *from, size_t bytes, int kind)',
  'int aclrtMemcpyAsync(void *to, size_t room, const void *from, size_t bytes, int kind, void *stream)',
  'int aclrtGetMemInfo(int attribute, size_t *free, size_t *total)',
] as const

/**
 * Functions of the runtime that not every version of CANN has, and that the device can do without: sums in a fixed order,
 * an end to waiting, what chips with saturating floats say of overflows, graphs, and versions.
 *
 * `aclrtGetOverflowStatus` and `aclrtResetOverflowStatus`: hicann/runtime `docs/api_docs/aclrtGetOverflowStatus.md` and
 * `include/external/acl/acl_rt.h`; `aclsysGetVersionStr`: the same repository's `docs/zh/api_ref/24_other_APIs.md`.
 */
export const optionalPrototypes = [
  'int aclrtCtxSetSysParamOpt(int option, int64_t value)',
  'int aclrtSynchronizeStreamWithTimeout(void *stream, int32_t milliseconds)',
  'int aclrtGetDeviceSatMode(int *mode)',
  'int aclrtSetStreamOverflowSwitch(void *stream, uint32_t flag)',
  'int aclrtGetOverflowStatus(void *status, size_t bytes, void *stream)',
  'int aclrtResetOverflowStatus(void *stream)',
  'int aclmdlRICaptureBegin(void *stream, int mode)',
  'int aclmdlRICaptureEnd(void *stream, void **graph)',
  'int aclmdlRIExecuteAsync(void *graph, void *stream)',
  'int aclmdlRIDestroy(void *graph)',
  'int aclrtGetVersion(int32_t *major, int32_t *minor, int32_t *patch)',
  'int aclsysGetVersionStr(char *package, char *version)',
  'int aclsysGetCANNVersion(int package, void *version)',
] as const

/** Sums over cards: libhccl, which is loaded when several processes compute together. */
export const hcclPrototypes = [
  'int HcclGetRootInfo(void *info)',
  'int HcclCommInitRootInfo(uint32_t ranks, const void *info, uint32_t rank, void **communicator)',
  'int HcclAllReduce(void *send, void *receive, uint64_t count, int dtype, int operation, void *communicator, void *stream)',
  'int HcclCommDestroy(void *communicator)',
] as const

/** Tensors, scalars and executors: libnnopbase. In `aclCreateTensor` the offset comes before the format. */
export const metaPrototypes = [
  'aclTensor *aclCreateTensor(const int64_t *dims, uint64_t rank, int dtype, const int64_t *strides, int64_t offset, int format, const int64_t *storage, uint64_t storageRank, void *data)',
  'aclScalar *aclCreateScalar(void *value, int dtype)',
  'aclIntArray *aclCreateIntArray(const int64_t *values, uint64_t count)',
  'int aclDestroyTensor(const aclTensor *tensor)',
  'int aclDestroyScalar(const aclScalar *scalar)',
  'int aclDestroyIntArray(const aclIntArray *array)',
  'int aclSetAclOpExecutorRepeatable(aclOpExecutor *executor)',
  'int aclDestroyAclOpExecutor(aclOpExecutor *executor)',
  'int aclSetInputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *data)',
  'int aclSetOutputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *data)',
] as const

const unary = 'const aclTensor *self, aclTensor *out'
const binary = 'const aclTensor *self, const aclTensor *other, aclTensor *out'
const scaled = 'const aclTensor *self, const aclTensor *other, const aclScalar *alpha, aclTensor *out'

/** Operands of phase one of each operator, before the workspace's size and the executor. `out` is the only output. */
export const operators = {
  Add: scaled,
  Adds: 'const aclTensor *self, const aclScalar *other, const aclScalar *alpha, aclTensor *out',
  Sub: scaled,
  Mul: binary,
  Muls: 'const aclTensor *self, const aclScalar *other, aclTensor *out',
  Div: binary,
  Maximum: binary,
  Minimum: binary,
  Neg: unary,
  Abs: unary,
  Floor: unary,
  Sqrt: unary,
  Exp: unary,
  Exp2: unary,
  Log: unary,
  Log1p: unary,
  Tanh: unary,
  Sigmoid: unary,
  TanhBackward: 'const aclTensor *gradOutput, const aclTensor *output, aclTensor *out',
  SigmoidBackward: 'const aclTensor *gradOutput, const aclTensor *output, aclTensor *out',
  PowScalarTensor: 'const aclScalar *self, const aclTensor *exponent, aclTensor *out',
  EqTensor: binary,
  GtTensor: binary,
  GeTensor: binary,
  SWhere: 'const aclTensor *condition, const aclTensor *self, const aclTensor *other, aclTensor *out',
  Clamp: 'const aclTensor *self, const aclScalar *clipMin, const aclScalar *clipMax, aclTensor *out',
  Cast: 'const aclTensor *self, int dtype, aclTensor *out',
  BitwiseAndScalar: 'const aclTensor *self, const aclScalar *other, aclTensor *out',
  BitwiseXorTensor: binary,
  InplaceCopy: 'aclTensor *selfRef, const aclTensor *source',
  InplaceFillScalar: 'aclTensor *selfRef, const aclScalar *value',
  ReduceSum: 'const aclTensor *self, const aclIntArray *dims, bool keepDims, int dtype, aclTensor *out',
  Amax: 'const aclTensor *self, const aclIntArray *dims, bool keepDims, aclTensor *out',
  Matmul: 'const aclTensor *self, const aclTensor *mat2, aclTensor *out, int8_t cubeMathType',
  Addmm:
    'const aclTensor *self, const aclTensor *mat1, const aclTensor *mat2, const aclScalar *beta, const aclScalar *alpha, aclTensor *out, int8_t cubeMathType',
  IndexSelect: 'const aclTensor *self, int64_t dim, const aclTensor *index, aclTensor *out',
  EmbeddingDenseBackward:
    'const aclTensor *gradient, const aclTensor *indices, uint64_t numWeights, uint64_t paddingIdx, bool scaleGradByFreq, aclTensor *out',
} as const

export type OperatorName = keyof typeof operators

/** The two phases of an operator: plan (checks, tiling, how much workspace), then enqueue. */
export const operatorPrototypes = (name: OperatorName): { plan: string; launch: string } => ({
  plan: `int aclnn${name}GetWorkspaceSize(${operators[name]}, uint64_t *workspaceSize, aclOpExecutor **executor)`,
  launch: `int aclnn${name}(void *workspace, uint64_t workspaceSize, aclOpExecutor *executor, void *stream)`,
})

/** The name that a prototype declares. */
export const declaredName = (prototype: string): string => /(\w+)\(/.exec(prototype)![1]

/** All of the above as a C header. */
export function header(): string {
  const names = Object.keys(operators) as OperatorName[]
  const declarations = [
    ...runtimePrototypes,
    ...optionalPrototypes,
    ...metaPrototypes,
    ...names.flatMap(name => Object.values(operatorPrototypes(name))),
  ]
  return [
    '#pragma once',
    '#include <stdbool.h>',
    '#include <stddef.h>',
    '#include <stdint.h>',
    ...opaqueTypes.map(type => `typedef struct ${type} ${type};`),
    ...declarations.map(declaration => `${declaration};`),
    '',
  ].join('\n')
}

/** Values of the C API's enumerations. */
export const aclDtype = { float32: 0, int32: 3, bool: 12 } as const
export type AclDtype = keyof typeof aclDtype
/** HCCL_DATA_TYPE_FP32 and _INT32. */
export const hcclDtype = { float32: 4, int32: 2 } as const
/** HCCL_REDUCE_SUM. */
export const hcclSum = 0
/** Of HcclRootInfo (hicann/hcomm `include/hccl/hccl_types.h`). */
export const hcclRootBytes = 4108
/** ACL_FORMAT_ND. */
export const formatND = 2
export const memcpyKind = { hostToDevice: 1, deviceToHost: 2 } as const
/** ACL_MEM_MALLOC_HUGE_FIRST. */
export const hugePagesFirst = 0
/** ACL_HBM_MEM. */
export const hbm = 1
/** ACL_OPT_DETERMINISTIC. */
export const deterministicOption = 0
/** ACL_RT_OVERFLOW_MODE_SATURATION. */
export const saturationMode = 0
/** ACL_MODEL_RI_CAPTURE_MODE_GLOBAL: nobody in the process may make a call meanwhile that waits. */
export const captureMode = 0
/** What `aclrtGetOverflowStatus` writes, and all that it may be given: bytes. The first eight are 0 for no overflow. */
export const overflowStatusBytes = 64
/** ACL_PKG_NAME_CANN, ACL_PKG_NAME_DRIVER. */
export const packageNames = { cann: 0, driver: 7 } as const
/** How a matmul may round its operands: KEEP_DTYPE, ALLOW_FP32_DOWN_PRECISION, USE_FP16 and USE_HF32. */
export const cubeMathTypes = { keepDtype: 0, allowFp32DownPrecision: 1, useFp16: 2, useHf32: 3 } as const
