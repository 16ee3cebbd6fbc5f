import fc from 'fast-check'
import test from 'tape'
import {
  CheckpointError,
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensors,
} from '../../../model/checkpoint/index.js'
import { comparable, storedTensors, tensorOf } from './arbitrary.js'

const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 })

/** All of a file's bytes. */
async function encoded(tensors: StoredTensors, metadata: Record<string, string>): Promise<Uint8Array> {
  const toWrite = [...tensors].map(([name, t]) => [name, { ...t, data: async () => t.data }] as const)
  const chunks: Uint8Array[] = []
  for await (const chunk of encodeSafetensors({ tensors: new Map(toWrite), metadata })) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** A file with this header (text or value) and this many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)])
}

test('safetensors: what is written is read back, and the data are aligned', async t => {
  await fc.assert(
    fc.asyncProperty(storedTensors, metadata, async (tensors, metadata) => {
      const bytes = await encoded(tensors, metadata)
      const read = decodeSafetensors(bytes)
      const headerLength = new DataView(bytes.buffer).getBigUint64(0, true)
      return (
        comparable(read.tensors) === comparable(tensors) &&
        JSON.stringify(Object.entries(read.metadata)) === JSON.stringify(Object.entries(metadata)) &&
        headerLength % 8n === 0n
      )
    }),
  )
  t.pass('random tensors and metadata')
})

test('safetensors: the bytes are those of the original writer', async t => {
  // safetensors 0.8.0: safetensors.numpy.save({'b': float32 over bytes 0..7, 'a': uint8 [0, 1, 2]}, {'step': '7'})
  const original = Buffer.from(
    '88000000000000007b225f5f6d657461646174615f5f223a7b2273746570223a2237227d2c2262223a7b226474797065223a22463332222c227368617065223a5b325d2c22646174615f6f666673657473223a5b302c385d7d2c2261223a7b226474797065223a225538222c227368617065223a5b335d2c22646174615f6f666673657473223a5b382c31315d7d7d200001020304050607000102',
    'hex',
  )
  const tensors = new Map([
    ['a', tensorOf('U8', [3])],
    ['b', tensorOf('F32', [2])],
  ])
  t.deepEqual(Buffer.from(await encoded(tensors, { step: '7' })), original)
  t.equal(comparable(decodeSafetensors(original).tensors), comparable(tensors))
})

test('safetensors: a file that is cut anywhere is refused by name', async t => {
  const tensors = new Map([
    ['kernel', tensorOf('F32', [3, 2])],
    ['bias', tensorOf('F64', [2])],
  ])
  const bytes = await encoded(tensors, { step: '12' })
  let refused = 0
  for (let length = 0; length < bytes.length; length++) {
    try {
      decodeSafetensors(bytes.subarray(0, length), 'model_7.safetensors')
      t.fail(`${length} of ${bytes.length} bytes were accepted`)
    } catch (error) {
      if (error instanceof CheckpointError && error.message.startsWith('model_7.safetensors: ')) refused++
      else t.fail(`${length} bytes: ${error}`)
    }
  }
  t.equal(refused, bytes.length)
})

test('safetensors: damage raises nothing but CheckpointError', async t => {
  const damage = fc.record({ position: fc.nat(), byte: fc.nat(255) })
  await fc.assert(
    fc.asyncProperty(
      storedTensors,
      metadata,
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      async (tensors, metadata, hits) => {
        const bytes = await encoded(tensors, metadata)
        for (const { position, byte } of hits) bytes[position % bytes.length] = byte
        try {
          decodeSafetensors(bytes)
        } catch (error) {
          return error instanceof CheckpointError
        }
        return true
      },
    ),
  )
  t.pass('random bytes overwritten')
})

test('safetensors: every fault is told', async t => {
  const f32 = (begin: number, end: number, shape: unknown = [1]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  })
  const cases: [string, Uint8Array, RegExp][] = [
    [
      'header length',
      Buffer.from('ffffffffffffffff7b7d', 'hex'),
      /18446744073709551615 bytes, only 2 follow/,
    ],
    ['not JSON', fileOf('{"a":', 0), /header is not JSON/],
    [
      'not UTF-8',
      Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0xff])]),
      /header is not UTF-8/,
    ],
    ['not an object', fileOf('[]', 0), /not a JSON object/],
    ['metadata', fileOf({ __metadata__: { step: 7 } }, 0), /does not map strings to strings/],
    ['entry', fileOf({ a: 1 }, 0), /tensor a: its header entry is not an object/],
    ['dtype', fileOf({ a: { ...f32(0, 4), dtype: 'BF16' } }, 4), /tensor a: dtype "BF16" is not supported/],
    ['inherited dtype', fileOf({ a: { ...f32(0, 4), dtype: 'constructor' } }, 4), /dtype "constructor"/],
    ['shape', fileOf({ a: f32(0, 4, [-1]) }, 4), /shape \[-1\] is not a list of sizes/],
    ['huge shape', fileOf({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /not a list of sizes/],
    ['offsets', fileOf({ a: f32(4, 0) }, 4), /data_offsets \[4,0\] are not \[begin, end\]/],
    ['out of range', fileOf({ a: f32(0, 8, [2]) }, 4), /bytes 0 to 8 leave the 4 bytes of data/],
    ['size', fileOf({ a: f32(0, 4, [2]) }, 4), /F32 \[2\] takes 8 bytes, it has 4/],
    [
      'overlap',
      fileOf({ a: f32(0, 4), b: f32(0, 4) }, 8),
      /tensor b: begins at byte 0, wanted 4: it overlaps/,
    ],
    [
      'gap',
      fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12),
      /tensor b: begins at byte 8, wanted 4: it leaves a gap/,
    ],
    ['left over', fileOf({ a: f32(0, 4) }, 5), /1 bytes after the last tensor belong to none/],
  ]
  for (const [name, bytes, message] of cases) t.throws(() => decodeSafetensors(bytes), message, name)
  const lie = new Map([['a', { dtype: 'F32', shape: [2], data: new Float32Array(3) } as const]])
  await encoded(lie, {}).then(
    () => t.fail('a writer that lies'),
    error =>
      t.match(error.message, /tensor a: shape \[2\] does not hold 3 values/, 'a writer that would lie'),
  )
})
