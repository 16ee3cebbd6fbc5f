import test from 'tape'
import { Allocator } from '../../../../../engine/devices/wasm/allocator.js'
import { ModuleBuilder } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import { constantsIn } from '../../../../../engine/devices/wasm/assembly/constants.js'
import { f32x4, i32x4, v128 } from '../../../../../engine/devices/wasm/assembly/instructions.js'

test('constants: each lies once in memory, as long as there is room', t => {
  const allocator = new Allocator(16)
  const addressOf = constantsIn(allocator)
  const taken = allocator.takenBytes
  t.equal(taken, 4 * 4096, 'all of it is taken at once: memory that is freed later may still be read')
  const addresses = new Set<number | undefined>()
  for (let word = 1; word <= 4096; word++) addresses.add(addressOf(-word))
  t.equal(addresses.size, 4096)
  t.equal(addressOf(-17), addressOf(-17))
  t.equal(addressOf(7), undefined, 'no room for more')
  t.equal(allocator.takenBytes, taken, 'and none was taken since')
  const words = new Int32Array(allocator.memory.buffer)
  t.deepEqual(
    [1, 17, 4096].map(word => words[addressOf(-word)! / 4]),
    [-1, -17, -4096],
  )
  t.end()
})

test('constants: code with and without them in memory computes the same', t => {
  const run = (inMemory: boolean) => {
    const allocator = new Allocator(16)
    const asked: number[] = []
    const addressOf = constantsIn(allocator)
    const module = new ModuleBuilder(
      [],
      inMemory
        ? {
            addressOf: word => {
              asked.push(word)
              return addressOf(word)
            },
          }
        : {},
    )
    const write = module.define(1, f => {
      const [out] = f.params
      const values = [
        f32x4.const(1.5),
        i32x4.const(-3),
        f32x4.const(0),
        i32x4.lanes(1, 2, 3, 4),
        f32x4.const(1.5),
      ]
      values.forEach((value, i) => {
        f.do(v128.store(out, 16 * i, value))
      })
    })
    module.export('run', write)
    const out = allocator.alloc(80)
    const scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
    const compiled = new WebAssembly.Module(module.encode(16))
    const instance = new WebAssembly.Instance(compiled, { env: { memory: allocator.memory, scratch } })
    ;(instance.exports.run as (out: number) => void)(out)
    return { asked, words: [...new Int32Array(allocator.memory.buffer, out, 20)] }
  }
  const { asked, words } = run(true)
  t.deepEqual(words, run(false).words)
  t.deepEqual(words.slice(4, 16), [-3, -3, -3, -3, 0, 0, 0, 0, 1, 2, 3, 4])
  t.deepEqual(asked, [0x3fc00000, -3, 0x3fc00000], 'zeros, and lanes that differ, are made by code')
  t.end()
})
