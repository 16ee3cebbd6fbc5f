/*
 * Saturation: on 910 and 310P the only mode, on newer chips the one that can be asked for. What a kernel computes as
 * infinity becomes the largest number, and NaN becomes 0 (RT, aclrtFloatOverflowMode); a flag of the card tells that it
 * happened, which aclrtGetOverflowStatus reads in order with the stream. Newer chips set it only for streams whose switch
 * is on (aclrtSetStreamOverflowSwitch, which the old chips lack).
 */
#include "stub.h"
#include <float.h>

enum { SATURATION, INFNAN, STATUS_BYTES = 64 };

static int is_switched_on;

int overflow_saturates(void) { return chip_has_only_saturation() || stub_card()->saturates; }

static void saturate(float *x, int is_flagged) {
  if (isfinite(*x)) return;
  *x = isnan(*x) ? 0 : copysignf(FLT_MAX, *x);
  if (is_flagged) stub_card()->overflowed = 1;
}

void overflow_saturate(const Task *task) {
  const View *v = &task->views[task->target];
  if (v->dtype != FLOAT) return;
  int is_flagged = chip_has_only_saturation() || is_switched_on;
  int64_t index[MOST_AXES] = {0}, total = view_elements(v);
  int is_contiguous = view_is_contiguous(v);
  for (int64_t i = 0; i < total; i++) {
    if (!is_contiguous) view_unravel(v, i, index);
    saturate((float *)v->data + (is_contiguous ? v->offset + i : view_place(v, index)), is_flagged);
  }
}

int aclrtGetDeviceSatMode(int *mode) {
  int code = stub_enter("aclrtGetDeviceSatMode");
  if (!code) *mode = overflow_saturates() ? SATURATION : INFNAN;
  return code;
}

int aclrtSetDeviceSatMode(int mode) {
  int code = stub_enter("aclrtSetDeviceSatMode");
  if (code) return code;
  if (mode != SATURATION && mode != INFNAN) return stub_error(INVALID_PARAMETER, "mode %d", mode);
  if (mode == INFNAN && chip_has_only_saturation()) return stub_error(UNSUPPORTED, "infinities on %s", chip_name());
  stub_card()->saturates = mode == SATURATION;
  return OK;
}

int aclrtSetStreamOverflowSwitch(void *stream, uint32_t flag) {
  int code = stub_enter("aclrtSetStreamOverflowSwitch");
  if (!code) code = stream_check(stream, "aclrtSetStreamOverflowSwitch");
  if (code) return code;
  if (chip_has_only_saturation() || !stub_card()->saturates) return stub_error(UNSUPPORTED, "aclrtSetStreamOverflowSwitch here");
  is_switched_on = flag != 0;
  return OK;
}

int aclrtGetStreamOverflowSwitch(void *stream, uint32_t *flag) {
  int code = stub_enter("aclrtGetStreamOverflowSwitch");
  if (!code) code = stream_check(stream, "aclrtGetStreamOverflowSwitch");
  if (!code) *flag = (uint32_t)is_switched_on;
  return code;
}

static void read_status(const Task *task) {
  if (!memory_is_device(task->handle, STATUS_BYTES)) {
    stub_misuse("aclrtGetOverflowStatus: memory was freed before the status was read");
    return;
  }
  memset(task->handle, 0, STATUS_BYTES);
  *(uint32_t *)task->handle = (uint32_t)stub_card()->overflowed;
}

int aclrtGetOverflowStatus(void *output, size_t bytes, void *stream) {
  int code = stub_enter("aclrtGetOverflowStatus");
  if (code) return code;
  if (bytes != STATUS_BYTES) return stub_error(INVALID_PARAMETER, "aclrtGetOverflowStatus into %zu bytes", bytes);
  if (!memory_is_device(output, STATUS_BYTES)) return stub_error(INVALID_PARAMETER, "aclrtGetOverflowStatus: not in device memory");
  Task task = {.name = "aclrtGetOverflowStatus", .run = read_status, .handle = output, .target = -1};
  return queue_append(stream, &task);
}

static void reset_status(const Task *task) {
  (void)task;
  stub_card()->overflowed = 0;
}

int aclrtResetOverflowStatus(void *stream) {
  int code = stub_enter("aclrtResetOverflowStatus");
  if (code) return code;
  Task task = {.name = "aclrtResetOverflowStatus", .run = reset_status, .target = -1};
  return queue_append(stream, &task);
}
