/*
 * libhccl of the stub: one process a card, as HC has it. The root's information names a folder; a process joins by a file
 * there and waits for the others, and each sum is one file of every rank, which all read and add in the order of ranks.
 * A collective is enqueued: as on a card, it is done once all others have come to it.
 */
#include "stub.h"
#include <time.h>
#include <unistd.h>

enum { HCCL_OK = 0, HCCL_BAD_PARAMETER = 1, HCCL_NULL = 2, HCCL_TIMED_OUT = 9, HCCL_RUNTIME = 15 };
enum { HCCL_INT32 = 2, HCCL_FP32 = 4 };
enum { SUM = 0, PRODUCT, MAXIMUM, MINIMUM };
enum { SECONDS_TO_JOIN = 60, MICROSECONDS_BETWEEN_LOOKS = 500 };

/* HC hccl_types.h: 4108 bytes. */
struct HcclRootInfo { char internal[4108]; };

typedef struct { Object object; char folder[256]; uint32_t rank, ranks; uint64_t sums; int has_written; } Communicator;

int HcclGetRootInfo(HcclRootInfo *info) {
  if (stub_enter("HcclGetRootInfo")) return HCCL_RUNTIME;
  if (!info) return HCCL_NULL;
  memset(info, 0, sizeof *info);
  const char *folder = getenv("TMPDIR");
  snprintf(info->internal, sizeof info->internal, "%s/ascend-stub-XXXXXX", folder && *folder ? folder : "/tmp");
  return mkdtemp(info->internal) ? HCCL_OK : HCCL_RUNTIME;
}

static void path_of(char *path, size_t room, const Communicator *c, const char *what, uint32_t rank, uint64_t number) {
  snprintf(path, room, "%s/%s.%u.%lu", c->folder, what, rank, (unsigned long)number);
}

/* Whole or not at all: it gets its name when it is complete. */
static int write_file(const Communicator *c, const char *what, uint64_t number, const void *data, size_t bytes) {
  char path[320], part[330];
  path_of(path, sizeof path, c, what, c->rank, number);
  snprintf(part, sizeof part, "%s.part", path);
  FILE *file = fopen(part, "wb");
  if (!file) return 0;
  int is_whole = fwrite(data, 1, bytes, file) == bytes;
  return fclose(file) == 0 && is_whole && rename(part, path) == 0;
}

static int all_have(const Communicator *c, const char *what, uint64_t number) {
  char path[320];
  for (uint32_t rank = 0; rank < c->ranks; rank++) {
    path_of(path, sizeof path, c, what, rank, number);
    if (access(path, R_OK)) return 0;
  }
  return 1;
}

int HcclCommInitRootInfo(uint32_t ranks, const HcclRootInfo *info, uint32_t rank, void **communicator) {
  if (stub_enter("HcclCommInitRootInfo")) return HCCL_RUNTIME;
  if (!info || !communicator) return HCCL_NULL;
  if (rank >= ranks) return HCCL_BAD_PARAMETER;
  Communicator *c = object_new(COMMUNICATOR, sizeof *c);
  snprintf(c->folder, sizeof c->folder, "%.255s", info->internal);
  c->rank = rank;
  c->ranks = ranks;
  stub_counters[LIVE_COMMUNICATORS]++;
  *communicator = c;
  if (!write_file(c, "joined", 0, "", 0)) return HCCL_RUNTIME;
  for (time_t end = time(NULL) + SECONDS_TO_JOIN; !all_have(c, "joined", 0); usleep(MICROSECONDS_BETWEEN_LOOKS))
    if (time(NULL) > end) return HCCL_TIMED_OUT;
  return HCCL_OK;
}

int HcclCommDestroy(void *communicator) {
  if (!object_end(communicator, COMMUNICATOR, "HcclCommDestroy")) return HCCL_BAD_PARAMETER;
  stub_counters[LIVE_COMMUNICATORS]--;
  return HCCL_OK;
}

/* Hand in this process's numbers once; whether all others have, too. numbers[0]: how many. */
static int is_ready(const Task *t) {
  Communicator *c = t->handle;
  /* Memory that was freed since is found as the kernel runs. */
  if (!object_is(c, COMMUNICATOR) || !memory_is_device(t->views[0].data, (int64_t)t->numbers[0] * 4)) return 1;
  if (!c->has_written) c->has_written = write_file(c, "sum", c->sums, t->views[0].data, (size_t)t->numbers[0] * 4);
  if (all_have(c, "sum", c->sums)) return 1;
  usleep(MICROSECONDS_BETWEEN_LOOKS);
  return 0;
}

static float combine(float a, float b, int operation) {
  return operation == SUM ? a + b : operation == PRODUCT ? a * b : operation == MAXIMUM ? fmaxf(a, b) : fminf(a, b);
}

/* numbers[1]: the operation, [2]: the HCCL dtype. */
static void all_reduce(const Task *t) {
  Communicator *c = t->handle;
  size_t count = (size_t)t->numbers[0];
  char path[320];
  float *part = malloc(count * 4 + 4), *sums = (float *)t->views[1].data;
  for (uint32_t rank = 0; rank < c->ranks; rank++) {
    path_of(path, sizeof path, c, "sum", rank, c->sums);
    FILE *file = fopen(path, "rb");
    if (!file || fread(part, 4, count, file) != count) stub_misuse("HcclAllReduce: rank %u gave other than %zu numbers", rank, count);
    if (file) fclose(file);
    for (size_t i = 0; i < count; i++)
      if (!rank) sums[i] = part[i];
      else if (t->numbers[2] == HCCL_INT32) ((int32_t *)sums)[i] = (int32_t)((uint32_t)((int32_t *)sums)[i] + (uint32_t)((int32_t *)part)[i]);
      else sums[i] = combine(sums[i], part[i], (int)t->numbers[1]);
  }
  free(part);
  c->sums++;
  c->has_written = 0;
}

static View flat(void *data, uint64_t count, int dtype) {
  return (View){.dtype = dtype, .rank = 1, .dims = {(int64_t)count}, .strides = {1}, .storage = (int64_t)count, .data = data};
}

int HcclAllReduce(void *send, void *receive, uint64_t count, int dtype, int operation, void *communicator, void *stream) {
  if (stub_enter("HcclAllReduce")) return HCCL_RUNTIME;
  if (!object_is(communicator, COMMUNICATOR)) {
    stub_misuse("HcclAllReduce with what is no communicator");
    return HCCL_NULL;
  }
  if (!send || !receive) return HCCL_NULL;
  if ((dtype != HCCL_FP32 && dtype != HCCL_INT32) || operation < SUM || operation > MINIMUM || (dtype == HCCL_INT32 && operation != SUM)) return HCCL_BAD_PARAMETER;
  int64_t bytes = (int64_t)count * 4;
  if (!memory_is_device(send, bytes) || !memory_is_device(receive, bytes)) return HCCL_BAD_PARAMETER;
  if (!count) return HCCL_OK;
  Task task = {.name = "HcclAllReduce", .run = all_reduce, .ready = is_ready, .inputs = 1, .outputs = 1, .target = 1, .moves = 1, .handle = communicator};
  task.views[0] = flat(send, count, dtype == HCCL_FP32 ? FLOAT : INT32);
  task.views[1] = flat(receive, count, dtype == HCCL_FP32 ? FLOAT : INT32);
  task.numbers[0] = (double)count;
  task.numbers[1] = operation;
  task.numbers[2] = dtype;
  return queue_append(stream, &task) ? HCCL_RUNTIME : HCCL_OK;
}
