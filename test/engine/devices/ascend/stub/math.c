/* libopapi_math of the stub: what the operators of OM compute, in float32 as hardware does. */
#include "plan.h"

/* By the tables of supported products: 910 and 310P have no exponential and no logarithm of their own. */
static void newer_only(Plan *p) {
  if (!p->code && !chip_moves_unaligned()) plan_refuse(p, BAD_OPERAND, "not supported on this chip");
}
static void not_310p(Plan *p) {
  if (!p->code && chip_is_310p()) plan_refuse(p, BAD_OPERAND, "not supported on this chip");
}

UNARY(Neg, "fi", -x, 0 - U(x), )
UNARY(Abs, "fi", fabsf(x), x < 0 ? 0 - U(x) : U(x), )
UNARY(Floor, "f", floorf(x), x, )
UNARY(Sqrt, "f", sqrtf(x), x, )
UNARY(Exp, "f", expf(x), x, newer_only(&p))
UNARY(Exp2, "f", exp2f(x), x, not_310p(&p))
UNARY(Log, "f", logf(x), x, newer_only(&p))
UNARY(Log1p, "f", log1pf(x), x, )
UNARY(Tanh, "f", tanhf(x), x, )
BACKWARD(TanhBackward, x * (1 - y * y))

#define BINARY(Name, ALLOWED, TO, RESULT, FLOATS, INTS)                                                                                        \
  KERNEL(Name##_f, 2, TO##_f, float, float, float, FLOATS)                                                                                     \
  KERNEL(Name##_i, 2, TO##_i, int32_t, int32_t, int32_t, INTS)                                                                                 \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclTensor *other, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, other, out};                                                                                           \
    Plan p = plan_begin("aclnn" #Name "GetWorkspaceSize", BY_DTYPE(Name), 2, 1, 2, tensors);                                                   \
    plan_dtypes(&p, 0, ALLOWED);                                                                                                               \
    plan_result(&p, RESULT);                                                                                                                   \
    plan_broadcast(&p, 2, 0, 1);                                                                                                               \
    return plan_finish(p, size, executor);                                                                                                     \
  }                                                                                                                                            \
  LAUNCH(Name)

typedef float same_f;
typedef int32_t same_i;
typedef uint8_t truth_f;
typedef uint8_t truth_i;

BINARY(Mul, "fi", same, plan_dtype(&p), x * y, U(x) * U(y))
BINARY(Div, "f", same, plan_dtype(&p), x / y, 0)
BINARY(Maximum, "fi", same, plan_dtype(&p), isnan(x) || x > y ? x : y, x > y ? x : y)
BINARY(Minimum, "fi", same, plan_dtype(&p), isnan(x) || x < y ? x : y, x < y ? x : y)
BINARY(EqTensor, "fi", truth, BOOL, x == y, x == y)
BINARY(GtTensor, "fi", truth, BOOL, x > y, x > y)
BINARY(GeTensor, "fi", truth, BOOL, x >= y, x >= y)
BINARY(BitwiseXorTensor, "i", same, plan_dtype(&p), x, x ^ y)

#define SCALED(Name, FLOATS, INTS)                                                                                                                                     \
  KERNEL(Name##_f, 2, float, float, float, float, FLOATS)                                                                                                              \
  KERNEL(Name##_i, 2, int32_t, int32_t, int32_t, int32_t, INTS)                                                                                                        \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclTensor *other, const aclScalar *alpha, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, other, out};                                                                                                                   \
    Plan p = plan_begin("aclnn" #Name "GetWorkspaceSize", BY_DTYPE(Name), 2, 1, 2, tensors);                                                                           \
    plan_scalar(&p, 0, alpha);                                                                                                                                         \
    plan_dtypes(&p, 0, "fi");                                                                                                                                          \
    plan_result(&p, plan_dtype(&p));                                                                                                                                   \
    plan_broadcast(&p, 2, 0, 1);                                                                                                                                       \
    return plan_finish(p, size, executor);                                                                                                                             \
  }                                                                                                                                                                    \
  LAUNCH(Name)
SCALED(Add, x + (float)n[0] * y, U(x) + U((int64_t)n[0]) * U(y))
SCALED(Sub, x - (float)n[0] * y, U(x) - U((int64_t)n[0]) * U(y))


KERNEL(InplaceAdd_f, 2, float, float, float, float, x + (float)n[0] * y)
KERNEL(InplaceAdd_i, 2, int32_t, int32_t, int32_t, int32_t, U(x) + U((int64_t)n[0]) * U(y))
/* Add with its first operand as its result (OM aclnn_add.cpp). */
int aclnnInplaceAddGetWorkspaceSize(const aclTensor *selfRef, const aclTensor *other, const aclScalar *alpha, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {selfRef, other, selfRef};
  Plan p = plan_begin("aclnnInplaceAddGetWorkspaceSize", BY_DTYPE(InplaceAdd), 2, 1, 2, tensors);
  plan_scalar(&p, 0, alpha);
  plan_dtypes(&p, 0, "fi");
  plan_broadcast(&p, 2, 0, 1);
  return plan_finish(p, size, executor);
}
LAUNCH(InplaceAdd)

KERNEL(Adds_f, 1, float, float, float, float, x + (float)n[0] * (float)n[1])
KERNEL(Adds_i, 1, int32_t, int32_t, int32_t, int32_t, U(x) + U((int64_t)n[0]) * U((int64_t)n[1]))
int aclnnAddsGetWorkspaceSize(const aclTensor *self, const aclScalar *other, const aclScalar *alpha, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = plan_begin("aclnnAddsGetWorkspaceSize", BY_DTYPE(Adds), 1, 1, 1, tensors);
  plan_scalar(&p, 0, other);
  plan_scalar(&p, 1, alpha);
  plan_dtypes(&p, 0, "fi");
  plan_result(&p, plan_dtype(&p));
  plan_broadcast(&p, 1, 0, 0);
  return plan_finish(p, size, executor);
}
LAUNCH(Adds)

#define WITH_SCALAR(Name, ALLOWED, FLOATS, INTS)                                                                                               \
  KERNEL(Name##_f, 1, float, float, float, float, FLOATS)                                                                                      \
  KERNEL(Name##_i, 1, int32_t, int32_t, int32_t, int32_t, INTS)                                                                                \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclScalar *other, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, out};                                                                                                  \
    Plan p = plan_begin("aclnn" #Name "GetWorkspaceSize", BY_DTYPE(Name), 1, 1, 1, tensors);                                                   \
    plan_scalar(&p, 0, other);                                                                                                                 \
    plan_dtypes(&p, 0, ALLOWED);                                                                                                               \
    plan_result(&p, plan_dtype(&p));                                                                                                           \
    plan_broadcast(&p, 1, 0, 0);                                                                                                               \
    return plan_finish(p, size, executor);                                                                                                     \
  }                                                                                                                                            \
  LAUNCH(Name)
WITH_SCALAR(Muls, "fi", x * (float)n[0], U(x) * U((int64_t)n[0]))
WITH_SCALAR(BitwiseAndScalar, "i", x, x & (int32_t)n[0])

KERNEL(PowScalarTensor_f, 1, float, float, float, float, powf((float)n[0], x))
int aclnnPowScalarTensorGetWorkspaceSize(const aclScalar *self, const aclTensor *exponent, const aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {exponent, out};
  Plan p = plan_begin("aclnnPowScalarTensorGetWorkspaceSize", PowScalarTensor_f, 1, 1, 1, tensors);
  plan_scalar(&p, 0, self);
  plan_dtypes(&p, 0, "f");
  plan_result(&p, FLOAT);
  plan_broadcast(&p, 1, 0, 0);
  return plan_finish(p, size, executor);
}
LAUNCH(PowScalarTensor)

KERNEL(Clamp_f, 1, float, float, float, float, x < n[0] ? n[0] : x > n[1] ? n[1] : x)
KERNEL(Clamp_i, 1, int32_t, int32_t, int32_t, int32_t, x < n[0] ? n[0] : x > n[1] ? n[1] : x)
int aclnnClampGetWorkspaceSize(const aclTensor *self, const aclScalar *clipMin, const aclScalar *clipMax, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = plan_begin("aclnnClampGetWorkspaceSize", BY_DTYPE(Clamp), 1, 1, 1, tensors);
  plan_scalar(&p, 0, clipMin);
  plan_scalar(&p, 1, clipMax);
  plan_dtypes(&p, 0, "fi");
  plan_result(&p, plan_dtype(&p));
  plan_broadcast(&p, 1, 0, 0);
  return plan_finish(p, size, executor);
}
LAUNCH(Clamp)

KERNEL(SWhere_4, 3, int32_t, uint8_t, int32_t, int32_t, x ? y : z)
int aclnnSWhereGetWorkspaceSize(const aclTensor *condition, const aclTensor *self, const aclTensor *other, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {condition, self, other, out};
  Plan p = plan_begin("aclnnSWhereGetWorkspaceSize", SWhere_4, 3, 1, 3, tensors);
  if (!p.code && condition->view.dtype != BOOL) plan_refuse(&p, BAD_OPERAND, "the condition is not boolean");
  plan_moves(&p);
  plan_dtypes(&p, 1, "fi");
  plan_result(&p, plan_dtype(&p));
  plan_broadcast(&p, 3, 0, 2);
  return plan_finish(p, size, executor);
}
LAUNCH(SWhere)

/* Conversions saturate, and NaN gives 0. */
static int32_t to_int(float x) {
  return isnan(x) ? 0 : x >= 2147483647.f ? INT32_MAX : x <= -2147483648.f ? INT32_MIN : (int32_t)x;
}
KERNEL(Cast_fi, 1, int32_t, float, float, float, to_int(x))
KERNEL(Cast_if, 1, float, int32_t, int32_t, int32_t, x)
KERNEL(Cast_bf, 1, float, uint8_t, uint8_t, uint8_t, x)
KERNEL(Cast_bi, 1, int32_t, uint8_t, uint8_t, uint8_t, x)
KERNEL(Cast_44, 1, int32_t, int32_t, int32_t, int32_t, x)
int aclnnCastGetWorkspaceSize(const aclTensor *self, int dtype, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  int from = self ? self->view.dtype : FLOAT;
  void (*run)(const Task *) = from == dtype ? Cast_44 : from == BOOL ? (dtype == FLOAT ? Cast_bf : Cast_bi) : from == FLOAT ? Cast_fi : Cast_if;
  Plan p = plan_begin("aclnnCastGetWorkspaceSize", run, 1, 1, 1, tensors);
  plan_dtypes(&p, 0, "fib");
  if (dtype == BOOL) plan_refuse(&p, BAD_OPERAND, "casts to booleans are not needed");
  plan_result(&p, dtype);
  plan_broadcast(&p, 1, 0, 0);
  return plan_finish(p, size, executor);
}
LAUNCH(Cast)

/* In-place operators: what they write counts as their first input. */

static void copy_into(const Task *t, const char *value) {
  Walk w;
  walk_begin(&w, t, 0);
  int last = w.rank - 1;
  do {
    char *to = w.at[0];
    const char *from = value ? value : w.at[1];
    int64_t step = value ? 0 : w.strides[1][last];
    for (int64_t i = 0; i < w.dims[last]; i++, to += w.strides[0][last], from += step) memcpy(to, from, (size_t)w.bytes[0]);
  } while (walk_next(&w));
}

static void InplaceCopy_run(const Task *t) { copy_into(t, NULL); }
int aclnnInplaceCopyGetWorkspaceSize(aclTensor *selfRef, const aclTensor *src, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {selfRef, src};
  Plan p = plan_begin("aclnnInplaceCopyGetWorkspaceSize", InplaceCopy_run, 2, 0, 0, tensors);
  plan_moves(&p);
  plan_dtypes(&p, 0, "fib");
  plan_broadcast(&p, 0, 1, 1);
  return plan_finish(p, size, executor);
}
LAUNCH(InplaceCopy)

static void InplaceFillScalar_run(const Task *t) {
  float f = (float)t->numbers[0];
  int32_t i = (int32_t)t->numbers[0];
  copy_into(t, t->views[0].dtype == FLOAT ? (char *)&f : (char *)&i);
}
int aclnnInplaceFillScalarGetWorkspaceSize(aclTensor *selfRef, const aclScalar *value, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {selfRef};
  Plan p = plan_begin("aclnnInplaceFillScalarGetWorkspaceSize", InplaceFillScalar_run, 1, 0, 0, tensors);
  plan_scalar(&p, 0, value);
  plan_moves(&p);
  plan_dtypes(&p, 0, "fi");
  return plan_finish(p, size, executor);
}
LAUNCH(InplaceFillScalar)

/* Counting: start, start + step, and so on. */
static void Arange_run(const Task *t) {
  const View *out = &t->views[0];
  int64_t total = view_elements(out), index[MOST_AXES] = {0};
  for (int64_t i = 0; i < total; i++) {
    view_unravel(out, i, index);
    double value = t->numbers[0] + (double)i * t->numbers[2];
    if (out->dtype == FLOAT) ((float *)out->data)[view_place(out, index)] = (float)value;
    else ((int32_t *)out->data)[view_place(out, index)] = (int32_t)value;
  }
}
int aclnnArangeGetWorkspaceSize(const aclScalar *start, const aclScalar *end, const aclScalar *step, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {out};
  Plan p = plan_begin("aclnnArangeGetWorkspaceSize", Arange_run, 0, 1, 0, tensors);
  plan_scalar(&p, 0, start);
  plan_scalar(&p, 1, end);
  plan_scalar(&p, 2, step);
  if (!p.code && (out->view.rank != 1 || out->view.dims[0] != (int64_t)ceil((end->value - start->value) / step->value)))
    plan_refuse(&p, BAD_OPERAND, "shape of the result");
  return plan_finish(p, size, executor);
}
LAUNCH(Arange)

/*
 * Reductions, which keep all axes here. numbers[d]: whether axis d is reduced. A float sum is of float32 in the lanes of
 * a vector unit, each of which takes every eighth element, so its rounding is that of float32, too.
 */

enum { LANES = 8 };

static void reduce_floats(const View *in, const View *out, const double *is_reduced, int largest) {
  int64_t total = view_elements(in), results = view_elements(out), index[MOST_AXES] = {0};
  float *lanes = malloc((size_t)(results * LANES) * sizeof *lanes);
  int64_t *taken = calloc((size_t)results, sizeof *taken);
  for (int64_t i = 0; i < results * LANES; i++) lanes[i] = largest ? -INFINITY : 0;
  for (int64_t i = 0; i < total; i++) {
    view_unravel(in, i, index);
    float x = ((float *)in->data)[view_place(in, index)];
    int64_t to = 0;
    for (int d = 0; d < out->rank; d++) to = to * out->dims[d] + (is_reduced[d] ? 0 : index[d]);
    float *lane = &lanes[to * LANES + taken[to]++ % LANES];
    *lane = !largest ? *lane + x : isnan(x) || x > *lane ? x : *lane;
  }
  for (int64_t i = 0; i < results; i++) {
    float *lane = &lanes[i * LANES];
    for (int step = LANES / 2; step; step /= 2)
      for (int k = 0; k < step; k++) {
        float y = lane[k + step];
        lane[k] = !largest ? lane[k] + y : isnan(y) || y > lane[k] ? y : lane[k];
      }
    view_unravel(out, i, index);
    ((float *)out->data)[view_place(out, index)] = lane[0];
  }
  free(lanes);
  free(taken);
}

static void reduce_ints(const View *in, const View *out, const double *is_reduced, int largest) {
  int64_t total = view_elements(in), results = view_elements(out), index[MOST_AXES] = {0};
  int32_t *sums = malloc((size_t)results * sizeof *sums);
  for (int64_t i = 0; i < results; i++) sums[i] = largest ? INT32_MIN : 0;
  for (int64_t i = 0; i < total; i++) {
    view_unravel(in, i, index);
    int32_t x = ((int32_t *)in->data)[view_place(in, index)];
    int64_t to = 0;
    for (int d = 0; d < out->rank; d++) to = to * out->dims[d] + (is_reduced[d] ? 0 : index[d]);
    sums[to] = !largest ? (int32_t)(U(sums[to]) + U(x)) : x > sums[to] ? x : sums[to];
  }
  for (int64_t i = 0; i < results; i++) {
    view_unravel(out, i, index);
    ((int32_t *)out->data)[view_place(out, index)] = sums[i];
  }
  free(sums);
}

static void reduce(const Task *t, int largest) {
  (t->views[0].dtype == FLOAT ? reduce_floats : reduce_ints)(&t->views[0], &t->views[1], t->numbers, largest);
}
static void ReduceSum_run(const Task *t) { reduce(t, 0); }
static void Amax_run(const Task *t) { reduce(t, 1); }

static void reduced(Plan *p, const aclIntArray *dims, bool keepDims) {
  if (p->code) return;
  if (!object_is(dims, INT_ARRAY)) {
    plan_refuse(p, INNER_NULL, "no axes");
    return;
  }
  if (!keepDims) {
    plan_refuse(p, BAD_OPERAND, "the stub keeps reduced axes");
    return;
  }
  const View *in = &p->executor->task.views[0], *out = &p->executor->task.views[1];
  for (uint64_t i = 0; i < dims->count; i++) plan_number(p, (int)dims->values[i], 1);
  int fits = in->rank == out->rank && in->dtype == out->dtype;
  for (int d = 0; d < in->rank && fits; d++) fits = out->dims[d] == (p->executor->task.numbers[d] ? 1 : in->dims[d]);
  if (!fits) plan_refuse(p, BAD_OPERAND, "shape or dtype of the result");
}

int aclnnReduceSumGetWorkspaceSize(const aclTensor *self, const aclIntArray *dims, bool keepDims, int dtype, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = plan_begin("aclnnReduceSumGetWorkspaceSize", ReduceSum_run, 1, 1, 1, tensors);
  plan_dtypes(&p, 0, "fi");
  plan_result(&p, dtype);
  reduced(&p, dims, keepDims);
  if (!p.code && chip_is_310p() && dtype == INT32) p.executor->cannot_repeat = "runs on an AI CPU";
  return plan_finish(p, size, executor);
}
LAUNCH(ReduceSum)

int aclnnAmaxGetWorkspaceSize(const aclTensor *self, const aclIntArray *dims, bool keepDims, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = plan_begin("aclnnAmaxGetWorkspaceSize", Amax_run, 1, 1, 1, tensors);
  plan_dtypes(&p, 0, "fi");
  reduced(&p, dims, keepDims);
  return plan_finish(p, size, executor);
}
LAUNCH(Amax)
