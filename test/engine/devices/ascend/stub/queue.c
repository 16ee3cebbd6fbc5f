/*
 * Streams. What is enqueued runs only when somebody waits or asks, and not before it must.
 *
 * Failures as RT has them in its default mode, CONTINUE_ON_FAILURE (src/runtime/core/src/stream/stream.cc): after an
 * exception in a core the kernels behind it run nevertheless; aclrtStreamQuery compares the ends of the queue and knows
 * nothing of it; aclrtSynchronizeStream returns the error once. Only a card that is lost says so everywhere.
 */
#include "stub.h"
#include <time.h>

enum { MODE_STOP = 1, AT_ONCE = 2000 };

typedef struct Stream {
  Object object;
  Card *card;
  Task *tasks;
  size_t count, capacity;
  int failure;         /* not yet reported */
  char why[256];
  uint64_t failure_mode;
  int hangs;
} Stream;

int capture_takes(void *stream, const Task *task, int *code);  /* capture.c */
int capture_forbids(void *stream, const char *function);

int stream_check(void *stream, const char *function) {
  if (!object_is(stream, STREAM)) {
    stub_misuse("%s on what is no stream", function);
    return stub_error(INVALID_PARAMETER, "%s on what is no stream", function);
  }
  Stream *s = stream;
  if (s->card != stub_card()) return stub_error(OTHER_CONTEXT, "%s on a stream of another card than the current one", function);
  if (s->card->is_lost) return stub_error(LOST_HEARTBEAT, "the device is lost");
  return OK;
}

int aclrtCreateStream(void **stream) {
  int code = stub_enter("aclrtCreateStream");
  if (code) return code;
  Stream *s = object_new(STREAM, sizeof *s);
  s->card = stub_card();
  *stream = s;
  stub_counters[LIVE_STREAMS]++;
  return OK;
}

int aclrtSetStreamFailureMode(void *stream, uint64_t mode) {
  int code = stub_enter("aclrtSetStreamFailureMode");
  if (!code) code = stream_check(stream, "aclrtSetStreamFailureMode");
  if (!code) ((Stream *)stream)->failure_mode = mode;
  return code;
}

static void append(Stream *s, const Task *task) {
  if (s->count == s->capacity) {
    s->capacity = s->capacity ? 2 * s->capacity : 256;
    s->tasks = realloc(s->tasks, s->capacity * sizeof *s->tasks);
  }
  s->tasks[s->count++] = *task;
}

int queue_append(void *stream, const Task *task) {
  int code = stream_check(stream, task->name);
  if (code || capture_takes(stream, task, &code)) return code;
  append(stream, task);
  return OK;
}

/*
 * RT docs, 11-01: memory that is divided by its user needs 32 bytes more behind each part, rounded up to 32. That matters
 * where one of two parts is written; two that are only read may be neighbours, as steps of a stacked array are.
 */
static void count_unpadded(const Task *task) {
  for (int i = 0; i < task->inputs + task->outputs; i++) {
    const View *a = &task->views[i];
    int64_t bytes = a->storage * dtype_bytes(a->dtype);
    const char *end = a->data + bytes, *padded = a->data + (bytes + 31) / 32 * 32 + 32;
    for (int j = 0; j < task->inputs + task->outputs; j++)
      if ((i == task->target || j == task->target) && task->views[j].data >= end && task->views[j].data < padded) {
        stub_counters[UNPADDED]++;
        return;
      }
  }
}

/* Chips that cannot write less than 32 bytes: what lies behind the view is gone. */
static void overwrite_tail(const View *v) {
  int64_t bytes = view_elements(v) * dtype_bytes(v->dtype), whole = (bytes + 31) / 32 * 32;
  char *end = v->data + v->offset * dtype_bytes(v->dtype) + bytes;
  int64_t room = memory_behind(end);
  if (whole - bytes < room) room = whole - bytes;
  if (room <= 0) return;
  memset(end, 0xff, (size_t)room);
  stub_counters[SCRIBBLES]++;
}

static int fail(Stream *s, int code, const char *format, const char *name, int operand) {
  if (!s->failure) {
    s->failure = code;
    snprintf(s->why, sizeof s->why, format, name, operand);
  }
  return code;
}

static int run_kernel(Stream *s, const Task *task) {
  if (stub_injected("device")) {
    s->card->is_lost = 1;
    return fail(s, LOST_HEARTBEAT, "lost heartbeat in %s", task->name, 0);
  }
  if (stub_injected("kernel")) return fail(s, CORE_EXCEPTION, "%s: injected exception in a core", task->name, 0);
  for (int i = 0; i < task->inputs + task->outputs; i++) {
    const View *v = &task->views[i];
    if (!memory_is_device(v->data, v->storage * dtype_bytes(v->dtype)))
      return fail(s, CORE_EXCEPTION, "%s: operand %d is in freed memory when the kernel runs", task->name, i);
  }
  if (task->workspace_bytes && !memory_is_device(task->workspace, task->workspace_bytes))
    return fail(s, CORE_EXCEPTION, "%s: the workspace is in freed memory when the kernel runs", task->name, 0);
  count_unpadded(task);
  if (task->workspace_bytes) memset(task->workspace, 0xff, (size_t)task->workspace_bytes);
  if (stub_is_idle()) return OK;
  task->run(task);
  if (overflow_saturates() && !task->moves) overflow_saturate(task);
  if (task->overwrites_tail) overwrite_tail(&task->views[task->target]);
  return OK;
}

static int run_copy(Stream *s, const Task *task) {
  int64_t bytes = (int64_t)task->bytes;
  int is_there = (memory_is_device(task->bytes_from, bytes) || memory_is_host(task->bytes_from, bytes)) && (memory_is_device(task->bytes_to, bytes) || memory_is_host(task->bytes_to, bytes));
  if (!is_there) {
    stub_misuse("%s of %zu bytes: memory was freed before the copy was done", task->name, task->bytes);
    return fail(s, CORE_EXCEPTION, "%s: memory was freed before the copy was done", task->name, 0);
  }
  memcpy(task->bytes_to, task->bytes_from, task->bytes);
  return OK;
}

static int run_task(Stream *s, const Task *task) {
  if (task->bytes_to) return run_copy(s, task);
  if (task->inputs + task->outputs) return run_kernel(s, task);
  task->run(task);
  return OK;
}

/* Runs at most `most` tasks; with `waits`, also those that wait for another process. */
static void run_queue(Stream *s, size_t most, int waits) {
  size_t done = 0;
  while (done < s->count && done < most && !s->hangs && !s->card->is_lost) {
    const Task *task = &s->tasks[done];
    if (stub_injected("hang")) {
      s->hangs = 1;
      break;
    }
    if (task->ready && !task->ready(task)) {
      if (!waits) break;
      continue;
    }
    int code = run_task(s, task);
    done++;
    if (code && s->failure_mode == MODE_STOP) done = s->count;
  }
  if (s->card->is_lost) done = s->count;
  memmove(s->tasks, s->tasks + done, (s->count - done) * sizeof *s->tasks);
  s->count -= done;
}

/* The error of what has run, once. */
static int take_failure(Stream *s) {
  int code = s->failure;
  if (!code) return OK;
  if (s->failure_mode != MODE_STOP) s->failure = OK;
  return stub_error(code, "%s", s->why);
}

static int synchronise(Stream *s, int may_time_out) {
  run_queue(s, s->count, 1);
  if (s->hangs && may_time_out) return stub_error(TIMED_OUT, "the stream did not end in time");
  if (s->hangs) {
    /* Without a limit of one's own, the one that RT has for kernels. */
    s->hangs = 0;
    s->count = 0;
    return stub_error(CORE_TIMEOUT, "a kernel did not end");
  }
  return take_failure(s);
}

static int begin_waiting(void *stream, const char *function) {
  int code = stub_enter(function);
  if (code) return code;
  if (object_is(stream, STREAM) && ((Stream *)stream)->failure == LOST_HEARTBEAT) return take_failure(stream);
  code = stream_check(stream, function);
  return code ? code : capture_forbids(stream, function);
}

int aclrtSynchronizeStream(void *stream) {
  int code = begin_waiting(stream, "aclrtSynchronizeStream");
  return code ? code : synchronise(stream, 0);
}

int aclrtSynchronizeStreamWithTimeout(void *stream, int32_t timeout) {
  int code = begin_waiting(stream, "aclrtSynchronizeStreamWithTimeout");
  return code ? code : synchronise(stream, timeout >= 0);
}

/* Some of the queue at a time, so that who asks has to ask again. */
int aclrtStreamQuery(void *stream, int *status) {
  int code = begin_waiting(stream, "aclrtStreamQuery");
  if (code) return code;
  Stream *s = stream;
  run_queue(s, AT_ONCE, 0);
  if (s->card->is_lost || (s->failure && s->failure_mode == MODE_STOP)) return take_failure(s);
  *status = s->count > 0 || s->hangs;
  return OK;
}

int aclrtDestroyStream(void *stream) {
  int code = stub_enter("aclrtDestroyStream");
  if (code) return code;
  if (!object_is(stream, STREAM)) return object_end(stream, STREAM, "aclrtDestroyStream"), INVALID_PARAMETER;
  Stream *s = stream;
  run_queue(s, s->count, 1);
  free(s->tasks);
  s->tasks = NULL;
  object_end(stream, STREAM, "aclrtDestroyStream");
  stub_counters[LIVE_STREAMS]--;
  return OK;
}

/* Copies. */

static int check_copy(const char *name, void *to, size_t room, const void *from, size_t bytes, int kind) {
  if (stub_card()->is_lost) return stub_error(LOST_HEARTBEAT, "the device is lost");
  if (bytes > room) return stub_error(INVALID_PARAMETER, "%s of %zu bytes into %zu", name, bytes, room);
  int to_device = kind == 1 || kind == 3, from_device = kind == 2 || kind == 3;
  if (!to_device && !from_device) return stub_error(INVALID_PARAMETER, "%s: kind %d", name, kind);
  if ((to_device && !memory_is_device(to, (int64_t)bytes)) || (from_device && !memory_is_device(from, (int64_t)bytes)))
    return stub_error(INVALID_PARAMETER, "%s: not %zu bytes of device memory", name, bytes);
  return OK;
}

int capture_forbids_copies(const char *function);

/* At once, whatever is enqueued: it knows nothing of streams. */
int aclrtMemcpy(void *to, size_t room, const void *from, size_t bytes, int kind) {
  int code = stub_enter("aclrtMemcpy");
  if (!code) code = capture_forbids_copies("aclrtMemcpy");
  if (!code) code = check_copy("aclrtMemcpy", to, room, from, bytes, kind);
  if (!code) memcpy(to, from, bytes);
  return code;
}

int aclrtMemcpyAsync(void *to, size_t room, const void *from, size_t bytes, int kind, void *stream) {
  int code = stub_enter("aclrtMemcpyAsync");
  if (!code) code = check_copy("aclrtMemcpyAsync", to, room, from, bytes, kind);
  if (code) return code;
  if (kind != 3 && !memory_is_host(kind == 1 ? from : to, (int64_t)bytes))
    return stub_error(INVALID_PARAMETER, "aclrtMemcpyAsync: host memory that is not page-locked");
  Task task = {.name = "aclrtMemcpyAsync", .bytes_to = to, .bytes_from = from, .bytes = bytes, .target = -1};
  return queue_append(stream, &task);
}

/* Events: the time at which the stream came by. */

typedef struct { Object object; double milliseconds; int is_done; } Event;

static void record(const Task *task) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  Event *event = task->handle;
  event->milliseconds = (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
  event->is_done = 1;
}

int aclrtCreateEvent(void **event) {
  int code = stub_enter("aclrtCreateEvent");
  if (code) return code;
  *event = object_new(EVENT, sizeof(Event));
  stub_counters[LIVE_EVENTS]++;
  return OK;
}

int aclrtDestroyEvent(void *event) {
  int code = stub_enter("aclrtDestroyEvent");
  if (code) return code;
  if (!object_end(event, EVENT, "aclrtDestroyEvent")) return INVALID_PARAMETER;
  stub_counters[LIVE_EVENTS]--;
  return OK;
}

int aclrtRecordEvent(void *event, void *stream) {
  int code = stub_enter("aclrtRecordEvent");
  if (code) return code;
  ((Event *)event)->is_done = 0;
  Task task = {.name = "aclrtRecordEvent", .run = record, .handle = event, .target = -1};
  return queue_append(stream, &task);
}

int aclrtEventElapsedTime(float *milliseconds, void *start, void *end) {
  int code = stub_enter("aclrtEventElapsedTime");
  if (code) return code;
  const Event *a = start, *b = end;
  if (!a->is_done || !b->is_done) return stub_error(INVALID_PARAMETER, "aclrtEventElapsedTime of events that have not happened");
  *milliseconds = (float)(b->milliseconds - a->milliseconds);
  return OK;
}
