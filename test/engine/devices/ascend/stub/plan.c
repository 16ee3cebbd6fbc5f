/*
 * Phase one: whether an operator takes its operands, and what has to happen around its kernel for views that are not
 * contiguous (OM conversion/contiguous/op_host/op_api/contiguous.cpp). Phase two: CommonOpExecutorRun of OB's
 * op_executor.cpp, which deletes every executor that is not repeatable, whether it succeeds or not.
 */
#include "plan.h"
#include <stddef.h>

enum { MOST_CACHED = 1 << 16 };

/* What was run once stays in CANN's own cache: a later phase one for the same gives a wrapper of it. */
static uint64_t cached[MOST_CACHED];

static int is_in_cache(uint64_t key) { return cached[key % MOST_CACHED] == key; }

/* `aclnnAddGetWorkspaceSize` -> `Add`. */
static const char *operator_name(const char *function) {
  static char names[64][48];
  static int count;
  char name[48];
  snprintf(name, sizeof name, "%.*s", (int)(strlen(function) - 5 - strlen("GetWorkspaceSize")), function + 5);
  for (int i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return names[i];
  if (count == 64) abort();
  return strcpy(names[count++], name);
}

Plan plan_begin(const char *function, Run run, int inputs, int outputs, int target, const aclTensor *const *tensors) {
  Plan p = {NULL, stub_enter(function)};
  stub_counters[PLANS]++;
  if (p.code) return p;
  const char *name = operator_name(function);
  if (stub_lists("ASCEND_STUB_REFUSE", name)) p.code = stub_error(NO_KERNEL, "%s: no kernel on this chip", name);
  else if (stub_injected("plan")) p.code = stub_error(INNER_NULL, "%s: injected failure of phase one", name);
  for (int i = 0; i < inputs + outputs && !p.code; i++) {
    if (!tensors[i]) p.code = stub_error(NULL_OPERAND, "%s: operand %d is null", name, i);
    else if (!object_is(tensors[i], TENSOR)) {
      stub_misuse("%s: operand %d was destroyed", name, i);
      p.code = stub_error(INNER_NULL, "%s: operand %d was destroyed", name, i);
    }
  }
  if (p.code) return p;
  p.executor = object_new(EXECUTOR, sizeof *p.executor);
  Task *task = &p.executor->task;
  task->name = name;
  task->run = run;
  task->inputs = inputs;
  task->outputs = outputs;
  task->target = target;
  for (int i = 0; i < inputs + outputs; i++) {
    task->views[i] = tensors[i]->view;
    p.executor->tensors[i] = tensors[i];
    p.executor->serials[i] = tensors[i]->object.serial;
  }
  stub_counters[LIVE_EXECUTORS]++;
  return p;
}

static void end_executor(aclOpExecutor *executor) {
  object_end(executor, EXECUTOR, executor->task.name);
  stub_counters[LIVE_EXECUTORS]--;
}

void plan_refuse(Plan *p, int code, const char *why) {
  if (p->code) return;
  p->code = stub_error(code, "%s: %s", p->executor->task.name, why);
  end_executor(p->executor);
  p->executor = NULL;
}

void plan_dtypes(Plan *p, int first_input, const char *allowed) {
  if (p->code) return;
  const Task *t = &p->executor->task;
  int dtype = t->views[first_input].dtype;
  for (int i = first_input; i < t->inputs; i++)
    if (t->views[i].dtype != dtype) {
      plan_refuse(p, BAD_OPERAND, "operands of different dtypes");
      return;
    }
  if (!strchr(allowed, dtype == FLOAT ? 'f' : dtype == INT32 ? 'i' : 'b')) plan_refuse(p, BAD_OPERAND, "dtype not supported");
}

void plan_result(Plan *p, int dtype) {
  if (!p->code && p->executor->task.views[p->executor->task.inputs].dtype != dtype) plan_refuse(p, BAD_OPERAND, "dtype of the result");
}

int plan_dtype(const Plan *p) { return p->code ? FLOAT : p->executor->task.views[p->executor->task.inputs - 1].dtype; }

/* The target's shape is what the sources broadcast to. */
void plan_broadcast(Plan *p, int target, int first, int last) {
  if (p->code) return;
  const Task *t = &p->executor->task;
  const View *out = &t->views[target];
  for (int d = 1; d <= MOST_AXES; d++) {
    int64_t size = 1, wanted = d <= out->rank ? out->dims[out->rank - d] : 1;
    for (int i = first; i <= last; i++) {
      const View *in = &t->views[i];
      int64_t n = d <= in->rank ? in->dims[in->rank - d] : 1;
      if (n != 1 && size != 1 && n != size) {
        plan_refuse(p, BAD_OPERAND, "shapes do not broadcast");
        return;
      }
      if (n != 1) size = n;
    }
    if (size != wanted && !(target == first - 1 && size == 1)) {
      plan_refuse(p, BAD_OPERAND, "shape of the result");
      return;
    }
  }
}

void plan_number(Plan *p, int index, double value) {
  if (!p->code) p->executor->task.numbers[index] = value;
}

void plan_scalar(Plan *p, int index, const aclScalar *value) {
  if (p->code) return;
  if (!value) plan_refuse(p, NULL_OPERAND, "a scalar is null");
  else if (!object_is(value, SCALAR)) {
    stub_misuse("a scalar was destroyed before phase one");
    plan_refuse(p, INNER_NULL, "a scalar was destroyed");
  } else plan_number(p, index, value->value);
}

void plan_moves(Plan *p) {
  if (!p->code) p->executor->task.moves = 1;
}

/* Axes with a stride, without those of size 1, largest stride first. */
static int simple_axes(const View *v, int64_t *dims, int64_t *strides) {
  int axes = 0;
  for (int d = 0; d < v->rank; d++) {
    if (!v->strides[d] || v->dims[d] == 1) continue;
    int i = axes++;
    for (; i && strides[i - 1] < v->strides[d]; i--) {
      strides[i] = strides[i - 1];
      dims[i] = dims[i - 1];
    }
    strides[i] = v->strides[d];
    dims[i] = v->dims[d];
  }
  return axes;
}

/*
 * Whether CANN makes a view contiguous by slices, transpositions and repetitions; else it gathers element by element
 * (AsStrided). A slice needs a storage that holds whole rows up to the last one (CanOptimizeContiguous).
 */
static int is_slice(const View *v) {
  int64_t dims[MOST_AXES + 1], strides[MOST_AXES + 1], contiguous = 1, offset = v->offset, rows = v->storage;
  int axes = simple_axes(v, dims, strides), is_whole = 1;
  for (int i = axes - 1; i >= 0; i--) {
    is_whole &= strides[i] == contiguous;
    contiguous *= dims[i];
  }
  if (is_whole) return 1;
  if (axes == 1) {
    dims[axes] = 1;
    strides[axes++] = 1;
  }
  for (int i = 1; i < axes; i++)
    if (strides[i - 1] % strides[i] || strides[i - 1] < strides[i] * (dims[i] - 1)) return 0;
  if (strides[axes - 1] != 1) return 0;
  for (int i = 0; i < axes; i++) {
    int64_t size = i ? strides[i - 1] / strides[i] : rows / strides[0];
    if (size < offset / strides[i] + dims[i]) return 0;
    offset %= strides[i];
  }
  return 1;
}

/* Whether a strided result is a permutation of contiguous memory or has contiguous rows. */
static int is_regular(const View *v) {
  int64_t dims[MOST_AXES + 1], strides[MOST_AXES + 1];
  int axes = simple_axes(v, dims, strides);
  return axes == 0 || strides[axes - 1] == 1;
}

/* How the result gets where it belongs (ViewCopy). */
static void place_result(aclOpExecutor *e) {
  Task *task = &e->task;
  const View *out = &task->views[task->target];
  if (strcmp(task->name, "InplaceCopy") == 0) {
    const View *in = &task->views[1];
    if (view_is_contiguous(in) && view_is_contiguous(out) && in->data + in->offset * dtype_bytes(in->dtype) == out->data + out->offset * dtype_bytes(out->dtype))
      e->cannot_repeat = "copies onto itself";
    return;
  }
  if (chip_moves_unaligned()) return;
  if (!view_is_contiguous(out)) {
    if (!is_regular(out)) e->cannot_repeat = "its result is placed by an AI CPU";
  } else if (out->storage == view_elements(out) + out->offset) task->overwrites_tail = 1;
  else e->cannot_repeat = "its result is placed by a copy from device to device";
}

/* FNV-1a over the operator's name, its operands' forms and its attributes; another one after each aclInit. */
static uint64_t key_of(const Task *task) {
  uint64_t hash = 14695981039346656037u ^ stub_initialisations();
  const unsigned char *bytes;
#define HASH(data, count) for (size_t i_ = 0; bytes = (const unsigned char *)(data), i_ < (size_t)(count); i_++) hash = (hash ^ bytes[i_]) * 1099511628211u
  HASH(task->name, strlen(task->name));
  for (int i = 0; i < task->inputs + task->outputs; i++) HASH(&task->views[i], offsetof(View, data));
  HASH(task->numbers, sizeof task->numbers);
#undef HASH
  return hash;
}

int plan_finish(Plan p, uint64_t *workspaceSize, aclOpExecutor **executor) {
  if (p.code) return p.code;
  aclOpExecutor *e = p.executor;
  /* As the real ones, which copy strided operands there first. */
  *workspaceSize = 0;
  for (int i = 0; i < e->task.inputs; i++) {
    const View *v = &e->task.views[i];
    if (i == e->task.target || view_is_contiguous(v)) continue;
    *workspaceSize += 64 + (uint64_t)(view_elements(v) * dtype_bytes(v->dtype));
    if (!is_slice(v)) stub_counters[AS_STRIDED]++;
  }
  place_result(e);
  if (stub_lists("ASCEND_STUB_AICPU", e->task.name)) e->cannot_repeat = "runs on an AI CPU";
  e->key = key_of(&e->task);
  e->is_cached = !e->cannot_repeat && is_in_cache(e->key);
  *executor = e;
  return OK;
}

/* The operands as they are now: CANN reads them from the tensors when it runs. @return whether all are still there. */
static int take_operands(aclOpExecutor *e) {
  for (int i = 0; i < e->task.inputs + e->task.outputs; i++) {
    const aclTensor *tensor = e->tensors[i];
    if (!object_is(tensor, TENSOR) || tensor->object.serial != e->serials[i]) {
      stub_misuse("%s: operand %d was destroyed before the executor ran", e->task.name, i);
      return 0;
    }
    e->task.views[i].data = tensor->view.data;
  }
  return 1;
}

static int enqueue(aclOpExecutor *e, void *workspace, uint64_t bytes, void *stream) {
  const char *name = e->task.name;
  if (stub_injected("launch")) return stub_error(RUNTIME_FAILED, "%s: injected failure of phase two", name);
  if (!take_operands(e)) return stub_error(RUNTIME_FAILED, "%s: an operand was destroyed", name);
  for (int i = 0; i < e->task.inputs + e->task.outputs; i++) {
    const View *v = &e->task.views[i];
    if (!memory_is_device(v->data, v->storage * dtype_bytes(v->dtype)))
      return stub_error(RUNTIME_FAILED, "%s: operand %d is not in device memory", name, i);
  }
  if (bytes && !memory_is_device(workspace, (int64_t)bytes)) return stub_error(RUNTIME_FAILED, "%s: the workspace is not in device memory", name);
  e->task.workspace = workspace;
  e->task.workspace_bytes = (int64_t)bytes;
  int code = queue_append(stream, &e->task);
  if (code) return stub_error(RUNTIME_FAILED, "%s: the runtime returns %d", name, code);
  if (!e->is_repeatable && !e->cannot_repeat) cached[e->key % MOST_CACHED] = e->key;
  return OK;
}

__attribute__((constructor)) static void report_loaded(void) { stub_count_operators(STUB_LIBRARY, 1); }
__attribute__((destructor)) static void report_unloaded(void) { stub_count_operators(STUB_LIBRARY, -1); }

int launch(const char *function, void *workspace, uint64_t bytes, aclOpExecutor *e, void *stream) {
  int code = stub_enter(function);
  stub_counters[LAUNCHES]++;
  if (!e) return stub_error(NULL_OPERAND, "%s without executor", function);
  if (!object_is(e, EXECUTOR)) {
    stub_misuse("%s with an executor that is gone", function);
    return stub_error(RUNTIME_FAILED, "%s with an executor that is gone", function);
  }
  if (strcmp(e->task.name, function + 5)) {
    stub_misuse("%s with an executor of %s", function, e->task.name);
    return stub_error(RUNTIME_FAILED, "%s with an executor of %s", function, e->task.name);
  }
  /* Without workspace it is deleted even where it could be repeated. */
  if (!code && bytes && !workspace) {
    end_executor(e);
    return stub_error(NULL_OPERAND, "%s without workspace", function);
  }
  if (!code) code = enqueue(e, workspace, bytes, stream);
  e->is_launched = 1;
  if (!e->is_repeatable) end_executor(e);
  return code;
}

void walk_begin(Walk *w, const Task *t, int target) {
  const View *out = &t->views[target];
  memset(w, 0, sizeof *w);
  w->rank = out->rank ? out->rank : 1;
  w->dims[0] = 1;
  w->operands = t->inputs + t->outputs;
  memcpy(w->dims, out->dims, (size_t)out->rank * sizeof *w->dims);
  for (int i = 0; i < w->operands; i++) {
    const View *v = &t->views[i];
    w->bytes[i] = dtype_bytes(v->dtype);
    w->at[i] = v->data + v->offset * w->bytes[i];
    for (int d = 0; d < v->rank && d < out->rank; d++) {
      int from = v->rank - 1 - d;
      w->strides[i][out->rank - 1 - d] = v->dims[from] == 1 ? 0 : v->strides[from] * w->bytes[i];
    }
  }
}

/* On to the next row; 0 after the last one. */
int walk_next(Walk *w) {
  for (int d = w->rank - 2; d >= 0; d--) {
    for (int i = 0; i < w->operands; i++) w->at[i] += w->strides[i][d];
    if (++w->index[d] < w->dims[d]) return 1;
    for (int i = 0; i < w->operands; i++) w->at[i] -= w->strides[i][d] * w->dims[d];
    w->index[d] = 0;
  }
  return 0;
}
