/* Device memory and page-locked host memory. What is new or freed is full of NaN. */
#include "stub.h"

/* aclrtMalloc rounds up to 32 bytes and adds 32 (RT docs, 11-01). */
enum { BLOCK = 32, PADDING = 32 };

typedef struct Block { char *data; int64_t bytes; int is_host; } Block;

/* By their addresses: every operand of every kernel is looked up. */
static Block *blocks;
static size_t count, capacity;
static int64_t used;

int64_t dtype_bytes(int dtype) { return dtype == BOOL ? 1 : dtype == FLOAT16 ? 2 : 4; }

static int64_t limit(void) {
  const char *value = getenv("ASCEND_STUB_MEMORY");
  return value && *value ? atoll(value) : 8589934592;
}

/* How many blocks begin at an address or before it. */
static size_t blocks_up_to(const char *address) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (blocks[middle].data <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

static void new_block(void **pointer, size_t bytes, int is_host) {
  Block block = {.is_host = is_host};
  block.bytes = (int64_t)(bytes + BLOCK - 1) / BLOCK * BLOCK;
  if (posix_memalign((void **)&block.data, 512, (size_t)block.bytes + PADDING)) abort();
  memset(block.data, 0xff, (size_t)block.bytes + PADDING);
  if (count == capacity) {
    capacity = capacity ? 2 * capacity : 256;
    blocks = realloc(blocks, capacity * sizeof *blocks);
  }
  size_t place = blocks_up_to(block.data);
  memmove(blocks + place + 1, blocks + place, (count++ - place) * sizeof *blocks);
  blocks[place] = block;
  *pointer = block.data;
  stub_counters[is_host ? LIVE_HOST : LIVE_MEMORY]++;
}

static int free_block(void *pointer, int is_host, const char *function) {
  int code = stub_enter(function);
  if (code) return code;
  size_t after = blocks_up_to(pointer);
  if (after && blocks[after - 1].data == pointer && blocks[after - 1].is_host == is_host) {
    Block block = blocks[after - 1];
    memmove(blocks + after - 1, blocks + after, (count-- - after) * sizeof *blocks);
    if (!is_host) used -= block.bytes;
    memset(block.data, 0xff, (size_t)block.bytes);
    free(block.data);
    stub_counters[is_host ? LIVE_HOST : LIVE_MEMORY]--;
    return OK;
  }
  stub_misuse("%s of memory that is not allocated", function);
  return stub_error(INVALID_PARAMETER, "%s of memory that is not allocated", function);
}

static const Block *block_of(const void *data, int64_t bytes, int is_host) {
  const char *start = data;
  size_t after = blocks_up_to(start);
  const Block *block = after ? &blocks[after - 1] : NULL;
  return block && block->is_host == is_host && start + bytes <= block->data + block->bytes ? block : NULL;
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
