import { bitsAt, foldKey, purposeKey, seedPurposes } from '../../../engine/hostRandom.js'
import type { Networks } from './experts.js'
import { Gate } from './gate.js'
import { GateRows, noLosses } from './gateRows.js'
import { GenusMemory, type MemorySettings } from './genusMemory.js'
import { type GenusStretch, RememberedGenomes } from './rememberedGenomes.js'

/** The end of every sequence that a gate is trained on, as a share of it: another memory, of the rest, does not know it. */
const heldOutShare = 0.1
const fragmentLength = 250
const fragmentsPerGenus = 200

/** A sequence of a genus, of which what lies from `middle` on is not remembered. */
type SplitStretch = GenusStretch & { readonly middle: number }

/** A fragment to train on. */
type TrainingFragment = { readonly genus: number; readonly bases: Uint8Array }

/**
 * Trains a gate for a memory of genomes: on fragments of the ends of their sequences, as judged by a memory of all but
 * those ends. Genera with several genomes still remember relatives of the fragments, genera with one do not: the gate
 * sees both.
 * @throws RangeError when no sequence has an end of 250 bases.
 */
export async function trainGate(
  genomes: RememberedGenomes,
  settings: MemorySettings,
  networks: Networks | undefined,
  seed: number,
): Promise<Gate> {
  const split = genomes.stretches.map(stretch => ({
    ...stretch,
    middle: stretch.end - Math.floor(heldOutShare * (stretch.end - stretch.start)),
  }))
  const rows = await judgedRows(
    memoryOfRest(genomes, split, settings),
    fragmentsOfEnds(genomes, split, seed),
    networks,
  )
  return Gate.train(rows, seed)
}

/** What remembers all but the ends. */
function memoryOfRest(
  { genera, bases }: RememberedGenomes,
  split: readonly SplitStretch[],
  settings: MemorySettings,
): GenusMemory {
  const rest = split.map(({ genus, start, middle }) => ({
    genus: genera[genus],
    bases: bases.slice(start, middle),
  }))
  return new GenusMemory(RememberedGenomes.of(rest), { ...settings, alignments: 0 })
}

/** Fragments of the ends, genera in turn, so that each batch of the training has all of them. */
function fragmentsOfEnds(
  { genera, bases }: RememberedGenomes,
  split: readonly SplitStretch[],
  seed: number,
): TrainingFragment[] {
  const key = purposeKey(seed, seedPurposes.run.gate)
  const fragments: TrainingFragment[] = []
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
  return fragments
}

/** What experts say of fragments for their own genera, in batches. (A fragment is judged in one piece.) */
async function judgedRows(
  memory: GenusMemory,
  fragments: readonly TrainingFragment[],
  networks: Networks | undefined,
): Promise<GateRows[]> {
  const batches: GateRows[] = []
  await memory.judge(
    fragments.map(({ bases }) => bases),
    networks,
    judged => {
      const experts = judged.tracks.length
      const means = noLosses(experts)
      for (let base = 0; base < judged.bases; ) {
        if (batches.at(-1)?.isFull ?? true) batches.push(new GateRows(experts))
        base = batches.at(-1)!.add(judged, judged.index, fragments[judged.index].genus, means, base)
      }
    },
  )
  return batches
}
