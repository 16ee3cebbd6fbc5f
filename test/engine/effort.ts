/**
 * How many random cases a generated test tries: `usual`, or that many times as many as the environment variable
 * XENOGRAD_TEST_EFFORT says (20 makes a good night).
 */
export const runs = (usual: number): number =>
  Math.ceil(usual * (Number(process.env.XENOGRAD_TEST_EFFORT) || 1))
