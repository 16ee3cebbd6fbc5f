/* The two phases that all operators have; math.c and nn.c say what is between. */
#include "stub.h"

typedef struct { aclOpExecutor *executor; int code; } Plan;
typedef void (*Run)(const Task *);

/* Phase one. Each step does nothing once one has failed. `target`: the operand that is written. */
Plan plan_begin(const char *function, Run run, int inputs, int outputs, int target, const aclTensor *const *tensors);
void plan_refuse(Plan *p, int code, const char *why);
void plan_dtypes(Plan *p, int first_input, const char *allowed); /* inputs of one dtype: f, i or b */
void plan_result(Plan *p, int dtype);
int plan_dtype(const Plan *p);                                   /* of the last input */
void plan_broadcast(Plan *p, int target, int first, int last);
void plan_number(Plan *p, int index, double value);
void plan_scalar(Plan *p, int index, const aclScalar *value);
void plan_moves(Plan *p);                                        /* moves bits, and no others than those of its target */
int plan_finish(Plan p, uint64_t *workspaceSize, aclOpExecutor **executor);

/* Phase two. */
int launch(const char *function, void *workspace, uint64_t bytes, aclOpExecutor *executor, void *stream);
#define LAUNCH(Name) \
  int aclnn##Name(void *workspace, uint64_t size, aclOpExecutor *executor, void *stream) { return launch("aclnn" #Name, workspace, size, executor, stream); }

/* Elementwise kernels: a walk over the rows of the view that is written. */
typedef struct { int rank, operands; int64_t dims[MOST_AXES], index[MOST_AXES], strides[MOST_OPERANDS][MOST_AXES], bytes[MOST_OPERANDS]; char *at[MOST_OPERANDS]; } Walk;
void walk_begin(Walk *w, const Task *t, int target);
int walk_next(Walk *w);

#define U(v) ((uint32_t)(v))

/* A kernel with `COUNT` inputs. x, y, z: the operands' elements; n: the attributes. */
#define KERNEL(Name, COUNT, TO, TX, TY, TZ, EXPRESSION)                                                \
  static void Name(const Task *t) {                                                                    \
    Walk w;                                                                                            \
    walk_begin(&w, t, COUNT);                                                                          \
    const double *n = t->numbers;                                                                      \
    (void)n;                                                                                           \
    do {                                                                                               \
      int last = w.rank - 1;                                                                           \
      char *a = w.at[0], *b = w.at[COUNT > 1 ? 1 : 0], *c = w.at[COUNT > 2 ? 2 : 0], *o = w.at[COUNT]; \
      int64_t sa = w.strides[0][last], sb = w.strides[COUNT > 1 ? 1 : 0][last];                        \
      int64_t sc = w.strides[COUNT > 2 ? 2 : 0][last], so = w.strides[COUNT][last];                    \
      for (int64_t i = 0; i < w.dims[last]; i++, a += sa, b += sb, c += sc, o += so) {                 \
        TX x = *(TX *)a;                                                                               \
        TY y = *(TY *)b;                                                                               \
        TZ z = *(TZ *)c;                                                                               \
        (void)x, (void)y, (void)z;                                                                     \
        *(TO *)o = (TO)(EXPRESSION);                                                                   \
      }                                                                                                \
    } while (walk_next(&w));                                                                           \
  }

#define BY_DTYPE(Name) (tensors[0] && tensors[0]->view.dtype == INT32 ? Name##_i : Name##_f)

/* One input, of floats or int32. */
#define UNARY(Name, ALLOWED, FLOATS, INTS, EXTRA)                                                                      \
  KERNEL(Name##_f, 1, float, float, float, float, FLOATS)                                                              \
  KERNEL(Name##_i, 1, int32_t, int32_t, int32_t, int32_t, INTS)                                                        \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *self, aclTensor *out, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {self, out};                                                                          \
    Plan p = plan_begin("aclnn" #Name "GetWorkspaceSize", BY_DTYPE(Name), 1, 1, 1, tensors);                           \
    EXTRA;                                                                                                             \
    plan_dtypes(&p, 0, ALLOWED);                                                                                       \
    plan_result(&p, plan_dtype(&p));                                                                                   \
    plan_broadcast(&p, 1, 0, 0);                                                                                       \
    return plan_finish(p, size, executor);                                                                             \
  }                                                                                                                    \
  LAUNCH(Name)

/* The gradient of a function by its result: x is what comes back, y the result. Nothing is repeated. */
#define BACKWARD(Name, EXPRESSION)                                                                                                                         \
  KERNEL(Name, 2, float, float, float, float, EXPRESSION)                                                                                                  \
  int aclnn##Name##GetWorkspaceSize(const aclTensor *gradOutput, const aclTensor *output, aclTensor *gradInput, uint64_t *size, aclOpExecutor **executor) { \
    const aclTensor *tensors[] = {gradOutput, output, gradInput};                                                                                          \
    Plan p = plan_begin("aclnn" #Name "GetWorkspaceSize", Name, 2, 1, 2, tensors);                                                                         \
    plan_dtypes(&p, 0, "f");                                                                                                                               \
    plan_result(&p, plan_dtype(&p));                                                                                                                       \
    plan_broadcast(&p, 2, 0, 1);                                                                                                                           \
    for (int i = 0; i < 2 && !p.code; i++)                                                                                                                 \
      if (view_elements(&tensors[i]->view) != view_elements(&gradInput->view)) plan_refuse(&p, BAD_OPERAND, "shapes differ");                              \
    return plan_finish(p, size, executor);                                                                                                                 \
  }                                                                                                                                                        \
  LAUNCH(Name)
