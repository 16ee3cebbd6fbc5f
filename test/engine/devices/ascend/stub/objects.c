/* Handles. CANN's are bare pointers: using one that was destroyed reads freed memory. Here it is counted as a misuse. */
#include "stub.h"

enum { KEPT = 4096 };

/* Objects that were destroyed, by kind, oldest first: used again only once there are many, so that stale handles are
 * found. */
typedef struct { Object *first, *last; size_t count; } Queue;
static Queue destroyed[DEAD - TENSOR];
static uint64_t serials;

void *object_new(Kind kind, size_t bytes) {
  Queue *queue = &destroyed[kind - TENSOR];
  Object *object;
  if (queue->count > KEPT) {
    object = queue->first;
    queue->first = object->next;
    queue->count--;
    memset(object, 0, bytes);
  } else object = calloc(1, bytes);
  object->kind = kind;
  object->serial = ++serials;
  return object;
}

int object_is(const void *object, Kind kind) { return object && ((const Object *)object)->kind == kind; }

int object_end(const void *handle, Kind kind, const char *function) {
  if (!object_is(handle, kind)) {
    stub_misuse("%s of what is none, or was destroyed before", function);
    return 0;
  }
  Object *object = (Object *)handle;
  Queue *queue = &destroyed[kind - TENSOR];
  object->kind = DEAD;
  object->next = NULL;
  if (queue->count++) queue->last->next = object;
  else queue->first = object;
  queue->last = object;
  return 1;
}
