import type { LoopArg, LoopKernel } from './kernel.js'

/** One pass through a loop's body: the `number`-th in order of time, for step `step`, which counts down in reverse. */
export type Iteration = { readonly number: number; readonly step: number }

/** The iterations of a loop in order of time. */
export const iterations = ({ steps, reverse }: Pick<LoopKernel, 'steps' | 'reverse'>): Iteration[] =>
  Array.from({ length: steps }, (_, number) => ({ number, step: reverse ? steps - 1 - number : number }))

/** An argument in one buffer that does not move with the step. */
export const fixedArg = (buffer: number): LoopArg => ({ even: buffer, odd: buffer, offset: 0, stride: 0 })

/** An argument in two buffers by turns: `even` in iterations 0, 2, 4 …, `odd` in the others. */
export const alternatingArg = (even: number, odd: number): LoopArg => ({ even, odd, offset: 0, stride: 0 })

/** A row of a buffer for each step: that of step t begins `offset + t * stride` bytes into it. */
export const rowArg = (buffer: number, offset: number, stride: number): LoopArg => ({
  even: buffer,
  odd: buffer,
  offset,
  stride,
})

/** Whether two arguments are the same bytes in every iteration. */
export const sameArg = (a: LoopArg, b: LoopArg): boolean =>
  a.even === b.even && a.odd === b.odd && a.offset === b.offset && a.stride === b.stride

/** Which of the loop's buffers an argument of its body is in an iteration. */
export const bufferAt = ({ even, odd }: LoopArg, { number }: Iteration): number =>
  number % 2 === 0 ? even : odd

/** The byte of that buffer at which the argument begins in an iteration. */
export const byteAt = ({ offset, stride }: LoopArg, { step }: Iteration): number => offset + step * stride
