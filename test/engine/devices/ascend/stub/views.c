/* Strided views: counting and finding their elements. */
#include "stub.h"

int64_t view_elements(const View *v) {
  int64_t n = 1;
  for (int d = 0; d < v->rank; d++) n *= v->dims[d];
  return n;
}

int view_is_contiguous(const View *v) {
  int64_t stride = 1;
  for (int d = v->rank - 1; d >= 0; d--) {
    if (v->dims[d] != 1 && v->strides[d] != stride) return 0;
    stride *= v->dims[d];
  }
  return 1;
}

int64_t view_place(const View *v, const int64_t *index) {
  int64_t element = v->offset;
  for (int d = 0; d < v->rank; d++) element += (v->dims[d] == 1 ? 0 : index[d]) * v->strides[d];
  return element;
}

void view_unravel(const View *v, int64_t position, int64_t *index) {
  for (int d = v->rank - 1; d >= 0; d--) {
    index[d] = position % v->dims[d];
    position /= v->dims[d];
  }
}
