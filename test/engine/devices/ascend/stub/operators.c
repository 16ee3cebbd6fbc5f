/* libopapi of the stub: both phases of every operator, and what they compute. */
#include "stub.h"

/* Phase one. */

typedef struct { aclOpExecutor *executor; int code; } Plan;

static Plan begin(const char *name, void (*run)(const Task *), int inputs, int outputs, const aclTensor *const *tensors) {
  Plan p = {NULL, stub_enter(name)};
  stub_counters[PLANS]++;
  if (p.code) return p;
  if (stub_refuses(name)) p.code = stub_error(NO_KERNEL, "%s: no kernel on this chip", name);
  else if (stub_injected("plan")) p.code = stub_error(NULL_INSIDE, "%s: injected failure of phase one", name);
  for (int i = 0; i < inputs + outputs && !p.code; i++) {
    if (!tensors[i]) p.code = stub_error(161001, "%s: operand %d is null", name, i);
    else if (tensors[i]->magic != TENSOR) p.code = stub_error(NULL_INSIDE, "%s: operand %d was destroyed", name, i);
  }
  if (p.code) return p;
  p.executor = calloc(1, sizeof *p.executor);
  p.executor->magic = EXECUTOR;
  Task *task = &p.executor->task;
  task->name = name;
  task->run = run;
  task->inputs = inputs;
  task->outputs = outputs;
  for (int i = 0; i < inputs + outputs; i++) {
    task->tensors[i] = *tensors[i];
    p.executor->originals[i] = (aclTensor *)tensors[i];
  }
  stub_counters[LIVE_EXECUTORS]++;
  return p;
}

static void refuse(Plan *p, int code, const char *why) {
  if (p->code) return;
  p->code = stub_error(code, "%s: %s", p->executor->task.name, why);
  stub_counters[LIVE_EXECUTORS]--;
  free(p->executor);
  p->executor = NULL;
}

static int finish(Plan p, uint64_t *workspaceSize, aclOpExecutor **executor) {
  if (p.code) return p.code;
  /* As the real ones, which copy strided operands there first. */
  *workspaceSize = 0;
  for (int i = 0; i < p.executor->task.inputs; i++) {
    const aclTensor *t = &p.executor->task.tensors[i];
    if (t->rank && t->strides[t->rank - 1] != 1) *workspaceSize += 64 + (uint64_t)(t->storage * stub_element_bytes(t->dtype));
  }
  *executor = p.executor;
  return OK;
}

/* What only newer chips have, by the tables of supported products in the operators' documentation (see prototypes.ts). */
static void newer_only(Plan *p) {
  if (!p->code && stub_first_generation()) refuse(p, BAD_PARAMETER, "not supported on this chip");
}

static void take_dtypes(Plan *p, int inputs_from, const char *allowed) {
  if (p->code) return;
  const Task *t = &p->executor->task;
  int dtype = t->tensors[inputs_from].dtype;
  for (int i = inputs_from; i < t->inputs; i++)
    if (t->tensors[i].dtype != dtype) { refuse(p, BAD_PARAMETER, "operands of different dtypes"); return; }
  char letter = dtype == FLOAT ? 'f' : dtype == INT32 ? 'i' : 'b';
  if (!strchr(allowed, letter)) refuse(p, BAD_PARAMETER, "dtype not supported");
}

static void give_dtype(Plan *p, int dtype) {
  if (!p->code && p->executor->task.tensors[p->executor->task.inputs].dtype != dtype) refuse(p, BAD_PARAMETER, "dtype of the result");
}

static int first_dtype(Plan *p) { return p->code ? FLOAT : p->executor->task.tensors[p->executor->task.inputs - 1].dtype; }

/* The target's shape is what the sources broadcast to. */
static void broadcast(Plan *p, int target, int first, int last) {
  if (p->code) return;
  const Task *t = &p->executor->task;
  const aclTensor *out = &t->tensors[target];
  for (int d = 1; d <= MOST_AXES; d++) {
    int64_t size = 1, wanted = d <= out->rank ? out->dims[out->rank - d] : 1;
    for (int i = first; i <= last; i++) {
      const aclTensor *in = &t->tensors[i];
      int64_t n = d <= in->rank ? in->dims[in->rank - d] : 1;
      if (n != 1 && size != 1 && n != size) { refuse(p, BAD_PARAMETER, "shapes do not broadcast"); return; }
      if (n != 1) size = n;
    }
    if (size != wanted && !(target == first - 1 && size == 1)) { refuse(p, BAD_PARAMETER, "shape of the result"); return; }
  }
}

static void number(Plan *p, int index, double value) {
  if (!p->code) p->executor->task.numbers[index] = value;
}

static void scalar(Plan *p, int index, const aclScalar *value) {
  if (p->code) return;
  if (!value) refuse(p, 161001, "a scalar is null");
  else if (value->magic != SCALAR) refuse(p, NULL_INSIDE, "a scalar was destroyed");
  else number(p, index, value->value);
}

/* Phase two. */

static int launch(const char *name, void *workspace, uint64_t bytes, aclOpExecutor *e) {
  int code = stub_enter(name);
  stub_counters[LAUNCHES]++;
  if (code) return code;
  if (!e || e->magic != EXECUTOR || strcmp(e->task.name, name)) return stub_error(161001, "%s: no executor of it", name);
  if (e->launched && !e->repeatable) return stub_error(LAUNCH_FAILED, "%s: launched twice, and not repeatable", name);
  if (stub_injected("launch")) return stub_error(LAUNCH_FAILED, "%s: injected failure of phase two", name);
  e->launched = 1;
  for (int i = 0; i < e->task.inputs + e->task.outputs; i++) {
    const aclTensor *t = &e->task.tensors[i];
    if (!stub_is_device_memory(t->data, t->storage * stub_element_bytes(t->dtype)))
      return stub_error(LAUNCH_FAILED, "%s: operand %d is not in device memory", name, i);
  }
  if (bytes && !stub_is_device_memory(workspace, (int64_t)bytes)) return stub_error(LAUNCH_FAILED, "%s: the workspace is not in device memory", name);
  e->task.workspace = workspace;
  e->task.workspace_bytes = (int64_t)bytes;
  code = stub_enqueue(&e->task);
  if (!e->repeatable) {
    e->magic = DEAD;
    stub_counters[LIVE_EXECUTORS]--;
    free(e);
  }
  return code;
}

#define LAUNCH(Name) \
  int aclnn##Name(void *workspace, uint64_t size, aclOpExecutor *executor, void *stream) { (void)stream; return launch(#Name, workspace, size, executor); }

/* Elementwise kernels: one pass over the target's shape. */

typedef struct { int rank, tensors; int64_t dims[MOST_AXES], index[MOST_AXES], strides[MOST_TENSORS][MOST_AXES], bytes[MOST_TENSORS]; char *at[MOST_TENSORS]; } Walk;

static void walk(Walk *w, const Task *t, int shape_of) {
  const aclTensor *out = &t->tensors[shape_of];
  memset(w, 0, sizeof *w);
  w->rank = out->rank ? out->rank : 1;
  w->dims[0] = 1;
  w->tensors = t->inputs + t->outputs;
  memcpy(w->dims, out->dims, (size_t)out->rank * sizeof *w->dims);
  for (int i = 0; i < w->tensors; i++) {
    const aclTensor *x = &t->tensors[i];
    w->bytes[i] = stub_element_bytes(x->dtype);
    w->at[i] = x->data + x->offset * w->bytes[i];
    for (int d = 0; d < x->rank && d < out->rank; d++) {
      int from = x->rank - 1 - d;
      w->strides[i][out->rank - 1 - d] = x->dims[from] == 1 ? 0 : x->strides[from] * w->bytes[i];
    }
  }
}

/* On to the next row; 0 after the last one. */
static int next_row(Walk *w) {
  for (int d = w->rank - 2; d >= 0; d--) {
    for (int i = 0; i < w->tensors; i++) w->at[i] += w->strides[i][d];
    if (++w->index[d] < w->dims[d]) return 1;
    for (int i = 0; i < w->tensors; i++) w->at[i] -= w->strides[i][d] * w->dims[d];
    w->index[d] = 0;
  }
  return 0;
}

/* x, y, z: the operands' elements; n: the attributes. */
#define KERNEL(Name, COUNT, TO, TX, TY, TZ, EXPRESSION)                                              \
  static void Name(const Task *t) {                                                                  \
    Walk w;                                                                                          \
    walk(&w, t, COUNT);                                                                              \
    const double *n = t->numbers;                                                                    \
    (void)n;                                                                                         \
    do {                                                                                             \
      int last = w.rank - 1;                                                                         \
      char *a = w.at[0], *b = w.at[COUNT > 1 ? 1 : 0], *c = w.at[COUNT > 2 ? 2 : 0], *o = w.at[COUNT]; \
      int64_t sa = w.strides[0][last], sb = w.strides[COUNT > 1 ? 1 : 0][last];                      \
      int64_t sc = w.strides[COUNT > 2 ? 2 : 0][last], so = w.strides[COUNT][last];                  \
      for (int64_t i = 0; i < w.dims[last]; i++, a += sa, b += sb, c += sc, o += so) {               \
        TX x = *(TX *)a;                                                                             \
        TY y = *(TY *)b;                                                                             \
        TZ z = *(TZ *)c;                                                                             \
        (void)x, (void)y, (void)z;                                                                   \
        *(TO *)o = (TO)(EXPRESSION);                                                                 \
      }                                                                                              \
    } while (next_row(&w));                                                                          \
  }

#define BY_DTYPE(Name) (first_is_int(tensors) ? Name##_i : Name##_f)
static int first_is_int(const aclTensor *const *tensors) { return tensors[0] && tensors[0]->dtype == INT32; }

#define U(v) ((uint32_t)(v))

#define UNARY(Name, ALLOWED, FLOATS, INTS, EXTRA)                                                                     \
  KERNEL(Name##_f, 1, float, float, float, float, FLOATS)                                                             \
  KERNEL(Name##_i, 1, int32_t, int32_t, int32_t, int32_t, INTS)                                                       \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, out};                                                                         \
    Plan p = begin(#Name, BY_DTYPE(Name), 1, 1, tensors);                                                             \
    EXTRA;                                                                                                            \
    take_dtypes(&p, 0, ALLOWED);                                                                                      \
    give_dtype(&p, first_dtype(&p));                                                                                  \
    broadcast(&p, 1, 0, 0);                                                                                           \
    return finish(p, size, executor);                                                                                 \
  }                                                                                                                   \
  LAUNCH(Name)

UNARY(Neg, "fi", -x, 0 - U(x), )
UNARY(Abs, "fi", fabsf(x), x < 0 ? 0 - U(x) : U(x), )
UNARY(Floor, "f", floorf(x), x, )
UNARY(Sqrt, "f", sqrtf(x), x, )
UNARY(Exp, "f", expf(x), x, newer_only(&p))
UNARY(Exp2, "f", exp2f(x), x, )
UNARY(Log, "f", logf(x), x, newer_only(&p))
UNARY(Log1p, "f", log1pf(x), x, )
UNARY(Tanh, "f", tanhf(x), x, )
UNARY(Sigmoid, "f", 1 / (1 + expf(-x)), x, )

#define BINARY(Name, ALLOWED, TO, RESULT, FLOATS, INTS)                                                                                     \
  KERNEL(Name##_f, 2, TO##_f, float, float, float, FLOATS)                                                                                  \
  KERNEL(Name##_i, 2, TO##_i, int32_t, int32_t, int32_t, INTS)                                                                              \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclTensor *other, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, other, out};                                                                                        \
    Plan p = begin(#Name, BY_DTYPE(Name), 2, 1, tensors);                                                                                   \
    take_dtypes(&p, 0, ALLOWED);                                                                                                            \
    give_dtype(&p, RESULT);                                                                                                                 \
    broadcast(&p, 2, 0, 1);                                                                                                                 \
    return finish(p, size, executor);                                                                                                       \
  }                                                                                                                                         \
  LAUNCH(Name)

typedef float same_f;
typedef int32_t same_i;
typedef uint8_t truth_f;
typedef uint8_t truth_i;

BINARY(Mul, "fi", same, first_dtype(&p), x * y, U(x) * U(y))
BINARY(Div, "f", same, first_dtype(&p), x / y, 0)
BINARY(Maximum, "fi", same, first_dtype(&p), isnan(x) || x > y ? x : y, x > y ? x : y)
BINARY(Minimum, "fi", same, first_dtype(&p), isnan(x) || x < y ? x : y, x < y ? x : y)
BINARY(EqTensor, "fi", truth, BOOL, x == y, x == y)
BINARY(GtTensor, "fi", truth, BOOL, x > y, x > y)
BINARY(GeTensor, "fi", truth, BOOL, x >= y, x >= y)

#define SCALED(Name, FLOATS, INTS)                                                                                                                                  \
  KERNEL(Name##_f, 2, float, float, float, float, FLOATS)                                                                                                           \
  KERNEL(Name##_i, 2, int32_t, int32_t, int32_t, int32_t, INTS)                                                                                                     \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclTensor *other, const aclScalar *alpha, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, other, out};                                                                                                                \
    Plan p = begin(#Name, BY_DTYPE(Name), 2, 1, tensors);                                                                                                           \
    scalar(&p, 0, alpha);                                                                                                                                           \
    take_dtypes(&p, 0, "fi");                                                                                                                                       \
    give_dtype(&p, first_dtype(&p));                                                                                                                                \
    broadcast(&p, 2, 0, 1);                                                                                                                                         \
    return finish(p, size, executor);                                                                                                                               \
  }                                                                                                                                                                 \
  LAUNCH(Name)
SCALED(Add, x + (float)n[0] * y, U(x) + U((int64_t)n[0]) * U(y))
SCALED(Sub, x - (float)n[0] * y, U(x) - U((int64_t)n[0]) * U(y))

KERNEL(Adds_f, 1, float, float, float, float, x + (float)n[0] * (float)n[1])
KERNEL(Adds_i, 1, int32_t, int32_t, int32_t, int32_t, U(x) + U((int64_t)n[0]) * U((int64_t)n[1]))
int aclnnAddsGetWorkspaceSize(const aclTensor *self, const aclScalar *other, const aclScalar *alpha, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = begin("Adds", BY_DTYPE(Adds), 1, 1, tensors);
  scalar(&p, 0, other);
  scalar(&p, 1, alpha);
  take_dtypes(&p, 0, "fi");
  give_dtype(&p, first_dtype(&p));
  broadcast(&p, 1, 0, 0);
  return finish(p, size, executor);
}
LAUNCH(Adds)

#define WITH_SCALAR(Name, ALLOWED, FLOATS, INTS)                                                                                           \
  KERNEL(Name##_f, 1, float, float, float, float, FLOATS)                                                                                  \
  KERNEL(Name##_i, 1, int32_t, int32_t, int32_t, int32_t, INTS)                                                                            \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclScalar *other, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, out};                                                                                              \
    Plan p = begin(#Name, BY_DTYPE(Name), 1, 1, tensors);                                                                                  \
    scalar(&p, 0, other);                                                                                                                  \
    take_dtypes(&p, 0, ALLOWED);                                                                                                           \
    give_dtype(&p, first_dtype(&p));                                                                                                       \
    broadcast(&p, 1, 0, 0);                                                                                                                \
    return finish(p, size, executor);                                                                                                      \
  }                                                                                                                                        \
  LAUNCH(Name)
WITH_SCALAR(Muls, "fi", x * (float)n[0], U(x) * U((int64_t)n[0]))
WITH_SCALAR(BitwiseAndScalar, "i", x, x & (int32_t)n[0])

KERNEL(PowScalarTensor_f, 1, float, float, float, float, powf((float)n[0], x))
int aclnnPowScalarTensorGetWorkspaceSize(const aclScalar *self, const aclTensor *exponent, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {exponent, out};
  Plan p = begin("PowScalarTensor", PowScalarTensor_f, 1, 1, tensors);
  scalar(&p, 0, self);
  take_dtypes(&p, 0, "f");
  give_dtype(&p, FLOAT);
  broadcast(&p, 1, 0, 0);
  return finish(p, size, executor);
}
LAUNCH(PowScalarTensor)

KERNEL(Clamp_f, 1, float, float, float, float, x < n[0] ? n[0] : x > n[1] ? n[1] : x)
KERNEL(Clamp_i, 1, int32_t, int32_t, int32_t, int32_t, x < n[0] ? n[0] : x > n[1] ? n[1] : x)
int aclnnClampGetWorkspaceSize(const aclTensor *self, const aclScalar *clipMin, const aclScalar *clipMax, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = begin("Clamp", BY_DTYPE(Clamp), 1, 1, tensors);
  scalar(&p, 0, clipMin);
  scalar(&p, 1, clipMax);
  take_dtypes(&p, 0, "fi");
  give_dtype(&p, first_dtype(&p));
  broadcast(&p, 1, 0, 0);
  return finish(p, size, executor);
}
LAUNCH(Clamp)

KERNEL(SWhere_4, 3, int32_t, uint8_t, int32_t, int32_t, x ? y : z)
int aclnnSWhereGetWorkspaceSize(const aclTensor *condition, const aclTensor *self, const aclTensor *other, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {condition, self, other, out};
  Plan p = begin("SWhere", SWhere_4, 3, 1, tensors);
  if (!p.code && condition->dtype != BOOL) refuse(&p, BAD_PARAMETER, "the condition is not boolean");
  take_dtypes(&p, 1, "fi");
  give_dtype(&p, first_dtype(&p));
  broadcast(&p, 3, 0, 2);
  return finish(p, size, executor);
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
  int from = self ? self->dtype : FLOAT;
  void (*run)(const Task *) = from == dtype ? Cast_44 : from == BOOL ? (dtype == FLOAT ? Cast_bf : Cast_bi) : from == FLOAT ? Cast_fi : Cast_if;
  Plan p = begin("Cast", run, 1, 1, tensors);
  take_dtypes(&p, 0, "fib");
  if (dtype == BOOL) refuse(&p, BAD_PARAMETER, "casts to booleans are not needed");
  give_dtype(&p, dtype);
  broadcast(&p, 1, 0, 0);
  return finish(p, size, executor);
}
LAUNCH(Cast)

/* In-place operators: what they write counts as their first input. */

static void copy_into(const Task *t, const char *value) {
  Walk w;
  walk(&w, t, 0);
  int last = w.rank - 1;
  do {
    char *to = w.at[0];
    const char *from = value ? value : w.at[1];
    int64_t step = value ? 0 : w.strides[1][last];
    for (int64_t i = 0; i < w.dims[last]; i++, to += w.strides[0][last], from += step) memcpy(to, from, (size_t)w.bytes[0]);
  } while (next_row(&w));
}

static void InplaceCopy_run(const Task *t) { copy_into(t, NULL); }
int aclnnInplaceCopyGetWorkspaceSize(aclTensor *selfRef, const aclTensor *source, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {selfRef, source};
  Plan p = begin("InplaceCopy", InplaceCopy_run, 2, 0, tensors);
  take_dtypes(&p, 0, "fib");
  broadcast(&p, 0, 1, 1);
  return finish(p, size, executor);
}
LAUNCH(InplaceCopy)

static void InplaceFillScalar_run(const Task *t) {
  float f = (float)t->numbers[0];
  int32_t i = (int32_t)t->numbers[0];
  copy_into(t, t->tensors[0].dtype == FLOAT ? (char *)&f : (char *)&i);
}
int aclnnInplaceFillScalarGetWorkspaceSize(aclTensor *selfRef, const aclScalar *value, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {selfRef};
  Plan p = begin("InplaceFillScalar", InplaceFillScalar_run, 1, 0, tensors);
  scalar(&p, 0, value);
  take_dtypes(&p, 0, "fi");
  return finish(p, size, executor);
}
LAUNCH(InplaceFillScalar)

/* Reductions. numbers[d]: whether axis d is reduced. */

static int64_t place(const aclTensor *t, const int64_t *index) {
  int64_t at = t->offset;
  for (int d = 0; d < t->rank; d++) at += (t->dims[d] == 1 ? 0 : index[d]) * t->strides[d];
  return at;
}

static int64_t count(const aclTensor *t) {
  int64_t n = 1;
  for (int d = 0; d < t->rank; d++) n *= t->dims[d];
  return n;
}

static void unravel(const aclTensor *t, int64_t position, int64_t *index) {
  for (int d = t->rank - 1; d >= 0; d--) {
    index[d] = position % t->dims[d];
    position /= t->dims[d];
  }
}

/* The sum or the largest of everything that falls together in one element of the result, which keeps all axes. */
static void reduce(const Task *t, int largest) {
  const aclTensor *in = &t->tensors[0], *out = &t->tensors[1];
  int64_t total = count(in), results = count(out), index[MOST_AXES] = {0};
  double *sums = malloc((size_t)results * sizeof *sums);
  for (int64_t i = 0; i < results; i++) sums[i] = largest ? -INFINITY : 0;
  for (int64_t i = 0; i < total; i++) {
    unravel(in, i, index);
    int64_t to = 0;
    for (int d = 0; d < out->rank; d++) to = to * out->dims[d] + (t->numbers[d] ? 0 : index[d]);
    int64_t at = place(in, index);
    double x = in->dtype == FLOAT ? (double)((float *)in->data)[at] : (double)((int32_t *)in->data)[at];
    sums[to] = !largest ? sums[to] + x : isnan(x) || x > sums[to] ? x : sums[to];
  }
  for (int64_t i = 0; i < results; i++) {
    unravel(out, i, index);
    int64_t at = place(out, index);
    if (out->dtype == FLOAT) ((float *)out->data)[at] = (float)sums[i];
    else ((int32_t *)out->data)[at] = (int32_t)U((int64_t)sums[i]);
  }
  free(sums);
}
static void ReduceSum_run(const Task *t) { reduce(t, 0); }
static void Amax_run(const Task *t) { reduce(t, 1); }

static void reduced(Plan *p, const aclIntArray *dims, bool keepDims) {
  if (p->code) return;
  if (!dims || dims->magic != INT_ARRAY) { refuse(p, NULL_INSIDE, "no axes"); return; }
  if (!keepDims) { refuse(p, BAD_PARAMETER, "the stub keeps reduced axes"); return; }
  const aclTensor *in = &p->executor->task.tensors[0], *out = &p->executor->task.tensors[1];
  for (uint64_t i = 0; i < dims->count; i++) number(p, (int)dims->values[i], 1);
  int fits = in->rank == out->rank && in->dtype == out->dtype;
  for (int d = 0; d < in->rank && fits; d++) fits = out->dims[d] == (p->executor->task.numbers[d] ? 1 : in->dims[d]);
  if (!fits) refuse(p, BAD_PARAMETER, "shape or dtype of the result");
}

int aclnnReduceSumGetWorkspaceSize(const aclTensor *self, const aclIntArray *dims, bool keepDims, int dtype, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = begin("ReduceSum", ReduceSum_run, 1, 1, tensors);
  take_dtypes(&p, 0, "fi");
  give_dtype(&p, dtype);
  reduced(&p, dims, keepDims);
  return finish(p, size, executor);
}
LAUNCH(ReduceSum)

int aclnnAmaxGetWorkspaceSize(const aclTensor *self, const aclIntArray *dims, bool keepDims, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, out};
  Plan p = begin("Amax", Amax_run, 1, 1, tensors);
  take_dtypes(&p, 0, "fi");
  reduced(&p, dims, keepDims);
  return finish(p, size, executor);
}
LAUNCH(Amax)

/* Matmul. numbers[0]: how operands are rounded. */

enum { KEEP, HALF, HF32 };

static float rounded(float x, int mode) {
  if (mode == KEEP || !isfinite(x)) return x;
  float a = fabsf(x);
  /* Below its normal range a half is a multiple of 2^-24. */
  if (mode == HALF && a < 6.103515625e-5f) return copysignf(rintf(a * 16777216.f) / 16777216.f, x);
  /* Ten bits of fraction, to the nearest, ties to even. */
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
  memcpy(&x, &bits, 4);
  return mode == HALF && fabsf(x) > 65504 ? copysignf(INFINITY, x) : x;
}

/* One matrix of a batch, row by row. */
static void load(const aclTensor *t, const int64_t *batch, int axes, int mode, float *to) {
  int64_t at = t->offset, rows = t->dims[t->rank - 2], columns = t->dims[t->rank - 1];
  for (int d = 0; d < t->rank - 2; d++) {
    int axis = axes - (t->rank - 2) + d;
    at += (t->dims[d] == 1 ? 0 : batch[axis]) * t->strides[d];
  }
  const float *data = (const float *)t->data + at;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) to[i * columns + j] = rounded(data[i * t->strides[t->rank - 2] + j * t->strides[t->rank - 1]], mode);
}

static void Matmul_run(const Task *t) {
  const aclTensor *a = &t->tensors[0], *b = &t->tensors[1], *out = &t->tensors[2];
  int axes = out->rank - 2, mode = (int)t->numbers[0];
  int64_t m = out->dims[axes], n = out->dims[axes + 1], k = a->dims[a->rank - 1], batches = 1, index[MOST_AXES] = {0};
  float *left = malloc((size_t)(m * k) * 4), *right = malloc((size_t)(k * n) * 4), *row = malloc((size_t)n * 4);
  for (int d = 0; d < axes; d++) batches *= out->dims[d];
  for (int64_t batch = 0; batch < batches; batch++) {
    int64_t rest = batch, at = out->offset;
    for (int d = axes - 1; d >= 0; d--) {
      index[d] = rest % out->dims[d];
      rest /= out->dims[d];
      at += index[d] * out->strides[d];
    }
    load(a, index, axes, mode, left);
    load(b, index, axes, mode, right);
    for (int64_t i = 0; i < m; i++) {
      memset(row, 0, (size_t)n * 4);
      for (int64_t l = 0; l < k; l++) {
        float x = left[i * k + l];
        const float *y = right + l * n;
        for (int64_t j = 0; j < n; j++) row[j] += x * y[j];
      }
      for (int64_t j = 0; j < n; j++) ((float *)out->data)[at + i * out->strides[axes] + j * out->strides[axes + 1]] = row[j];
    }
  }
  free(left);
  free(right);
  free(row);
}

int aclnnMatmulGetWorkspaceSize(const aclTensor *self, const aclTensor *mat2, aclTensor *out, int8_t cubeMathType, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, mat2, out};
  Plan p = begin("Matmul", Matmul_run, 2, 1, tensors);
  take_dtypes(&p, 0, "f");
  give_dtype(&p, FLOAT);
  if (p.code) return p.code;
  int first = stub_first_generation();
  if (first && cubeMathType != 1) refuse(&p, BAD_PARAMETER, "float32 operands with this cubeMathType on this chip");
  number(&p, 0, cubeMathType == 0 ? KEEP : cubeMathType == 2 || first ? HALF : HF32);
  int a = self->rank, b = mat2->rank, o = out->rank;
  if (a < 2 || b < 2 || o < 2 || a > 6 || b > 6 || self->dims[a - 1] != mat2->dims[b - 2] || out->dims[o - 2] != self->dims[a - 2] || out->dims[o - 1] != mat2->dims[b - 1])
    refuse(&p, BAD_PARAMETER, "shapes do not multiply");
  for (int d = 3; d <= o && !p.code; d++) {
    int64_t x = d <= a ? self->dims[a - d] : 1, y = d <= b ? mat2->dims[b - d] : 1;
    if ((x != 1 && y != 1 && x != y) || out->dims[o - d] != (x == 1 ? y : x)) refuse(&p, BAD_PARAMETER, "batch axes do not broadcast");
  }
  return finish(p, size, executor);
}
LAUNCH(Matmul)

/* Rows by number. */

/* numbers[0]: the axis. An index outside gives NaN: the real operator leaves open what it does. */
static void IndexSelect_run(const Task *t) {
  const aclTensor *in = &t->tensors[0], *rows = &t->tensors[1], *out = &t->tensors[2];
  int axis = (int)t->numbers[0];
  int64_t total = count(out), index[MOST_AXES] = {0};
  for (int64_t i = 0; i < total; i++) {
    unravel(out, i, index);
    int64_t to = place(out, index), row = ((int32_t *)rows->data)[rows->offset + index[axis] * rows->strides[0]];
    index[axis] = row;
    int32_t value = -1;
    if (row >= 0 && row < in->dims[axis]) value = ((int32_t *)in->data)[place(in, index)];
    ((int32_t *)out->data)[to] = value;
  }
}

int aclnnIndexSelectGetWorkspaceSize(const aclTensor *self, int64_t dim, const aclTensor *index, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, index, out};
  Plan p = begin("IndexSelect", IndexSelect_run, 2, 1, tensors);
  if (p.code) return p.code;
  int fits = index->dtype == INT32 && index->rank == 1 && self->rank == out->rank && dim >= 0 && dim < self->rank && self->dtype == out->dtype && self->dtype != BOOL;
  for (int d = 0; d < self->rank && fits; d++) fits = out->dims[d] == (d == dim ? index->dims[0] : self->dims[d]);
  if (!fits) refuse(&p, BAD_PARAMETER, "shapes or dtypes");
  number(&p, 0, (double)dim);
  return finish(p, size, executor);
}
LAUNCH(IndexSelect)

/* numbers[0]: rows, [1]: the padding row or -1. Without determinism the order of the sum is another one. */
static void EmbeddingDenseBackward_run(const Task *t) {
  const aclTensor *gradient = &t->tensors[0], *indices = &t->tensors[1], *out = &t->tensors[2];
  int64_t rows = (int64_t)t->numbers[0], padding = (int64_t)t->numbers[1], n = indices->dims[0], width = out->dims[1];
  float *sums = (float *)out->data + out->offset;
  memset(sums, 0, (size_t)(rows * width) * 4);
  for (int64_t i = 0; i < n; i++) {
    int64_t from = stub_deterministic() ? i : n - 1 - i;
    int64_t row = ((int32_t *)indices->data)[indices->offset + from * indices->strides[0]];
    if (row < 0 || row >= rows) { sums[0] = NAN; continue; }
    if (row == padding) continue;
    const float *source = (float *)gradient->data + gradient->offset + from * gradient->strides[0];
    for (int64_t j = 0; j < width; j++) sums[row * width + j] += source[j * gradient->strides[1]];
  }
}

int aclnnEmbeddingDenseBackwardGetWorkspaceSize(const aclTensor *gradient, const aclTensor *indices, uint64_t numWeights, uint64_t paddingIdx, bool scaleGradByFreq, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {gradient, indices, out};
  Plan p = begin("EmbeddingDenseBackward", EmbeddingDenseBackward_run, 2, 1, tensors);
  if (p.code) return p.code;
  int fits = gradient->dtype == FLOAT && out->dtype == FLOAT && indices->dtype == INT32 && gradient->rank == 2 && indices->rank == 1 && out->rank == 2 &&
             gradient->dims[0] == indices->dims[0] && gradient->dims[1] == out->dims[1] && out->dims[0] == (int64_t)numWeights && out->strides[1] == 1 && out->strides[0] == out->dims[1] && !scaleGradByFreq;
  if (!fits) refuse(&p, BAD_PARAMETER, "shapes or dtypes");
  number(&p, 0, (double)numWeights);
  number(&p, 1, (double)(int64_t)paddingIdx);
  return finish(p, size, executor);
}
LAUNCH(EmbeddingDenseBackward)
