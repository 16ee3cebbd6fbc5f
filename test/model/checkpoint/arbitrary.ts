import fc from 'fast-check'
import type { StoredDtype, StoredTensor } from '../../../model/checkpoint/index.js'
import {
  bytesOf,
  elementBytes,
  elementCount,
  storedDtypes,
  storedTensor,
} from '../../../model/checkpoint/tensors.js'

/** A tensor of `dtype` and `shape` with values from `byte(i)`. */
export const tensorOf = (
  dtype: StoredDtype,
  shape: number[],
  byte: (i: number) => number = i => i,
): StoredTensor =>
  storedTensor(
    dtype,
    shape,
    Uint8Array.from({ length: elementCount(shape) * elementBytes(dtype) }, (_, i) => byte(i)),
  )

/** Checkpoints of up to six small tensors of any dtype, rank 0 to 3, sizes 0 to 4, any names. */
export const storedTensors: fc.Arbitrary<Map<string, StoredTensor>> = fc
  .uniqueArray(
    fc.record({
      name: fc.oneof(
        fc.constantFrom('rnn/kernel', 'rnn/kernel/Adam', 'rnn/kernel/Adam_1', 'x', '__proto__', 'ÿé', '0'),
        fc.string({ minLength: 1, unit: 'grapheme' }).filter(name => name !== '__metadata__'),
      ),
      dtype: fc.constantFrom(...storedDtypes),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
      seed: fc.nat(255),
    }),
    { selector: ({ name }) => name, maxLength: 6 },
  )
  .map(list => new Map(list.map(t => [t.name, tensorOf(t.dtype, t.shape, i => i * 31 + t.seed)])))

/** Tensors as a comparable value: names, dtypes, shapes and bytes (so that NaNs compare too). */
export const comparable = (tensors: ReadonlyMap<string, StoredTensor>): string =>
  JSON.stringify(
    [...tensors]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, t]) => [name, t.dtype, t.shape, Buffer.from(bytesOf(t)).toString('hex')]),
  )
