import fc from 'fast-check'
import test from 'tape'
import { Allocator, alignment } from '../../../../engine/devices/wasm/allocator.js'

/** Allocate so many bytes, or free the block at a position (modulo their number). */
const actions = fc.array(
  fc.oneof(
    fc.record({ alloc: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 200_000 })) }),
    fc.record({ free: fc.nat() }),
  ),
  { maxLength: 80 },
)

test('allocator: blocks are aligned, lie in memory and never overlap; all freed, memory is whole again', t => {
  fc.assert(
    fc.property(actions, list => {
      const allocator = new Allocator()
      const live: { start: number; bytes: number }[] = []
      for (const action of list) {
        if ('alloc' in action) {
          const start = allocator.alloc(action.alloc)
          if (start % alignment || start === 0) throw new Error(`address ${start}`)
          if (start + action.alloc > allocator.memory.buffer.byteLength) throw new Error('beyond memory')
          const clash = live.find(
            b => start < b.start + b.bytes && b.start < start + Math.max(1, action.alloc),
          )
          if (clash)
            throw new Error(`[${start}, +${action.alloc}) overlaps [${clash.start}, +${clash.bytes})`)
          live.push({ start, bytes: Math.max(1, action.alloc) })
        } else if (live.length) {
          const [{ start }] = live.splice(action.free % live.length, 1)
          allocator.free(start)
        }
      }
      for (const { start } of live) allocator.free(start)
      if (allocator.takenBytes) throw new Error('something is in use')
      const size = allocator.memory.buffer.byteLength
      // All but what is never handed out, at either end.
      if (allocator.alloc(size - 2 * alignment) !== alignment) throw new Error('memory is not whole')
      if (allocator.memory.buffer.byteLength !== size) throw new Error('freed memory was not used again')
    }),
    { numRuns: 300 },
  )
  t.end()
})

test('allocator: a freed block that fits best is used again', t => {
  const allocator = new Allocator()
  const [large, , small] = [4096, 64, 128, 64].map(bytes => allocator.alloc(bytes))
  allocator.free(large)
  allocator.free(small)
  t.equal(allocator.alloc(100), small)
  t.equal(allocator.alloc(4000), large)
  t.end()
})

test('allocator: says so when memory is out, freed twice, or asked for nonsense', t => {
  const allocator = new Allocator(4)
  const start = allocator.alloc(100_000)
  t.throws(() => allocator.alloc(200_000), /out of memory: asked for 0.2 MB with 0.1 MB in use/)
  t.ok(allocator.alloc(100_000), 'what fits is still handed out')
  allocator.free(start)
  t.throws(() => allocator.free(start), /not in use/)
  t.throws(() => allocator.free(12345), /not in use/)
  for (const bytes of [-1, 1.5, Number.NaN]) t.throws(() => allocator.alloc(bytes), /cannot allocate/)
  t.end()
})
