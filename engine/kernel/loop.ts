import type { LoopArg, LoopKernel } from './kernel.js'

/** One pass through a loop's body: the `number`-th in order of time, for step `step`, which counts down in reverse. */
export type Iteration = { readonly number: number; readonly step: number }

/** The iterations of a loop in order of time. */
export const iterations = ({ steps, reverse }: Pick<LoopKernel, 'steps' | 'reverse'>): Iteration[] =>
  Array.from({ length: steps }, (_, number) => ({ number, step: reverse ? steps - 1 - number : number }))

/** Which of the loop's buffers an argument of its body is in an iteration. */
export const bufferAt = ({ even, odd }: LoopArg, { number }: Iteration): number =>
  number % 2 === 0 ? even : odd

/** The byte of that buffer at which the argument begins in an iteration. */
export const byteAt = ({ offset, stride }: LoopArg, { step }: Iteration): number => offset + step * stride
