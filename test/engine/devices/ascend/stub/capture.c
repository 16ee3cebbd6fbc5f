/*
 * Graphs: what is given to a stream between aclmdlRICaptureBegin and End is not run but kept, with its addresses, and
 * aclmdlRIExecuteAsync enqueues all of it at once. Meanwhile nobody may wait or ask, and copies that wait are errors
 * that spoil the graph (RT, single-stream capture; docs of aclmdlRICaptureBegin). Not on the first generation.
 */
#include "stub.h"

enum { NONE, ACTIVE, INVALIDATED, RELAXED = 2 };

typedef struct { Object object; Task *tasks; size_t count, capacity; void *stream; int mode, is_spoilt; } Model;

/* One capture at a time is enough for one stream. */
static Model *capturing;

static void keep(Model *model, const Task *task) {
  if (model->count == model->capacity) {
    model->capacity = model->capacity ? 2 * model->capacity : 256;
    model->tasks = realloc(model->tasks, model->capacity * sizeof *model->tasks);
  }
  model->tasks[model->count++] = *task;
}

int capture_takes(void *stream, const Task *task, int *code) {
  if (!capturing || capturing->stream != stream) return 0;
  *code = OK;
  keep(capturing, task);
  return 1;
}

int capture_forbids(void *stream, const char *function) {
  if (!capturing || capturing->stream != stream) return OK;
  capturing->is_spoilt = 1;
  return stub_error(STREAM_IS_CAPTURED, "%s while the stream is captured", function);
}

int capture_forbids_copies(const char *function) {
  if (!capturing || capturing->mode == RELAXED) return OK;
  capturing->is_spoilt = 1;
  return stub_error(NOT_WHILE_CAPTURING, "%s while a stream is captured", function);
}

static void end(Model *model) {
  free(model->tasks);
  model->tasks = NULL;
  object_end(model, MODEL, "aclmdlRIDestroy");
  stub_counters[LIVE_MODELS]--;
}

int aclmdlRICaptureBegin(void *stream, int mode) {
  int code = stub_enter("aclmdlRICaptureBegin");
  if (!code) code = stream_check(stream, "aclmdlRICaptureBegin");
  if (code) return code;
  if (!chip_captures()) return stub_error(UNSUPPORTED, "aclmdlRICaptureBegin on %s", chip_name());
  if (capturing) return stub_error(STREAM_IS_CAPTURED, "aclmdlRICaptureBegin twice");
  capturing = object_new(MODEL, sizeof *capturing);
  capturing->stream = stream;
  capturing->mode = mode;
  stub_counters[LIVE_MODELS]++;
  return OK;
}

int aclmdlRICaptureEnd(void *stream, void **model) {
  int code = stub_enter("aclmdlRICaptureEnd");
  if (code) return code;
  *model = NULL;
  if (!capturing || capturing->stream != stream) return stub_error(STREAM_NOT_CAPTURED, "aclmdlRICaptureEnd of a stream that is not captured");
  Model *done = capturing;
  capturing = NULL;
  if (done->is_spoilt) {
    end(done);
    return stub_error(CAPTURE_INVALIDATED, "a call that must not be made meanwhile has spoilt the capture");
  }
  *model = done;
  return OK;
}

int aclmdlRICaptureGetInfo(void *stream, int *status, void **model) {
  int code = stub_enter("aclmdlRICaptureGetInfo");
  if (code) return code;
  int is_this = capturing && capturing->stream == stream;
  *status = !is_this ? NONE : capturing->is_spoilt ? INVALIDATED : ACTIVE;
  if (model) *model = is_this ? capturing : NULL;
  return OK;
}

int aclmdlRIExecuteAsync(void *handle, void *stream) {
  int code = stub_enter("aclmdlRIExecuteAsync");
  if (code) return code;
  if (!object_is(handle, MODEL)) {
    stub_misuse("aclmdlRIExecuteAsync of what is none, or was destroyed before");
    return stub_error(INVALID_PARAMETER, "aclmdlRIExecuteAsync of what is none");
  }
  stub_counters[REPLAYS]++;
  const Model *model = handle;
  for (size_t i = 0; i < model->count && !code; i++) code = queue_append(stream, &model->tasks[i]);
  return code;
}

int aclmdlRIDestroy(void *model) {
  int code = stub_enter("aclmdlRIDestroy");
  if (code) return code;
  if (!object_is(model, MODEL)) return object_end(model, MODEL, "aclmdlRIDestroy"), INVALID_PARAMETER;
  end(model);
  return OK;
}
