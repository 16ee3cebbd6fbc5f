import type { RandomBitsKernel } from '../../kernel.js'
import { threefryParity, threefryRotations } from '../../threefry.js'
import { type I32, i32x4, type ModuleBuilder, type V128, v128 } from './assembler.js'
import { storeLanes } from './strided.js'

/** Define the function of randomBits: four threefry counters at a time, one per lane, in the order of `bitsAt`. */
export function defineRandomBits(module: ModuleBuilder, { count }: RandomBitsKernel): number {
  return module.define(3, f => {
    const [key, stream, out] = f.params
    const word = (pointer: I32, offset: number): V128 => f.local(v128.load32_splat(pointer, offset))
    const [k0, k1, c1] = [word(key, 0), word(key, 4), word(stream, 0)]
    const keys = [k0, k1, f.local(v128.xor(v128.xor(k0, k1), i32x4.const(threefryParity)))]
    const counter = f.local(i32x4.lanes(0, 1, 2, 3))
    const x0 = f.local(counter)
    const x1 = f.local(counter)

    const block = (elements: number) => {
      f.set(x0, i32x4.add(counter, keys[0]))
      f.set(x1, i32x4.add(c1, keys[1]))
      for (let round = 0; round < 20; round++) {
        const bits = threefryRotations[round % 8]
        f.set(x0, i32x4.add(x0, x1))
        f.set(x1, v128.xor(v128.or(i32x4.shl(x1, bits), i32x4.shr_u(x1, 32 - bits)), x0))
        if (round % 4 === 3) {
          const i = (round + 1) / 4
          f.set(x0, i32x4.add(x0, keys[i % 3]))
          f.set(x1, i32x4.add(x1, i32x4.add(keys[(i + 1) % 3], i32x4.const(i))))
        }
      }
      storeLanes(f, out, 0, 1, Math.min(4, elements), x0)
      if (elements > 4) storeLanes(f, out, 16, 1, elements - 4, x1)
      f.set(counter, i32x4.add(counter, i32x4.const(4)))
      f.advance(out, 32)
    }
    f.repeat(Math.floor(count / 8), () => block(8))
    if (count % 8) block(count % 8)
  })
}
