import type { RandomBitsKernel } from '../../../kernel/kernel.js'
import { threefryParity, threefryRotations } from '../../../kernel/threefry.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import { i32x4, type Usize, type V128, v128 } from '../assembly/instructions.js'
import { storeLanes } from './strided.js'

/**
 * Define the function of randomBits; its parameters are the kernel's arguments. Four threefry counters (threefry.ts) are
 * computed at a time, one per lane; each gives two words, so that a block has eight elements, in the order of `bitsAt`.
 */
export function defineRandomBits(module: ModuleBuilder, { streams, count }: RandomBitsKernel): number {
  // Bytes that `out` advances in a stream: four blocks at a time, then whole blocks, the last of them stored in part.
  const bytesWalked = 128 * Math.floor(count / 32) + 32 * Math.ceil((count % 32) / 8)
  return module.define(3, f => {
    const [key, stream, out] = f.params
    const word = (pointer: Usize, offset: number): V128 => f.local(v128.load32_splat(pointer, offset))
    const [k0, k1] = [word(key, 0), word(key, 4)]
    // The two words of the counter: c0 counts within a stream, c1 is the stream.
    const c1 = f.local(v128.load32_splat(stream, 0))
    const keys = [k0, k1, f.local(v128.xor(v128.xor(k0, k1), i32x4.const(threefryParity)))]
    const c0 = f.local(i32x4.lanes(0, 1, 2, 3))

    /** Emit so many elements in blocks of eight, side by side: the rounds of one wait for each other, those of several do not. */
    const blocks = (elements: number) => {
      const words = Array.from({ length: Math.ceil(elements / 8) }, (_, b) => [
        f.local(i32x4.add(i32x4.add(c0, i32x4.const(4 * b)), keys[0])),
        f.local(i32x4.add(c1, keys[1])),
      ])
      for (let round = 0; round < 20; round++) {
        const bits = threefryRotations[round % 8]
        // After every fourth round the key is added.
        const inject = (round + 1) / 4
        for (const [x0, x1] of words) {
          f.set(x0, i32x4.add(x0, x1))
          f.set(x1, v128.xor(v128.or(i32x4.shl(x1, bits), i32x4.shr_u(x1, 32 - bits)), x0))
          if (!Number.isInteger(inject)) continue
          f.set(x0, i32x4.add(x0, keys[inject % 3]))
          f.set(x1, i32x4.add(x1, i32x4.add(keys[(inject + 1) % 3], i32x4.const(inject))))
        }
      }
      words.flat().forEach((word, i) => {
        const lanes = Math.min(4, elements - 4 * i)
        if (lanes > 0) storeLanes(f, out, 16 * i, 1, lanes, word)
      })
      f.set(c0, i32x4.add(c0, i32x4.const(4 * words.length)))
      f.advance(out, 32 * words.length)
    }
    f.repeat(streams, () => {
      f.set(c1, v128.load32_splat(stream, 0))
      f.set(c0, i32x4.lanes(0, 1, 2, 3))
      f.repeat(Math.floor(count / 32), () => blocks(32))
      if (count % 32) blocks(count % 32)
      f.advance(stream, 4)
      f.advance(out, 4 * count - bytesWalked)
    })
  })
}
