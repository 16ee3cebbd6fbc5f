import { compositionOf, type Read } from '../../data/index.js'
import { countPredictions } from '../../model/index.js'
import { packBases } from './packedBases.js'

/** Scored reads of one file, column by column, in buffers that are handed over. */
export type RowBatch = {
  readonly count: number
  /** UTF-8, one after the other, and where each ends. */
  readonly names: Uint8Array<ArrayBuffer>
  readonly nameEnds: Uint32Array<ArrayBuffer>
  /** In bases; of them known ones, and G or C; predictions that count. */
  readonly lengths: Uint32Array<ArrayBuffer>
  readonly known: Uint32Array<ArrayBuffer>
  readonly gc: Uint32Array<ArrayBuffer>
  readonly predictions: Uint32Array<ArrayBuffer>
  /** [reads, scores]; NaN where one is not defined. */
  readonly scores: Float64Array<ArrayBuffer>
  /** As `packBases` has them. */
  readonly bases: Uint8Array<ArrayBuffer>
}

/** The batch of some reads and their scores. */
export function rowBatch(reads: readonly Read[], scores: readonly (readonly number[])[]): RowBatch {
  const encoder = new TextEncoder()
  const names = reads.map(read => encoder.encode(read.name))
  const nameEnds = new Uint32Array(reads.length)
  let end = 0
  for (const [i, name] of names.entries()) {
    end += name.length
    nameEnds[i] = end
  }
  const bytes = new Uint8Array(end)
  for (const [i, name] of names.entries()) bytes.set(name, nameEnds[i] - name.length)
  const compositions = reads.map(read => compositionOf([read.bases]))
  return {
    count: reads.length,
    names: bytes,
    nameEnds,
    lengths: Uint32Array.from(compositions, ({ length }) => length),
    known: Uint32Array.from(compositions, ({ known }) => known),
    gc: Uint32Array.from(compositions, ({ gc }) => gc),
    predictions: Uint32Array.from(reads, ({ bases }) => countPredictions(bases)),
    scores: Float64Array.from(scores.flat()),
    bases: packBases(reads.map(read => read.bases)),
  }
}

/** The buffers of a batch, to be handed over. */
export const buffersOf = ({ count: _, ...columns }: RowBatch): ArrayBuffer[] =>
  Object.values(columns).map(column => column.buffer)
