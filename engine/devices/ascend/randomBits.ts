import type { RandomBitsKernel } from '../../kernel/kernel.js'
import type { Shape } from '../../kernel/shape.js'
import { threefryParity, threefryRotations } from '../../kernel/threefry.js'
import { argumentRefs, contiguous, flat } from './arguments.js'
import { constant, constants, type Ref, type Sequence } from './sequence.js'

/** Bits of an int32 that a float32 holds exactly. */
const exactBits = 24
const one = { scalar: 1, dtype: 'int32' } as const

/**
 * Random bits as `threefry.ts` has them, of operators on int32: sums that wrap, exclusive or, and rotations, for which
 * there is no operator. Whether a card's sums and products wrap nobody promises, so programs.ts tries it first.
 */
export function randomBits(s: Sequence, kernel: RandomBitsKernel): void {
  const { streams, count } = kernel
  const [key, stream, out] = argumentRefs(kernel)
  if (!streams || !count) return
  const counters = Math.ceil(count / 8) * 4
  const shape = [streams, counters]
  /** A word, or one for each stream, as it is everywhere. */
  const everywhere = (ref: Ref, offset = 0): Ref => ({
    ...ref,
    shape,
    strides: [0, 0],
    offset: ref.offset + offset,
  })
  const [k0, k1] = [0, 1].map(i => ({ ...key, shape: [1], strides: [1], offset: i }))
  const k2 = s.temporary('int32', [1])
  s.call('BitwiseXorTensor', k0, k1, k2)
  s.call('BitwiseXorTensor', k2, constant(threefryParity, 'int32'), k2)
  const keys = [k0, k1, k2]

  const add = (a: Ref, b: Ref, sum: Ref) => s.elementwise('Add', [a, b, one], sum)
  const [x0, x1] = [s.temporary('int32', shape), s.temporary('int32', shape)]
  const numbers = constants(
    'int32',
    Array.from({ length: counters }, (_, i) => i),
    `counters ${counters}`,
  )
  add({ ...numbers, shape, strides: [0, 1] }, everywhere(k0), x0)
  add({ ...stream, shape, strides: [1, 0] }, everywhere(k1), x1)
  for (let i = 1; i <= 5; i++) {
    const rotations = i % 2 ? threefryRotations.slice(0, 4) : threefryRotations.slice(4)
    for (const bits of rotations) {
      add(x0, x1, x0)
      rotate(s, x1, bits)
      s.call('BitwiseXorTensor', x1, x0, x1)
    }
    add(x0, everywhere(keys[i % 3]), x0)
    const injected = s.temporary('int32', [1])
    s.call('Adds', keys[(i + 1) % 3], { scalar: i, dtype: 'int32' }, one, injected)
    add(x1, everywhere(injected), x1)
  }
  interleave(s, [x0, x1], count, out)
}

/** Rotate words to the left, in place. */
function rotate(s: Sequence, x: Ref, bits: number): void {
  if (bits > exactBits) {
    const half = Math.ceil(bits / 2)
    rotate(s, x, half)
    rotate(s, x, bits - half)
    return
  }
  const [high, float] = [s.temporary('int32', x.shape), s.temporary('float32', x.shape)]
  const and = (ref: Ref, mask: number) =>
    s.call('BitwiseAndScalar', ref, { scalar: mask, dtype: 'int32' }, high)
  // The bits that go round are divided as a float, which holds so few exactly; of negative numbers they come with ones.
  and(x, -(2 ** (32 - bits)))
  s.call('Cast', high, 0, float)
  s.call('Muls', float, { scalar: 2 ** (bits - 32), dtype: 'float32' }, float)
  s.call('Cast', float, 3, high)
  and(high, 2 ** bits - 1)
  s.call('Muls', x, { scalar: 2 ** bits, dtype: 'int32' }, x)
  s.call('Add', x, high, one, x)
}

/** The order of `bitsAt`: of four counters the first words, then the second ones; what is beyond `count` is left out. */
function interleave(s: Sequence, words: readonly Ref[], count: number, out: Ref): void {
  const [streams, counters] = words[0].shape
  const blocks = counters / 4
  const isWhole = count === 2 * counters
  const all = isWhole ? out : s.temporary('int32', [streams, 2 * counters])
  const byBlock = [streams, blocks, 4]
  words.forEach((word, i) => {
    const to: Ref = { ...all, shape: byBlock, strides: [2 * counters, 8, 1], offset: all.offset + 4 * i }
    s.copy({ ...word, ...contiguous(byBlock) }, to)
  })
  if (isWhole) return
  const wanted: Shape = [streams, count]
  s.copy({ ...all, shape: wanted, strides: [2 * counters, 1] }, { ...flat(out), ...contiguous(wanted) })
}
