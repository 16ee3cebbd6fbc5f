/* What the chip can do, by the name of its SoC. First-generation names: Ascend/pytorch, soc_version.h. */
#include "stub.h"

static char soc[64];

void chip_set(const char *name) { snprintf(soc, sizeof soc, "%s", name); }
const char *chip_name(void) { return soc; }

int chip_is_first_generation(void) {
  static const char *const names[] = {"Ascend910", "Ascend910A", "Ascend910B", "Ascend910ProA", "Ascend910ProB", "Ascend910PremiumA"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(soc, names[i]) == 0) return 1;
  return 0;
}
int chip_is_310p(void) { return strncmp(soc, "Ascend310P", 10) == 0; }

static int is_old(void) { return chip_is_first_generation() || chip_is_310p(); }
int chip_multiplies_only_half(void) { return is_old(); }
int chip_moves_unaligned(void) { return !is_old(); }
int chip_has_only_saturation(void) { return is_old(); }
int chip_captures(void) { return !chip_multiplies_only_half(); }
