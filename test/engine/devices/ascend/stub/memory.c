/* Device memory and page-locked host memory. What is new or freed is full of NaN. */
#include "stub.h"

/* aclrtMalloc rounds up to 32 bytes and adds 32 (RT docs, 11-01). */
enum { BLOCK = 32, PADDING = 32 };

typedef struct Block { char *data; int64_t bytes; int is_host; Card *card; struct Block *next; } Block;

static Block *blocks;
static int64_t used;

int64_t dtype_bytes(int dtype) { return dtype == BOOL ? 1 : dtype == FLOAT16 ? 2 : 4; }

static int64_t limit(void) {
  const char *value = getenv("ASCEND_STUB_MEMORY");
  return value && *value ? atoll(value) : 8589934592;
}

static void new_block(void **pointer, size_t bytes, int is_host) {
  Block *block = malloc(sizeof *block);
  block->bytes = (int64_t)(bytes + BLOCK - 1) / BLOCK * BLOCK;
  if (posix_memalign((void **)&block->data, 512, (size_t)block->bytes + PADDING)) abort();
  memset(block->data, 0xff, (size_t)block->bytes + PADDING);
  block->is_host = is_host;
  block->card = stub_card();
  block->next = blocks;
  blocks = block;
  *pointer = block->data;
  stub_counters[is_host ? LIVE_HOST : LIVE_MEMORY]++;
}

static int free_block(void *pointer, int is_host, const char *function) {
  int code = stub_enter(function);
  if (code) return code;
  for (Block **link = &blocks; *link; link = &(*link)->next) {
    Block *block = *link;
    if (block->data != pointer || block->is_host != is_host) continue;
    *link = block->next;
    if (!is_host) used -= block->bytes;
    memset(block->data, 0xff, (size_t)block->bytes);
    free(block->data);
    free(block);
    stub_counters[is_host ? LIVE_HOST : LIVE_MEMORY]--;
    return OK;
  }
  stub_misuse("%s of memory that is not allocated", function);
  return stub_error(INVALID_PARAMETER, "%s of memory that is not allocated", function);
}

static const Block *block_of(const void *data, int64_t bytes, int is_host) {
  const char *start = data;
  for (Block *block = blocks; block; block = block->next)
    if (block->is_host == is_host && start >= block->data && start + bytes <= block->data + block->bytes) return block;
  return NULL;
}

int memory_is_device(const void *data, int64_t bytes) { return block_of(data, bytes, 0) != NULL; }
int memory_is_host(const void *data, int64_t bytes) { return block_of(data, bytes, 1) != NULL; }

int64_t memory_behind(const void *data) {
  const Block *block = block_of(data, 0, 0);
  return block ? block->data + block->bytes + PADDING - (const char *)data : 0;
}

int aclrtMalloc(void **pointer, size_t bytes, int policy) {
  (void)policy;
  int code = stub_enter("aclrtMalloc");
  if (code) return code;
  if (!bytes) return stub_error(INVALID_PARAMETER, "aclrtMalloc of nothing");
  int64_t rounded = (int64_t)(bytes + BLOCK - 1) / BLOCK * BLOCK;
  if (stub_injected("malloc") || used + rounded > limit()) return stub_error(OUT_OF_MEMORY, "no %zu bytes of device memory", bytes);
  used += rounded;
  new_block(pointer, bytes, 0);
  return OK;
}

int aclrtFree(void *pointer) { return free_block(pointer, 0, "aclrtFree"); }

int aclrtMallocHost(void **pointer, size_t bytes) {
  int code = stub_enter("aclrtMallocHost");
  if (code) return code;
  new_block(pointer, bytes, 1);
  return OK;
}

int aclrtFreeHost(void *pointer) { return free_block(pointer, 1, "aclrtFreeHost"); }

int aclrtGetMemInfo(int attribute, size_t *free, size_t *total) {
  int code = stub_enter("aclrtGetMemInfo");
  if (code) return code;
  if (attribute != 0 && attribute != 1) return stub_error(INVALID_PARAMETER, "memory attribute %d", attribute);
  *total = (size_t)limit();
  *free = (size_t)(limit() - used);
  return OK;
}
