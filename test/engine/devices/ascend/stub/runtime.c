/* libascendcl of the stub: memory, streams, and the queue, which runs only when somebody waits or asks. */
#include "stub.h"
#include <pthread.h>
#include <stdarg.h>

int64_t stub_counters[COUNTERS];

typedef struct Block { char *data; int64_t bytes; int host; struct Block *next; } Block;
/* An entry of the queue: a kernel, or a copy if `to` is set. */
typedef struct { Task task; char *to; const char *from; size_t bytes; } Entry;

static Block *blocks;
static Entry *queue;
static size_t queued, capacity;
static char message[512];
static int has_message, initialised, deterministic, sticky, idle;
static pthread_t owner;
static char soc[64], refused[512], fail_kind[16];
static long fail_at, fail_count;
static int64_t memory_limit, memory_used;

int stub_error(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  has_message = 1;
  return code;
}

int stub_enter(const char *function) {
  stub_counters[CALLS]++;
  if (!initialised) return stub_error(100001, "%s before aclInit", function);
  if (!pthread_equal(owner, pthread_self())) return stub_error(107002, "%s on a thread without context", function);
  return OK;
}

int stub_injected(const char *kind) {
  return fail_at > 0 && strcmp(kind, fail_kind) == 0 && ++fail_count == fail_at;
}

int stub_first_generation(void) {
  return strncmp(soc, "Ascend910", 9) == 0 && (strlen(soc) == 9 || strchr("ABP", soc[9])) && !(soc[9] == 'B' && soc[10]);
}

int stub_refuses(const char *name) {
  const char *at = strstr(refused, name);
  size_t length = strlen(name);
  return at && (at == refused || at[-1] == ',') && (at[length] == 0 || at[length] == ',');
}

int stub_deterministic(void) { return deterministic; }
int64_t stub_element_bytes(int dtype) { return dtype == BOOL ? 1 : dtype == FLOAT16 ? 2 : 4; }

static void set(char *to, size_t room, const char *variable, const char *otherwise) {
  const char *value = getenv(variable);
  snprintf(to, room, "%s", value && *value ? value : otherwise);
}

/* The tests set variables while the process runs, and Node's own copy is the C library's. */
int aclInit(const char *configPath) {
  (void)configPath;
  stub_counters[CALLS]++;
  if (initialised) return 100002;
  initialised = 1;
  sticky = deterministic = 0;
  owner = pthread_self();
  set(soc, sizeof soc, "ASCEND_STUB_SOC", "Ascend910B4");
  set(refused, sizeof refused, "ASCEND_STUB_REFUSE", "");
  char text[64];
  set(text, sizeof text, "ASCEND_STUB_MEMORY", "8589934592");
  memory_limit = atoll(text);
  set(text, sizeof text, "ASCEND_STUB_IDLE", "0");
  idle = atoi(text);
  set(text, sizeof text, "ASCEND_STUB_FAIL", "");
  char *colon = strchr(text, ':');
  fail_count = fail_at = 0;
  if (colon) {
    *colon = 0;
    snprintf(fail_kind, sizeof fail_kind, "%.15s", text);
    fail_at = atol(colon + 1);
  }
  return OK;
}

int aclFinalize(void) {
  initialised = 0;
  queued = 0;
  return OK;
}

const char *aclGetRecentErrMsg(void) {
  stub_counters[CALLS]++;
  if (!has_message) return NULL;
  has_message = 0;
  return message;
}

const char *aclrtGetSocName(void) { return soc; }

int aclrtGetDeviceCount(uint32_t *count) {
  *count = 1;
  return stub_enter("aclrtGetDeviceCount");
}

int aclrtSetDevice(int32_t device) {
  int code = stub_enter("aclrtSetDevice");
  if (code) return code;
  return device == 0 ? OK : stub_error(107001, "device %d of 1", device);
}

int aclrtResetDevice(int32_t device) {
  (void)device;
  return stub_enter("aclrtResetDevice");
}

int aclrtCtxSetSysParamOpt(int option, int64_t value) {
  if (option == 0) deterministic = value == 1;
  return stub_enter("aclrtCtxSetSysParamOpt");
}

int aclrtCreateStream(void **stream) {
  stub_counters[LIVE_STREAMS]++;
  *stream = &queue;
  return stub_enter("aclrtCreateStream");
}

int aclrtDestroyStream(void *stream) {
  (void)stream;
  stub_counters[LIVE_STREAMS]--;
  return stub_enter("aclrtDestroyStream");
}

/* Memory: fresh and freed memory is filled with NaN. */

static int new_block(void **pointer, size_t bytes, int host) {
  Block *block = malloc(sizeof *block);
  block->bytes = (int64_t)(bytes + 31) / 32 * 32;
  if (posix_memalign((void **)&block->data, 64, (size_t)block->bytes + 32)) abort();
  memset(block->data, 0xff, (size_t)block->bytes);
  block->host = host;
  block->next = blocks;
  blocks = block;
  *pointer = block->data;
  stub_counters[host ? LIVE_HOST : LIVE_MEMORY]++;
  return OK;
}

static int free_block(void *pointer, int host) {
  for (Block **at = &blocks; *at; at = &(*at)->next) {
    Block *block = *at;
    if (block->data != pointer || block->host != host) continue;
    *at = block->next;
    if (!host) memory_used -= block->bytes;
    memset(block->data, 0xff, (size_t)block->bytes);
    free(block->data);
    free(block);
    stub_counters[host ? LIVE_HOST : LIVE_MEMORY]--;
    return OK;
  }
  return stub_error(100000, "free of memory that is not allocated");
}

static int is_memory(const void *data, int64_t bytes, int host) {
  const char *start = data;
  for (Block *block = blocks; block; block = block->next)
    if (block->host == host && start >= block->data && start + bytes <= block->data + block->bytes) return 1;
  return 0;
}

int stub_is_device_memory(const void *data, int64_t bytes) { return is_memory(data, bytes, 0); }

int aclrtMalloc(void **pointer, size_t bytes, int policy) {
  (void)policy;
  int code = stub_enter("aclrtMalloc");
  if (code) return code;
  int64_t rounded = (int64_t)(bytes + 31) / 32 * 32;
  if (stub_injected("malloc") || memory_used + rounded > memory_limit)
    return stub_error(OUT_OF_MEMORY, "no %zu bytes of device memory", bytes);
  memory_used += rounded;
  return new_block(pointer, bytes, 0);
}

int aclrtFree(void *pointer) { return free_block(pointer, 0); }

int aclrtMallocHost(void **pointer, size_t bytes) {
  int code = stub_enter("aclrtMallocHost");
  return code ? code : new_block(pointer, bytes, 1);
}

int aclrtFreeHost(void *pointer) { return free_block(pointer, 1); }

int aclrtGetMemInfo(int attribute, size_t *free, size_t *total) {
  *total = (size_t)memory_limit;
  *free = (size_t)(memory_limit - memory_used);
  return attribute == 1 ? stub_enter("aclrtGetMemInfo") : stub_error(100000, "memory attribute %d", attribute);
}

static int check_copy(const char *name, const void *to, size_t room, const void *from, size_t bytes, int kind) {
  int code = stub_enter(name);
  if (code) return code;
  if (sticky) return stub_error(sticky, "the device is lost");
  if (bytes > room) return stub_error(100000, "%s of %zu bytes into %zu", name, bytes, room);
  const void *device = kind == 1 ? to : from;
  if ((kind != 1 && kind != 2) || !stub_is_device_memory(device, (int64_t)bytes))
    return stub_error(100000, "%s: not %zu bytes of device memory", name, bytes);
  return OK;
}

/* At once, whatever is queued: as the real one, it knows nothing of other streams' work. */
int aclrtMemcpy(void *to, size_t room, const void *from, size_t bytes, int kind) {
  int code = check_copy("aclrtMemcpy", to, room, from, bytes, kind);
  if (code == OK) memcpy(to, from, bytes);
  return code;
}

static Entry *append(void) {
  if (queued == capacity) {
    capacity = capacity ? 2 * capacity : 256;
    queue = realloc(queue, capacity * sizeof *queue);
  }
  memset(&queue[queued], 0, sizeof *queue);
  return &queue[queued++];
}

int aclrtMemcpyAsync(void *to, size_t room, const void *from, size_t bytes, int kind, void *stream) {
  (void)stream;
  int code = check_copy("aclrtMemcpyAsync", to, room, from, bytes, kind);
  if (code) return code;
  if (!is_memory(kind == 1 ? from : to, (int64_t)bytes, 1))
    return stub_error(100000, "aclrtMemcpyAsync: host memory that is not page-locked");
  Entry *entry = append();
  entry->to = to;
  entry->from = from;
  entry->bytes = bytes;
  return OK;
}

int stub_enqueue(const Task *task) {
  if (sticky) return stub_error(sticky, "the device is lost");
  append()->task = *task;
  return OK;
}

static int run_task(const Task *task) {
  for (int i = 0; i < task->inputs + task->outputs; i++) {
    const aclTensor *t = &task->tensors[i];
    if (!stub_is_device_memory(t->data, t->storage * stub_element_bytes(t->dtype)))
      return stub_error(BAD_MEMORY, "%s: operand %d is in freed memory when the kernel runs", task->name, i);
  }
  if (!stub_is_device_memory(task->workspace, task->workspace_bytes) && task->workspace_bytes)
    return stub_error(BAD_MEMORY, "%s: the workspace is in freed memory when the kernel runs", task->name);
  if (task->workspace_bytes) memset(task->workspace, 0xff, (size_t)task->workspace_bytes);
  if (stub_injected("device")) return stub_error(LOST, "lost heartbeat in %s", task->name);
  if (!idle) task->run(task);
  return OK;
}

/* Runs at most `most` entries. */
static int run_queue(size_t most) {
  size_t done = 0;
  for (; done < queued && done < most && !sticky; done++) {
    Entry *entry = &queue[done];
    if (entry->to) memcpy(entry->to, entry->from, entry->bytes);
    else sticky = run_task(&entry->task);
  }
  if (sticky) done = queued;
  memmove(queue, queue + done, (queued - done) * sizeof *queue);
  queued -= done;
  return sticky;
}

int aclrtSynchronizeStream(void *stream) {
  (void)stream;
  int code = stub_enter("aclrtSynchronizeStream");
  return code ? code : run_queue(queued);
}

/* Some of the queue at a time, so that who asks has to ask again. */
int aclrtStreamQuery(void *stream, int *status) {
  (void)stream;
  int code = stub_enter("aclrtStreamQuery");
  if (code) return code;
  if ((code = run_queue(2000))) return code;
  *status = queued > 0;
  return OK;
}

/* For the tests. */
int64_t stub_counter(int index) { return stub_counters[index]; }
