/* libopapi_nn of the stub: what the operators of ON compute. */
#include "plan.h"

UNARY(Sigmoid, "f", 1 / (1 + expf(-x)), x, )
BACKWARD(SigmoidBackward, x * (1 - y) * y)

/*
 * Products. numbers[0]: what operands are rounded to, [1]: whether the result is a half, too; [2], [3]: beta and alpha of
 * aclnnAddmm, whose summand is the third input. On newer chips USE_FP16 gives halves, which the operator then casts (ON
 * matmul_util.cpp, Dav2201MatMulRule); 910 and 310P multiply halves into float32.
 */

enum { KEEP, HALF, HF32 };
enum { LARGEST_HALF = 65504 };

static float rounded(float x, int to) {
  if (to == KEEP || !isfinite(x)) return x;
  float a = fabsf(x);
  /* Below its normal range a half is a multiple of 2^-24. */
  if (to == HALF && a < 6.103515625e-5f) return copysignf(rintf(a * 16777216.f) / 16777216.f, x);
  /* Ten bits of fraction, to the nearest, ties to even. */
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
  memcpy(&x, &bits, 4);
  if (to != HALF || fabsf(x) <= LARGEST_HALF) return x;
  if (!overflow_saturates()) return copysignf(INFINITY, x);
  stub_card()->overflowed = 1;
  return copysignf(LARGEST_HALF, x);
}

/* One matrix of a batch, row by row. */
static void load(const View *v, const int64_t *batch, int axes, int to, float *values) {
  int64_t first = v->offset, rows = v->dims[v->rank - 2], columns = v->dims[v->rank - 1];
  for (int d = 0; d < v->rank - 2; d++) {
    int axis = axes - (v->rank - 2) + d;
    first += (v->dims[d] == 1 ? 0 : batch[axis]) * v->strides[d];
  }
  const float *data = (const float *)v->data + first;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) values[i * columns + j] = rounded(data[i * v->strides[v->rank - 2] + j * v->strides[v->rank - 1]], to);
}

/* One row of the result, from its sums; `add` is the summand's row or NULL. */
static void store(const Task *t, float *to, int64_t step, const float *sums, int64_t count, const float *add, int64_t add_step) {
  float beta = (float)t->numbers[2], alpha = (float)t->numbers[3];
  for (int64_t j = 0; j < count; j++) {
    float y = rounded(sums[j], t->numbers[1] ? HALF : KEEP);
    to[j * step] = add ? beta * add[j * add_step] + alpha * y : y;
  }
}

static void multiply(const Task *t) {
  const View *a = &t->views[0], *b = &t->views[1], *c = t->inputs == 3 ? &t->views[2] : NULL, *out = &t->views[t->target];
  int axes = out->rank - 2, to = (int)t->numbers[0];
  int64_t m = out->dims[axes], n = out->dims[axes + 1], k = a->dims[a->rank - 1], batches = 1, index[MOST_AXES] = {0};
  float *left = malloc((size_t)(m * k) * 4 + 4), *right = malloc((size_t)(k * n) * 4 + 4), *row = malloc((size_t)n * 4 + 4);
  for (int d = 0; d < axes; d++) batches *= out->dims[d];
  for (int64_t batch = 0; batch < batches; batch++) {
    int64_t rest = batch, first = out->offset;
    for (int d = axes - 1; d >= 0; d--) {
      index[d] = rest % out->dims[d];
      rest /= out->dims[d];
      first += index[d] * out->strides[d];
    }
    load(a, index, axes, to, left);
    load(b, index, axes, to, right);
    for (int64_t i = 0; i < m; i++) {
      memset(row, 0, (size_t)n * 4);
      for (int64_t l = 0; l < k; l++) {
        float x = left[i * k + l];
        const float *y = right + l * n;
        for (int64_t j = 0; j < n; j++) row[j] += x * y[j];
      }
      int64_t place[2] = {i, 0};
      const float *add = !c ? NULL : (const float *)c->data + view_place(c, c->rank == 2 ? place : place + 1);
      int64_t add_step = !c || c->dims[c->rank - 1] == 1 ? 0 : c->strides[c->rank - 1];
      store(t, (float *)out->data + first + i * out->strides[axes], out->strides[axes + 1], row, n, add, add_step);
    }
  }
  free(left);
  free(right);
  free(row);
}

/* Shapes and precision of a product; `cubeMathType`: KEEP_DTYPE, ALLOW_FP32_DOWN_PRECISION, USE_FP16, USE_HF32, USE_FP32_ADD. */
static void product(Plan *p, const View *a, const View *b, const View *out, int cubeMathType, int most_axes) {
  plan_dtypes(p, 0, "f");
  plan_result(p, FLOAT);
  if (p->code) return;
  int only_half = chip_multiplies_only_half();
  if (cubeMathType < 0 || cubeMathType > 4 || (only_half && cubeMathType != 1)) plan_refuse(p, BAD_OPERAND, "float32 operands with this cubeMathType on this chip");
  plan_number(p, 0, cubeMathType == 0 || cubeMathType == 4 ? KEEP : cubeMathType == 2 || only_half ? HALF : HF32);
  plan_number(p, 1, cubeMathType == 2 && !only_half);
  int i = a->rank, j = b->rank, o = out->rank;
  if (i < 2 || j < 2 || o < 2 || i > most_axes || j > most_axes || a->dims[i - 1] != b->dims[j - 2] || out->dims[o - 2] != a->dims[i - 2] || out->dims[o - 1] != b->dims[j - 1])
    plan_refuse(p, BAD_OPERAND, "shapes do not multiply");
  for (int d = 3; d <= o && !p->code; d++) {
    int64_t x = d <= i ? a->dims[i - d] : 1, y = d <= j ? b->dims[j - d] : 1;
    if ((x != 1 && y != 1 && x != y) || out->dims[o - d] != (x == 1 ? y : x)) plan_refuse(p, BAD_OPERAND, "batch axes do not broadcast");
  }
}

#define PRODUCT(Name, MOST_AXES_OF_OPERANDS)                                                                                                                       \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, const aclTensor *mat2, aclTensor *out, int8_t cubeMathType, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, mat2, out};                                                                                                                \
    Plan p = plan_begin("aclnn" #Name "GetWorkspaceSize", multiply, 2, 1, 2, tensors);                                                                             \
    if (!p.code) product(&p, &self->view, &mat2->view, &out->view, cubeMathType, MOST_AXES_OF_OPERANDS);                                                           \
    return plan_finish(p, size, executor);                                                                                                                         \
  }                                                                                                                                                                \
  LAUNCH(Name)
PRODUCT(Matmul, 6)
PRODUCT(Mm, 2)
PRODUCT(BatchMatMul, 3)

int aclnnAddmmGetWorkspaceSize(const aclTensor *self, const aclTensor *mat1, const aclTensor *mat2, const aclScalar *beta, const aclScalar *alpha, aclTensor *out, int8_t cubeMathType, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {mat1, mat2, self, out};
  Plan p = plan_begin("aclnnAddmmGetWorkspaceSize", multiply, 3, 1, 3, tensors);
  plan_scalar(&p, 2, beta);
  plan_scalar(&p, 3, alpha);
  if (!p.code) product(&p, &mat1->view, &mat2->view, &out->view, cubeMathType, 2);
  plan_broadcast(&p, 3, 2, 3);
  return plan_finish(p, size, executor);
}
LAUNCH(Addmm)

/* Rows by number. */

/* numbers[0]: the axis. An index outside gives NaN: the real operator leaves open what it does. */
static void IndexSelect_run(const Task *t) {
  const View *in = &t->views[0], *rows = &t->views[1], *out = &t->views[2];
  int axis = (int)t->numbers[0];
  int64_t total = view_elements(out), index[MOST_AXES] = {0};
  for (int64_t i = 0; i < total; i++) {
    view_unravel(out, i, index);
    int64_t to = view_place(out, index), row = ((int32_t *)rows->data)[rows->offset + index[axis] * rows->strides[0]];
    index[axis] = row;
    int32_t value = -1;
    if (row >= 0 && row < in->dims[axis]) value = ((int32_t *)in->data)[view_place(in, index)];
    ((int32_t *)out->data)[to] = value;
  }
}

int aclnnIndexSelectGetWorkspaceSize(const aclTensor *self, int64_t dim, const aclTensor *index, aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {self, index, out};
  Plan p = plan_begin("aclnnIndexSelectGetWorkspaceSize", IndexSelect_run, 2, 1, 2, tensors);
  if (p.code) return p.code;
  int fits = index->view.dtype == INT32 && index->view.rank == 1 && self->view.rank == out->view.rank && dim >= 0 && dim < self->view.rank && self->view.dtype == out->view.dtype && self->view.dtype != BOOL;
  for (int d = 0; d < self->view.rank && fits; d++) fits = out->view.dims[d] == (d == dim ? index->view.dims[0] : self->view.dims[d]);
  if (!fits) plan_refuse(&p, BAD_OPERAND, "shapes or dtypes");
  plan_moves(&p);
  plan_number(&p, 0, (double)dim);
  return plan_finish(p, size, executor);
}
LAUNCH(IndexSelect)

/* numbers[0]: rows, [1]: the padding row or -1. Without determinism the order of the sum is another one. */
static void EmbeddingDenseBackward_run(const Task *t) {
  const View *gradient = &t->views[0], *indices = &t->views[1], *out = &t->views[2];
  int64_t rows = (int64_t)t->numbers[0], padding = (int64_t)t->numbers[1], n = indices->dims[0], width = out->dims[1];
  float *sums = (float *)out->data + out->offset;
  memset(sums, 0, (size_t)(rows * width) * 4);
  for (int64_t i = 0; i < n; i++) {
    int64_t from = stub_card()->deterministic ? i : n - 1 - i;
    int64_t row = ((int32_t *)indices->data)[indices->offset + from * indices->strides[0]];
    if (row < 0 || row >= rows) {
      sums[0] = NAN;
      continue;
    }
    if (row == padding) continue;
    const float *source = (float *)gradient->data + gradient->offset + from * gradient->strides[0];
    for (int64_t j = 0; j < width; j++) sums[row * width + j] += source[j * gradient->strides[1]];
  }
}

int aclnnEmbeddingDenseBackwardGetWorkspaceSize(const aclTensor *gradient, const aclTensor *indices, uint64_t numWeights, uint64_t paddingIdx, bool scaleGradByFreq, const aclTensor *out, uint64_t *size, aclOpExecutor **executor) {
  const aclTensor *tensors[] = {gradient, indices, out};
  Plan p = plan_begin("aclnnEmbeddingDenseBackwardGetWorkspaceSize", EmbeddingDenseBackward_run, 2, 1, 2, tensors);
  if (p.code) return p.code;
  int fits = gradient->view.dtype == FLOAT && out->view.dtype == FLOAT && indices->view.dtype == INT32 && gradient->view.rank == 2 && indices->view.rank == 1 && out->view.rank == 2 &&
             gradient->view.dims[0] == indices->view.dims[0] && gradient->view.dims[1] == out->view.dims[1] && out->view.dims[0] == (int64_t)numWeights && out->view.strides[1] == 1 && out->view.strides[0] == out->view.dims[1] && !scaleGradByFreq;
  if (!fits) plan_refuse(&p, BAD_OPERAND, "shapes or dtypes");
  plan_number(&p, 0, (double)numWeights);
  plan_number(&p, 1, (double)(int64_t)paddingIdx);
  return plan_finish(p, size, executor);
}
LAUNCH(EmbeddingDenseBackward)
