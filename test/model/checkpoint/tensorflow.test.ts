import { mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { maskedCrc32c } from '../../../data/io/crc32c.js'
import {
  CheckpointError,
  expectTensor,
  readTensorFlowCheckpoint,
  type StoredTensor,
  tensorFlowPrefix,
  writeTensorFlowCheckpoint,
} from '../../../model/checkpoint/index.js'
import { decodeTable, encodeTable, type TableEntry } from '../../../model/checkpoint/table.js'
import { sharedPath, testShared } from '../../shared.js'
import { comparable, storedTensors, tensorOf } from './arbitrary.js'

const small = new Map<string, StoredTensor>([
  ['beta1_power', { dtype: 'F32', shape: [], data: Float32Array.of(0.9) }],
  ['global_step', { dtype: 'I64', shape: [], data: BigInt64Array.of(12n) }],
  ['logits/bias', tensorOf('F32', [4])],
  ['logits/bias/Adam', tensorOf('F32', [4], i => 7 * i)],
  ['logits/kernel', tensorOf('F64', [2, 4], i => 3 * i)],
])

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-checkpoint-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The message of the CheckpointError that `reading` ends in, or what else happened. */
async function refusal(reading: Promise<unknown>): Promise<string> {
  try {
    await reading
    return 'accepted'
  } catch (error) {
    return error instanceof CheckpointError ? error.message : `not a CheckpointError: ${error}`
  }
}

test('tensorflow: what is written is read back, whatever file is named', async t => {
  await inFolder(async folder => {
    const prefix = join(folder, 'model_3.ckpt')
    await fc.assert(
      fc.asyncProperty(storedTensors, async tensors => {
        await writeTensorFlowCheckpoint(prefix, tensors)
        return comparable(await readTensorFlowCheckpoint(prefix)) === comparable(tensors)
      }),
    )
    for (const suffix of ['', '.index', '.data-00000-of-00001']) {
      t.equal(tensorFlowPrefix(prefix + suffix), prefix)
      t.ok(await readTensorFlowCheckpoint(prefix + suffix), `read through ${suffix || 'the prefix'}`)
    }
  })
})

test('tensorflow: one flipped byte is refused or changes nothing', async t => {
  await inFolder(async folder => {
    const prefix = join(folder, 'model_3.ckpt')
    await writeTensorFlowCheckpoint(prefix, small)
    const wanted = comparable(small)
    for (const file of [`${prefix}.index`, `${prefix}.data-00000-of-00001`]) {
      const bytes = await readFile(file)
      const allPositions = fc.nat(bytes.length - 1)
      await fc.assert(
        fc.asyncProperty(allPositions, fc.integer({ min: 1, max: 255 }), async (position, mask) => {
          const damaged = Buffer.from(bytes)
          damaged[position] ^= mask
          await writeFile(file, damaged)
          try {
            return comparable(await readTensorFlowCheckpoint(prefix)) === wanted
          } catch (error) {
            return error instanceof CheckpointError
          }
        }),
        { numRuns: 400 },
      )
      await writeFile(file, bytes)
    }
    t.equal(comparable(await readTensorFlowCheckpoint(prefix)), wanted)
  })
})

test('tensorflow: a file that is cut anywhere is refused by name', async t => {
  await inFolder(async folder => {
    const prefix = join(folder, 'model_3.ckpt')
    await writeTensorFlowCheckpoint(prefix, small)
    for (const file of [`${prefix}.data-00000-of-00001`, `${prefix}.index`]) {
      const { length } = await readFile(file)
      let refused = 0
      for (let cut = length - 1; cut >= 0; cut--) {
        await truncate(file, cut)
        const message = await refusal(readTensorFlowCheckpoint(prefix))
        if (message.startsWith(`${file}: `)) refused++
        else t.fail(`${cut} bytes: ${message}`)
      }
      t.equal(refused, length, file)
      await writeTensorFlowCheckpoint(prefix, small)
    }
  })
})

test('tensorflow: every fault is told', async t => {
  await inFolder(async folder => {
    const prefix = join(folder, 'model_3.ckpt')
    const index = `${prefix}.index`
    const data = `${prefix}.data-00000-of-00001`
    const told = async (what: string, message: RegExp): Promise<void> =>
      t.match(await refusal(readTensorFlowCheckpoint(prefix)), message, what)
    await told('no index', /model_3\.ckpt\.index: cannot read the index of the TensorFlow checkpoint.*ENOENT/)

    await writeTensorFlowCheckpoint(prefix, small)
    await rename(data, `${data}.away`)
    await told('no data', /data-00000-of-00001: cannot read the data that the index names: ENOENT/)
    await rename(`${data}.away`, data)

    await truncate(data, 20)
    await told('short data', /variable logits\/bias should be bytes 12 to 28, the file has 20 \(truncated\)/)

    await writeTensorFlowCheckpoint(
      join(folder, 'other.ckpt'),
      new Map(small).set(
        'logits/bias',
        tensorOf('F32', [4], () => 1),
      ),
    )
    await rename(join(folder, 'other.ckpt.data-00000-of-00001'), data)
    await told(
      'data of another checkpoint',
      /variable logits\/bias fails its checksum: the index has 0x[0-9a-f]{8}, its bytes give 0x/,
    )

    await writeFile(index, 'one two three '.repeat(9))
    await told(
      'foreign file',
      /not the index of a TensorFlow V2 checkpoint.*wanted the magic number 0xdb4775248b80fb57 at its end, got 0x/,
    )

    const header: TableEntry = [new Uint8Array(), Uint8Array.of(8, 1)]
    const table = (...values: number[][]): TableEntry[] => [
      header,
      ...values.map((v, i) => [Uint8Array.of(97 + i), Uint8Array.from(v)] as const),
    ]
    const faults: [string, TableEntry[], RegExp][] = [
      ['no header', [[Uint8Array.of(97), new Uint8Array()]], /the index has no bundle header/],
      ['big-endian', [[new Uint8Array(), Uint8Array.of(8, 1, 16, 1)]], /big-endian/],
      [
        'string',
        table([8, 7]),
        /variable a has dtype number 7 \(string: is it a TensorFlow 2 object checkpoint\?\)/,
      ],
      ['bfloat16', table([8, 14]), /variable a has dtype number 14; wanted one of F32, F64/],
      ['partitioned', table([8, 1, 58, 0]), /variable a is partitioned/],
      ['shard', table([8, 1, 24, 3]), /variable a is in shard 3 of 1/],
      ['size', table([8, 1, 18, 4, 18, 2, 8, 3, 40, 4]), /variable a has 4 bytes, F32 \[3\] takes 12/],
      ['bad varint', table([8, ...new Array(12).fill(0xff)]), /the index is malformed/],
    ]
    for (const [what, entries, message] of faults) {
      await writeFile(index, encodeTable(entries))
      await told(what, message)
    }

    const snappy = encodeTable([header])
    snappy[13] = 1 // after one 5-byte entry and 8 bytes of restarts
    new DataView(snappy.buffer, snappy.byteOffset).setUint32(14, maskedCrc32c(snappy.subarray(0, 14)), true)
    await writeFile(index, snappy)
    await told('snappy', /compressed with Snappy/)

    t.match(
      await refusal(
        writeTensorFlowCheckpoint(
          prefix,
          new Map([['a', { dtype: 'F32', shape: [2], data: new Float32Array(3) }]]),
        ),
      ),
      /tensor a: shape \[2\] does not hold 3 values/,
    )
  })
})

test('tensorflow: the wrong variable is told', t => {
  const file = 'model_3.ckpt'
  t.equal(expectTensor(file, small, 'logits/kernel', 'F64', [2, 4]).length, 8)
  t.throws(
    () => expectTensor(file, small, 'logits/kernel', 'F64', [30, 4]),
    /^CheckpointError: model_3\.ckpt: variable logits\/kernel is F64 \[2,4\], wanted F64 \[30,4\]$/,
  )
  t.throws(
    () => expectTensor(file, small, 'logits/kernel', 'F32', [2, 4]),
    /is F64 \[2,4\], wanted F32 \[2,4\]/,
  )
  t.throws(
    () => expectTensor(file, small, 'rnn/bias', 'F32', [8]),
    /variable rnn\/bias \(F32 \[8\]\) is missing; it has beta1_power, global_step, /,
  )
  t.end()
})

test('table: any sorted entries survive any block size', t => {
  const entries = fc
    .uniqueArray(fc.tuple(fc.uint8Array({ maxLength: 6, max: 3 }), fc.uint8Array({ maxLength: 9 })), {
      selector: ([key]) => key.join(),
      maxLength: 60,
    })
    .map(list => list.sort(([a], [b]) => Buffer.compare(a, b)))
  const hexed = (list: readonly TableEntry[]): string =>
    list.map(entry => entry.map(bytes => Buffer.from(bytes).toString('hex')).join()).join('\n')
  fc.assert(
    fc.property(
      entries,
      fc.integer({ min: 1, max: 200 }),
      (list, blockBytes) => hexed(decodeTable(encodeTable(list, blockBytes), 'table')) === hexed(list),
    ),
  )
  const unsorted: TableEntry[] = [1, 0].map(byte => [Uint8Array.of(byte), new Uint8Array()])
  t.throws(() => decodeTable(encodeTable(unsorted), 'table'), /table: key .* is out of order/s)
  t.end()
})

for (const step of [0, 100, 500, 900]) {
  testShared(`tensorflow: model_${step}.ckpt of the reference, there and back`, async t => {
    const original = sharedPath(`data/tf1-oracle/model/model_${step}.ckpt`)
    const tensors = await readTensorFlowCheckpoint(original)
    t.equal(tensors.size, 14)
    const values = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
    t.equal(values, 12974, 'values in all')
    const beta2Power = expectTensor(original, tensors, 'beta2_power', 'F32', [])[0]
    t.ok(Math.abs(beta2Power / 0.999 ** (step + 2) - 1) < 1e-4, `${step + 1} updates were done`)
    expectTensor(original, tensors, 'rnn/layer_norm_basic_lstm_cell/kernel/Adam_1', 'F32', [34, 120])

    await inFolder(async folder => {
      const copy = join(folder, 'copy.ckpt')
      await writeTensorFlowCheckpoint(copy, tensors)
      for (const suffix of ['.data-00000-of-00001', '.index']) {
        t.deepEqual(
          await readFile(copy + suffix),
          await readFile(original + suffix),
          `${suffix} has the same bytes`,
        )
      }
    })
  })
}
