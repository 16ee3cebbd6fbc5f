/** How many random cases generated tests try, as a multiple of a thorough number: XENOGRAD_TEST_EFFORT (20 makes a good night). */
export const effort = Number(process.env.XENOGRAD_TEST_EFFORT) || 0.7

/** `usual` random cases, by the effort. */
export const runs = (usual: number): number => Math.ceil(usual * effort)
