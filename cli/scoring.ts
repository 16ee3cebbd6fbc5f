import { setImmediate } from 'node:timers/promises'
import { Option } from 'commander'
import { gcFraction, type Read } from '../data/index.js'
import type { Runtime } from '../engine/index.js'
import { Detector, type ReadScores } from '../model/index.js'
import { type DeviceArguments, deviceOption, deviceOptionFlags } from './deviceOptions.js'
import type { Input } from './input.js'
import { interrupted } from './interrupt.js'
import { describeModel, type Models } from './models.js'
import { wholeNumber } from './options.js'
import { say, startProgress } from './progress.js'
import type { ScoredRead } from './table.js'
import type { Tally } from './tally.js'
import { version } from './version.js'

/** What commander makes of the options that every command that scores reads has. */
export type ScoringFlags = DeviceArguments & {
  batch: number
  bothStrands?: boolean
  cell?: string
  quiet?: boolean
}

/** The options of every command that scores reads: device, batch size, strands, cell, quiet. */
export const scoringOptions = (): Option[] => [
  deviceOption(),
  ...deviceOptionFlags(),
  new Option('--batch <n>', 'reads that go through the model together')
    .argParser(wholeNumber(1))
    .default(100),
  new Option(
    '--both-strands',
    'score every read and its reverse complement, and average (the reference does not)',
  ),
  new Option(
    '--cell <file>',
    'the .js file of the cell that both models are made of, if it is one of your own',
  ),
  new Option('-q, --quiet', 'no banner, no progress, no summary: only warnings and errors'),
]

/** Sets up the models on a device; says on stderr what will compute, and with what, if `chatty`. */
export function makeDetector(
  device: Runtime,
  { foreground, background }: Models,
  { batch, bothStrands }: ScoringFlags,
  chatty: boolean,
): Detector {
  if (chatty) {
    say(`xenograd ${version()}, device ${device.name} (${device.description}), batch ${batch}`)
    say(`foreground ${describeModel(foreground)}`)
    if (background) say(`background ${describeModel(background)}`)
  }
  return new Detector(foreground, background, { device: device.name, batch, bothStrands })
}

/**
 * Scores all reads of an input in batches, in their order, in bounded memory, with progress on stderr. Reads before a
 * damaged one are given before the error.
 * @throws InputError for a damaged read, AbortError when the user interrupts.
 */
export async function* scoreInput(
  detector: Detector,
  input: Input,
  tally: Tally,
  { batch, quiet }: ScoringFlags,
): AsyncGenerator<ScoredRead[]> {
  const progress = startProgress(input.totalBytes, { quiet })
  try {
    for await (const { reads, scores } of prefetch(startScoring(detector, inBatches(input.reads, batch)))) {
      const scored = (await scores).map((s, i) => ({ ...s, read: reads[i], gc: gcFraction(reads[i].bases) }))
      for (const read of scored) tally.add(read)
      progress.update(input.bytesRead(), `${tally.reads} reads, ${tally.readsPerSecond}`)
      yield scored
      // Let the event loop see to signals and the terminal.
      await setImmediate()
    }
  } finally {
    progress.stop()
  }
}

type Batch = { readonly reads: readonly Read[]; readonly scores: Promise<ReadScores[]> }

/** Hands each batch to the device without waiting for its scores. */
async function* startScoring(
  detector: Detector,
  batches: AsyncIterable<Read[]>,
): AsyncGenerator<Batch, void> {
  for await (const reads of batches) {
    interrupted.throwIfAborted()
    const scores = detector.score(reads.map(read => read.bases))
    scores.catch(() => {}) // thrown where they are waited for, if no error comes before
    yield { reads, scores }
  }
}

/** The same items, with the next one asked for before each is given: the device computes while scores are written. */
export async function* prefetch<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  let next = items.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = items.next()
      next.catch(() => {}) // thrown where it is waited for
      yield value
    }
  } finally {
    // Whoever stops early does not wait for input.
    items.return().catch(() => {})
  }
}

/** Groups of `size` items, the last one smaller. */
export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  try {
    for await (const item of items) {
      batch.push(item)
      if (batch.length < size) continue
      const full = batch
      batch = []
      yield full
    }
  } finally {
    // Also when the source fails: what came before is sound.
    if (batch.length) yield batch
  }
}
