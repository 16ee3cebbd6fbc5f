import test from 'tape'
import { Allocator } from '../../../../engine/devices/wasm/allocator.js'
import { Scratch } from '../../../../engine/devices/wasm/scratch.js'

test('scratch: as large as was asked for at most, and aligned, in every region', t => {
  const allocator = new Allocator(16)
  const scratch = new Scratch(allocator, 3)
  t.equal(allocator.takenBytes, 0, 'nothing is taken before the first')
  scratch.reserve(100)
  t.deepEqual([scratch.bytes, allocator.takenBytes], [128, 384])
  const { pointer } = scratch
  scratch.reserve(64)
  t.deepEqual([scratch.pointer, scratch.bytes], [pointer, 128], 'less is there already')
  scratch.reserve(1000)
  t.deepEqual(
    [scratch.bytes, allocator.takenBytes, allocator.taken],
    [1024, 3072, 1],
    'the old one is given back',
  )
  t.throws(() => scratch.reserve(1e9), /out of memory/)
  t.deepEqual([scratch.bytes, allocator.takenBytes], [1024, 3072], 'it is what it was')
  scratch.reserve(2000)
  t.equal(scratch.bytes, 2048, 'and can be used after that')
  t.end()
})
