import { bitsAt, foldKey, purposeKey, seedPurposes } from '../../../engine/hostRandom.js'
import type { Networks } from './experts.js'
import { Gate } from './gate.js'
import { GateRows, noLosses } from './gateRows.js'
import { GenusMemory, type MemorySettings } from './genusMemory.js'
import { RememberedGenomes } from './rememberedGenomes.js'

/** The end of every sequence that a gate is trained on, as a share of it: another memory, of the rest, does not know it. */
const heldOutShare = 0.1
const fragmentLength = 250
const fragmentsPerGenus = 200

/**
 * Trains a gate for a memory of genomes: on fragments of the ends of their sequences, as judged by a memory of all but
 * those ends. Genera with several genomes still remember relatives of the fragments, genera with one do not: the gate
 * sees both.
 * @throws RangeError when no sequence has an end of 250 bases.
 */
export async function trainGate(
  { genera, bases, stretches }: RememberedGenomes,
  settings: MemorySettings,
  networks: Networks | undefined,
  seed: number,
): Promise<Gate> {
  const split = stretches.map(stretch => ({
    ...stretch,
    middle: stretch.end - Math.floor(heldOutShare * (stretch.end - stretch.start)),
  }))
  const kept = RememberedGenomes.of(
    split.map(({ genus, start, middle }) => ({
      genus: genera[genus],
      bases: bases.slice(start, middle),
    })),
  )
  const memory = new GenusMemory(kept, { ...settings, alignments: 0 })
  const key = purposeKey(seed, seedPurposes.run.gate)
  const fragments: { genus: number; bases: Uint8Array }[] = []
  // Genera in turn, so that each batch of the training has all of them.
  for (let i = 0; i < fragmentsPerGenus; i++)
    for (let genus = 0; genus < genera.length; genus++) {
      const ends = split.filter(
        ({ middle, end, genus: of }) => of === genus && end - middle >= fragmentLength,
      )
      const windows = ends.reduce((sum, { middle, end }) => sum + end - middle - fragmentLength + 1, 0)
      if (windows === 0) continue
      let window = (bitsAt(foldKey(key, genus), 0, i) >>> 0) % windows
      const chosen = ends.find(({ middle, end }) => {
        const count = end - middle - fragmentLength + 1
        if (window < count) return true
        window -= count
        return false
      })!
      const start = chosen.middle + window
      fragments.push({ genus, bases: bases.slice(start, start + fragmentLength) })
    }
  const batches: GateRows[] = []
  await memory.judge(
    fragments.map(fragment => fragment.bases),
    networks,
    judged => {
      const { genus } = fragments[judged.index]
      const experts = judged.tracks.length
      const means = noLosses(experts)
      for (let base = 0; base < judged.bases; ) {
        if (batches.at(-1)?.isFull ?? true) batches.push(new GateRows(experts))
        base = batches.at(-1)!.add(judged, judged.index, genus, means, base)
      }
    },
  )
  return Gate.train(batches, seed)
}
