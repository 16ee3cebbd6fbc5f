import type { Kernel } from '../../kernel/kernel.js'

// Kernels of `count` int32 elements that every device takes: what ownership and order are tested with.

const plain = { offset: 0, strides: [1] }
const input = { dtype: 'int32', view: plain } as const

/** out = value */
export const fill = (count: number, value: number): Kernel => ({
  kind: 'copy',
  dtype: 'int32',
  shape: [count],
  source: value,
  to: plain,
  accumulate: false,
})

/** out = a + b */
export const sum = (count: number): Kernel => ({
  kind: 'map',
  shape: [count],
  inputs: [input, input],
  body: [
    { op: 'input', dtype: 'int32', args: [], value: 0 },
    { op: 'input', dtype: 'int32', args: [], value: 1 },
    { op: 'add', dtype: 'int32', args: [0, 1], value: 0 },
  ],
  outputs: [{ ...input, value: 2 }],
})

/** out += a */
export const accumulate = (count: number): Kernel => ({
  kind: 'copy',
  dtype: 'int32',
  shape: [count],
  source: plain,
  to: plain,
  accumulate: true,
})
