/** How a learning rate changes over a training. */
export type Schedule = {
  /** After the warm-up: constant, or down to 0 along half a cosine (Loshchilov & Hutter 2017, eq. 5) or a line. */
  readonly shape: ScheduleShape
  /** Updates of the whole training. */
  readonly steps: number
  /** Updates at the beginning in which the rate rises from 0 along a line; none by default. */
  readonly warmup?: number
}

/** How a learning rate may go on after the warm-up. */
export const scheduleShapes = ['constant', 'cosine', 'linear'] as const
/** The name of a schedule. */
export type ScheduleShape = (typeof scheduleShapes)[number]

/** What is left of the rate when a part of the training is done (0 to 1). */
const remainders: Readonly<Record<ScheduleShape, (done: number) => number>> = {
  constant: () => 1,
  cosine: done => (1 + Math.cos(Math.PI * done)) / 2,
  linear: done => 1 - done,
}

/** The factor of the learning rate at an update, counting from 0: above 0 at the first and the last one, 1 at most. */
export function scheduledFactor({ shape, steps, warmup = 0 }: Schedule, step: number): number {
  if (step < warmup) return (step + 1) / (warmup + 1)
  return remainders[shape](Math.min(1, (step - warmup) / Math.max(1, steps - warmup)))
}
