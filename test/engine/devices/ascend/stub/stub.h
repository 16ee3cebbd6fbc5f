/*
 * What the files of the stub share. `cann.h` is generated from declarations.tsv, so that a definition here that differs
 * from CANN's declarations does not compile.
 *
 * Environment, read by aclInit:
 *   ASCEND_STUB_SOC      what aclrtGetSocName says; Ascend910B4 unless set
 *   ASCEND_STUB_CARDS    how many cards there are; 1 unless set
 *   ASCEND_STUB_REFUSE   names of operators that phase one refuses, with commas
 *   ASCEND_STUB_AICPU    names of operators that run on the AI CPU: they cannot be repeated
 *   ASCEND_STUB_MEMORY   bytes of device memory
 *   ASCEND_STUB_FAIL     what:n, the n-th time it fails: a function by its name, `plan` or `launch` of any operator,
 *                        `malloc`, `kernel` (an exception in a core), `device` (the card is lost), `hang` (never ends)
 *   ASCEND_STUB_IDLE     n: kernels from the n-th on are checked and do nothing, to measure what calling them costs
 */
#include "cann.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* acl_base_rt.h, rt_error_codes.h (RT), aclnn's codes (OB). */
enum {
  OK = 0,
  INVALID_PARAMETER = 100000, UNINITIALISED = 100001, REPEATED_INITIALISE = 100002, REPEATED_FINALISE = 100037,
  NO_SUCH_DEVICE = 107001, NO_CONTEXT = 107002, OTHER_CONTEXT = 107003, TIMED_OUT = 507046,
  STREAM_IS_CAPTURED = 107027, STREAM_NOT_CAPTURED = 107029, NOT_WHILE_CAPTURING = 107030, CAPTURE_INVALIDATED = 507903,
  NULL_OPERAND = 161001, BAD_OPERAND = 161002, UNSUPPORTED = 207000, OUT_OF_MEMORY = 207001, RUNTIME_FAILED = 361001,
  INTERNAL = 500000, LOST_HEARTBEAT = 507010, CORE_TIMEOUT = 507014, CORE_EXCEPTION = 507015,
  INNER = 561000, NO_KERNEL = 561003, INNER_NULL = 561103
};
enum { FLOAT = 0, FLOAT16 = 1, INT32 = 3, BOOL = 12 };
enum { MOST_AXES = 8, MOST_OPERANDS = 5, MOST_NUMBERS = 12 };

/* chip.c. */
int chip_is_first_generation(void);
int chip_multiplies_only_half(void);   /* 910, 310P */
int chip_moves_unaligned(void);        /* not 910, 310P (OM conversion/contiguous, SupportMoveAlign) */
int chip_has_only_saturation(void);    /* 910, 310P (RT, aclrtFloatOverflowMode) */
int chip_captures(void);               /* not 910, 310P (RT docs/api_docs/aclmdlRICaptureBegin.md) */
int chip_is_310p(void);
void chip_set(const char *soc);
const char *chip_name(void);

/* objects.c: memory of handles is never given back, so a stale handle can be looked at. */
typedef enum { TENSOR = 0x7e5, SCALAR, INT_ARRAY, EXECUTOR, STREAM, EVENT, MODEL, COMMUNICATOR, DEAD } Kind;
typedef struct Object { Kind kind; uint64_t serial; struct Object *next; } Object;
void *object_new(Kind kind, size_t bytes);
int object_is(const void *object, Kind kind);
/* Ends an object. @return whether it was one; otherwise a misuse is counted. */
int object_end(const void *object, Kind kind, const char *function);

/* Counters for the tests; names in stub.ts. */
enum {
  LIVE_MEMORY, LIVE_HOST, LIVE_TENSORS, LIVE_SCALARS, LIVE_INT_ARRAYS, LIVE_EXECUTORS, LIVE_STREAMS, LIVE_EVENTS, LIVE_MODELS, LIVE_COMMUNICATORS,
  MISUSES,    /* what would crash CANN, or read freed memory */
  UNPADDED,   /* launches where another operand lies in the 32 bytes that an operand needs behind its end */
  CALLS, PLANS, LAUNCHES,
  AS_STRIDED, /* operands that CANN could only gather element by element, as their storage does not fit their view */
  REPLAYS, SCRIBBLES,
  INJECTED,   /* failures that were told to happen, and did */
  COUNTERS
};
extern int64_t stub_counters[COUNTERS];

/* runtime.c. */
int stub_error(int code, const char *format, ...);
void stub_misuse(const char *format, ...);
int stub_enter(const char *function);  /* counts the call; needs aclInit and a current card, and fails where it is told to */
int stub_injected(const char *what);
int stub_lists(const char *variable, const char *name); /* whether a variable's list has a name */
int stub_is_idle(void);
uint64_t stub_initialisations(void);    /* how often aclInit began anew */
void stub_count_operators(const char *library, int by);

typedef struct Card { int references, is_lost, saturates, overflowed, deterministic; } Card;
Card *stub_card(void);                 /* the thread's current one */

/* memory.c. */
int memory_is_device(const void *data, int64_t bytes);
int memory_is_host(const void *data, int64_t bytes);
int64_t memory_behind(const void *data); /* bytes to the end of the allocation, with the 32 that aclrtMalloc adds */
int64_t dtype_bytes(int dtype);

typedef struct { int dtype, rank; int64_t dims[MOST_AXES], strides[MOST_AXES], offset, storage; char *data; } View;
struct aclTensor { Object object; View view; };

/* views.c. `index`: one number for each axis; elements are counted from `data`. */
int64_t view_elements(const View *v);
int view_is_contiguous(const View *v);
int64_t view_place(const View *v, const int64_t *index);
void view_unravel(const View *v, int64_t position, int64_t *index);

struct aclScalar { Object object; int dtype; double value; };
struct aclIntArray { Object object; uint64_t count; int64_t values[MOST_AXES]; };

/* Something enqueued: a kernel, with everything that it needs by value. */
typedef struct Task Task;
struct Task {
  const char *name;
  void (*run)(const Task *);
  int (*ready)(const Task *);          /* for those that wait for others; NULL: at once */
  int inputs, outputs;
  View views[MOST_OPERANDS];           /* inputs, then outputs; an in-place operator's target is its first input */
  double numbers[MOST_NUMBERS];
  int target;                          /* which view is written, or -1 */
  int moves;                           /* moves bits: nothing to saturate */
  int overwrites_tail;                 /* writes whole blocks of 32 bytes */
  char *workspace;                     /* overwritten when the kernel runs: nothing else may lie there */
  int64_t workspace_bytes;
  const void *bytes_from; void *bytes_to; size_t bytes; /* of copies */
  void *handle;                        /* of events, communicators, overflow status */
};

/* queue.c. */
int queue_append(void *stream, const Task *task);
int stream_check(void *stream, const char *function); /* of the current card, and not lost */

/* overflow.c. */
int overflow_saturates(void);
void overflow_saturate(const Task *task);

struct aclOpExecutor {
  Object object;
  Task task;
  const aclTensor *tensors[MOST_OPERANDS];
  uint64_t serials[MOST_OPERANDS];     /* of the tensors when it was planned */
  int is_repeatable, is_launched, is_cached;
  const char *cannot_repeat;           /* why, or NULL */
  uint64_t key;                        /* of the operator with its operands' forms */
};
