import fc from 'fast-check'
import test from 'tape'
import { ModuleBuilder } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import { definePackedSgemm, sgemmPacking } from '../../../../../engine/devices/wasm/matmul/packedSgemm.js'
import { sgemmImport } from '../../../../../engine/devices/wasm/matmul/sgemm.js'
import { linked, memoryOf, ownSgemm, packingInto, product, testTarget, values } from '../support.js'

const target = testTarget()

test('packedSgemm: products by BLAS by a packed B are right, in calls as small as the library wants', t => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 1, max: 90 }),
    fc.integer({ min: 1, max: 210 }),
  )
  fc.assert(
    fc.property(
      sizes,
      fc.constantFrom(0, 1 << 13, 1 << 15, 1_000_000),
      fc.boolean(),
      fc.boolean(),
      ([m, k, n], unpacked, transposed, accumulate) => {
        const a = transposed ? { offset: 2, strides: [1, m] } : { offset: 2, strides: [k + 3, 1] }
        const kernel = product(m, k, n, { a, accumulate })
        const blas = { ...target, sgemm: { unpacked } }
        const packing = sgemmPacking(blas, kernel)
        if (!packing) throw new Error('nothing is packed')
        const lengths = [2 + m * (k + 3), k * n, m * n]
        const arrays = lengths.map((length, i) => values('float32', length, i) as Float32Array)
        const { memory, floats, pointers, end } = memoryOf(arrays)
        packingInto(memory, blas, packing, kernel)(pointers[1], end)
        const { sgemm, largest } = ownSgemm(() => floats)
        const module = new ModuleBuilder([sgemmImport])
        module.export('run', definePackedSgemm(blas, module, kernel, packing))
        linked(module, memory, sgemm)(...pointers, end)
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            let want = accumulate ? arrays[2][i * n + j] : 0
            for (let l = 0; l < k; l++)
              want += arrays[0][a.offset + i * a.strides[0] + l * a.strides[1]] * arrays[1][l * n + j]
            const got = floats[pointers[2] / 4 + i * n + j]
            if (!(Math.abs(got - want) < 1e-4)) throw new Error(`[${i},${j}] is ${got}, not ${want}`)
          }
        if (unpacked && largest.madds > unpacked) throw new Error(`a call of ${largest.madds} multiply-adds`)
        if (!unpacked && largest.calls > 1) throw new Error(`${largest.calls} calls instead of one`)
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})
