import type { RandomBitsKernel } from '../../../kernel/kernel.js'
import { threefryParity, threefryRotations } from '../../../kernel/threefry.js'
import { type Passes, singlePass } from './pass.js'
import { Source } from './source.js'

/** A thread for each element computes its own counter, in the order of `bitsAt` in threefry.ts. */
export function randomBitsPasses(kernel: RandomBitsKernel): Passes {
  const { streams, count } = kernel
  const source = new Source()
  source.add(
    'let intAt = this.thread.x;',
    `let intStream = quotient(intAt, ${count});`,
    `let intIndex = remainder(intAt, ${count});`,
    'let intKey0 = bitsOf(in0[base0]);',
    'let intKey1 = bitsOf(in0[base0 + 1]);',
    `let intKey2 = intKey0 ^ intKey1 ^ ${threefryParity};`,
    'let intX0 = (intIndex >>> 3) * 4 + (intIndex & 3) + intKey0;',
    'let intX1 = bitsOf(in1[base1 + intStream]) + intKey1;',
  )
  for (let round = 0; round < 20; round++) {
    const bits = threefryRotations[round % 8]
    source.add('intX0 = intX0 + intX1;', `intX1 = ((intX1 << ${bits}) | (intX1 >>> ${32 - bits})) ^ intX0;`)
    const inject = (round + 1) / 4
    if (!Number.isInteger(inject)) continue
    source.add(
      `intX0 = intX0 + intKey${inject % 3};`,
      `intX1 = intX1 + intKey${(inject + 1) % 3} + ${inject};`,
    )
  }
  source.add(
    'let intWord = intSelect(((intIndex >>> 2) & 1) === 0, intX0, intX1);',
    'store(out, to + intAt, ofBits(intWord));',
  )
  return singlePass(kernel, source, streams * count)
}
