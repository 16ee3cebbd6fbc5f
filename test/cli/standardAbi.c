/*
 * A library with the binary interface of MPI 5 (its section 20) for tests: what trainings call, handed on to MPICH, whose
 * functions have second names that begin with PMPI_. Handles of the standard are addresses with small numbers for those that
 * are predefined; MPICH's are ints.
 */
#include <stdint.h>

typedef intptr_t handle;

/* Handles that nobody may use by MPICH's names: a wrong one ends the process. */
static int world(handle h) { return h == 0x101 ? 0x44000000 : 0; }
static int sum(handle h) { return h == 0x21 ? 0x58000003 : 0; }
static int type(handle h) {
  return h == 0x247 ? 0x4c00010d : h == 0x209 ? 0x4c000405 : h == 0x210 ? 0x4c00040a : h == 0x214 ? 0x4c00080b : 0;
}

int PMPI_Init_thread(int *, char ***, int, int *);
int PMPI_Comm_rank(int, int *);
int PMPI_Comm_size(int, int *);
int PMPI_Get_library_version(char *, int *);
int PMPI_Isend(const void *, int, int, int, int, int, int *);
int PMPI_Irecv(void *, int, int, int, int, int, int *);
int PMPI_Testall(int, int *, int *, void *);
int PMPI_Reduce_local(const void *, void *, int, int, int);
int PMPI_Abort(int, int);
int PMPI_Finalize(void);

int MPI_Init_thread(int *argc, char ***argv, int wanted, int *got) {
  return PMPI_Init_thread(argc, argv, wanted, got);
}
int MPI_Comm_rank(handle comm, int *rank) { return PMPI_Comm_rank(world(comm), rank); }
int MPI_Comm_size(handle comm, int *size) { return PMPI_Comm_size(world(comm), size); }
int MPI_Get_library_version(char *text, int *length) { return PMPI_Get_library_version(text, length); }
int MPI_Isend(const void *data, int count, handle t, int to, int tag, handle comm, handle *request) {
  int own;
  int code = PMPI_Isend(data, count, type(t), to, tag, world(comm), &own);
  *request = own;
  return code;
}
int MPI_Irecv(void *data, int count, handle t, int from, int tag, handle comm, handle *request) {
  int own;
  int code = PMPI_Irecv(data, count, type(t), from, tag, world(comm), &own);
  *request = own;
  return code;
}
int MPI_Testall(int count, handle requests[], int *flag, void *statuses) {
  int own[16], code, i;
  (void)statuses;
  for (i = 0; i < count; i++) own[i] = (int)requests[i];
  code = PMPI_Testall(count, own, flag, (void *)1); /* MPICH's MPI_STATUSES_IGNORE */
  for (i = 0; i < count; i++) requests[i] = own[i];
  return code;
}
int MPI_Reduce_local(const void *in, void *out, int count, handle t, handle op) {
  return PMPI_Reduce_local(in, out, count, type(t), sum(op));
}
int MPI_Abort(handle comm, int code) { return PMPI_Abort(world(comm), code); }
int MPI_Finalize(void) { return PMPI_Finalize(); }
