/*
 * Who initialised what, on which cards, and what went wrong. aclInit counts its callers, and any aclFinalize sets the
 * count to zero, for all of them; aclFinalizeReference takes one off (RT src/acl/aclrt_impl/acl.cpp). A thread has one
 * current card, the one that it set last.
 */
#include "stub.h"
#include <stdarg.h>

enum { MOST_CARDS = 8 };

int64_t stub_counters[COUNTERS];

static __thread int current = -1;
static Card cards[MOST_CARDS];
static int card_count = 1;
static uint64_t references, initialisations;
static int64_t first_idle, kernels;
static char message[512], last_misuse[512];
static int has_message, last_error;
static char failing[64];
static long fail_at, fail_count;
static int whole_libraries, split_libraries;

int stub_error(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  has_message = 1;
  last_error = code;
  return code;
}

void stub_misuse(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_misuse, sizeof last_misuse, format, arguments);
  va_end(arguments);
  stub_counters[MISUSES]++;
  fprintf(stderr, "Ascend stub: %s\n", last_misuse);
}

/* For the tests. */
int64_t stub_counter(int index) { return stub_counters[index]; }
const char *stub_last_misuse(void) { return last_misuse; }

int stub_injected(const char *what) {
  if (fail_at <= 0 || strcmp(what, failing) || ++fail_count != fail_at) return 0;
  stub_counters[INJECTED]++;
  return 1;
}

int stub_lists(const char *variable, const char *name) {
  const char *list = getenv(variable), *start = list ? strstr(list, name) : NULL;
  size_t length = strlen(name);
  for (; start; start = strstr(start + 1, name))
    if ((start == list || start[-1] == ',') && (start[length] == 0 || start[length] == ',')) return 1;
  return 0;
}

int stub_is_idle(void) { return first_idle && ++kernels >= first_idle; }
uint64_t stub_initialisations(void) { return initialisations; }

static int enter_anywhere(const char *function) {
  stub_counters[CALLS]++;
  if (!references) return stub_error(UNINITIALISED, "%s before aclInit", function);
  if (stub_injected(function)) return stub_error(INTERNAL, "injected failure of %s", function);
  return OK;
}

int stub_enter(const char *function) {
  int code = enter_anywhere(function);
  if (code) return code;
  return current < 0 ? stub_error(NO_CONTEXT, "%s on a thread without context", function) : OK;
}

Card *stub_card(void) { return &cards[current < 0 ? 0 : current]; }

/* Each library of operators reports itself as it is loaded (1) and unloaded (-1). */
void stub_count_operators(const char *library, int by) {
  if (strcmp(library, "libopapi.so") == 0) whole_libraries += by;
  else split_libraries += by;
}

/* OM docs/zh/op_api_list.md: the one library and the split ones are not to be used together. */
static int has_both_layouts(void) { return whole_libraries && split_libraries; }

static const char *variable(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && *value ? value : otherwise;
}

int aclInit(const char *configPath) {
  (void)configPath;
  stub_counters[CALLS]++;
  if (has_both_layouts()) {
    stub_misuse("libopapi.so and the split libraries of operators are loaded together");
    return stub_error(INTERNAL, "%s", last_misuse);
  }
  if (references++) return stub_error(REPEATED_INITIALISE, "aclInit for the %lu. time", (unsigned long)references);
  initialisations++;
  memset(cards, 0, sizeof cards);
  current = -1;
  chip_set(variable("ASCEND_STUB_SOC", "Ascend910B4"));
  card_count = atoi(variable("ASCEND_STUB_CARDS", "1"));
  first_idle = atoi(variable("ASCEND_STUB_IDLE", "0"));
  kernels = 0;
  const char *fail = variable("ASCEND_STUB_FAIL", ""), *colon = strchr(fail, ':');
  fail_count = fail_at = 0;
  if (colon) {
    snprintf(failing, sizeof failing, "%.*s", (int)(colon - fail), fail);
    fail_at = atol(colon + 1);
  }
  if (stub_injected("aclInit")) {
    references = 0;
    return stub_error(INTERNAL, "injected failure of aclInit");
  }
  return OK;
}

int aclFinalize(void) {
  stub_counters[CALLS]++;
  if (!references) return stub_error(REPEATED_FINALISE, "aclFinalize without aclInit");
  references = 0;
  return OK;
}

int aclFinalizeReference(uint64_t *count) {
  stub_counters[CALLS]++;
  if (!references) return stub_error(REPEATED_FINALISE, "aclFinalizeReference without aclInit");
  references--;
  if (count) *count = references;
  return OK;
}

const char *aclGetRecentErrMsg(void) {
  stub_counters[CALLS]++;
  if (!has_message) return NULL;
  has_message = 0;
  return message;
}

int aclrtGetLastError(int level) {
  (void)level;
  int code = last_error;
  last_error = OK;
  return code;
}

int aclrtPeekAtLastError(int level) {
  (void)level;
  return last_error;
}

const char *aclrtGetSocName(void) { return references ? chip_name() : NULL; }

int aclrtGetVersion(int32_t *major, int32_t *minor, int32_t *patch) {
  *major = 1;
  *minor = 15;
  *patch = 0;
  return enter_anywhere("aclrtGetVersion");
}

/* RT acl_rt.h: sizes of the fields. */
struct aclCANNPackageVersion { char version[128], major[64], minor[64], release[64], patch[64], reserved[128]; };

/* By the name of a package, from CANN 9 on (RT); the driver is none of them. */
int aclsysGetVersionStr(char *package, char *version) {
  int code = enter_anywhere("aclsysGetVersionStr");
  if (code) return code;
  if (strcmp(package, "runtime")) return stub_error(INVALID_PARAMETER, "no package %s", package);
  strcpy(version, "9.0.stub");
  return OK;
}

int aclsysGetCANNVersion(int package, aclCANNPackageVersion *version) {
  int code = enter_anywhere("aclsysGetCANNVersion");
  if (code) return code;
  if (package < 0 || package > 7) return stub_error(INVALID_PARAMETER, "package %d", package);
  memset(version, 0, sizeof *version);
  snprintf(version->version, sizeof version->version, "%s", package == 7 ? "25.0.stub" : "9.0.stub");
  snprintf(version->major, sizeof version->major, "%s", package == 7 ? "25" : "9");
  snprintf(version->minor, sizeof version->minor, "0");
  snprintf(version->release, sizeof version->release, "0");
  snprintf(version->patch, sizeof version->patch, "0");
  return OK;
}

int aclrtGetDeviceCount(uint32_t *count) {
  *count = (uint32_t)card_count;
  return enter_anywhere("aclrtGetDeviceCount");
}

int aclrtSetDevice(int32_t device) {
  int code = enter_anywhere("aclrtSetDevice");
  if (code) return code;
  if (device < 0 || device >= card_count) return stub_error(NO_SUCH_DEVICE, "device %d of %d", device, card_count);
  cards[device].references++;
  current = device;
  return OK;
}

int aclrtResetDevice(int32_t device) {
  int code = enter_anywhere("aclrtResetDevice");
  if (code) return code;
  if (device < 0 || device >= card_count || !cards[device].references) return stub_error(NO_SUCH_DEVICE, "device %d was not set", device);
  if (--cards[device].references == 0 && current == device) current = -1;
  return OK;
}

int aclrtCtxSetSysParamOpt(int option, int64_t value) {
  int code = stub_enter("aclrtCtxSetSysParamOpt");
  if (code) return code;
  if (option == 0) stub_card()->deterministic = value == 1;
  return OK;
}
