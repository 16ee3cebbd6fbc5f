import { ReadableStream } from 'node:stream/web'
import { setImmediate } from 'node:timers/promises'
import { InvalidArgumentError, Option } from 'commander'
import type { Runtime } from '../engine/index.js'
import { type DetectorScores, networksOf, rowsOfBatch, type SavedDetector, version } from '../model/index.js'
import { type DeviceArguments, deviceOption, deviceOptionFlags } from './deviceOptions.js'
import type { Extent } from './input.js'
import { interrupted, unlessInterrupted } from './interrupt.js'
import { describeDetector } from './models.js'
import { wholeNumber } from './options.js'
import { type Progress, say, startProgress } from './progress.js'
import type { Tally } from './tally.js'

/**
 * Progress on stderr of an input that is scored. What is read is ahead of what is scored, by a whole chromosome if there
 * is one: the part that is done is that of the bases read.
 */
export class ScoringProgress {
  readonly #progress: Progress
  #read = 0
  #predicted = 0
  #scored = 0

  constructor(
    readonly input: Extent,
    readonly tally: Tally,
    quiet = false,
  ) {
    this.#progress = startProgress(input.totalBytes, { quiet })
  }

  /** So many bases were read. */
  read(bases: number): void {
    this.#read += bases
  }

  /** So many bases were predicted, of reads that are not yet scored as a whole. */
  predicted(bases: number): void {
    this.#predicted += bases
    this.#update()
  }

  /** So many bases are of reads that are scored. */
  scored(bases: number): void {
    this.#scored += bases
    this.#update()
  }

  #update(): void {
    const bases = Math.min(this.#read, Math.max(this.#scored, this.#predicted))
    const done = this.#read ? (this.input.bytesRead() * bases) / this.#read : 0
    const { reads, readsPerSecond } = this.tally
    this.#progress.update(done, `${reads} reads, ${(bases / 1e6).toFixed(1)} Mb, ${readsPerSecond}`)
  }

  /** Takes the bar away. */
  stop(): void {
    this.#progress.stop()
  }
}

/** What commander makes of the options that every command that scores reads has. */
export type ScoringFlags = DeviceArguments & {
  batch: number | 'auto'
  bothStrands?: boolean
  cell?: string
  quiet?: boolean
}

/** The options of every command that scores reads: device, batch size, strands, cell, quiet. */
export const scoringOptions = (): Option[] => [
  deviceOption(),
  ...deviceOptionFlags(),
  new Option(
    '--batch <n>',
    'reads that go through the model together, or auto: by the number of hidden units (scores do not depend on it)',
  )
    .argParser(numberOrAuto)
    .default('auto'),
  new Option(
    '--both-strands',
    'score every read and its reverse complement, and average (the reference does not)',
  ),
  new Option(
    '--cell <file>',
    'the .js or .ts file of the cell that both models are made of, if it is one of your own',
  ),
  new Option('-q, --quiet', 'no banner, no progress, no summary: only warnings and errors'),
]

/** Parses a batch size, for commander. */
function numberOrAuto(text: string): number | 'auto' {
  if (text === 'auto') return text
  try {
    return wholeNumber(1)(text)
  } catch {
    throw new InvalidArgumentError('Give a whole number, 1 or more, or auto.')
  }
}

/** How many reads go through the networks of a detector together. */
export const batchOf = ({ batch }: Pick<ScoringFlags, 'batch'>, detector: SavedDetector): number =>
  batch === 'auto' ? rowsOfBatch(networksOf(detector)) : batch

/**
 * Has a detector make what it looks reads up in, with progress on stderr.
 * @throws AbortError when the user interrupts.
 */
export async function prepare(detector: DetectorScores, quiet = false): Promise<void> {
  const progress = startProgress(1, { quiet })
  try {
    await detector.prepare((share, what) => {
      interrupted.throwIfAborted()
      progress.update(share, what)
    })
  } finally {
    progress.stop()
  }
}

/** Says on stderr what will compute, and with what. */
export function sayBanner(device: Runtime, detector: SavedDetector, flags: ScoringFlags): void {
  const hidden = networksOf(detector).map(({ options }) => options.hidden)
  const why =
    flags.batch === 'auto' && hidden.length ? ` (auto, for ${Math.max(...hidden)} hidden units)` : ''
  say(
    `xenograd ${version()}, device ${device.name} (${device.description}), batch ${batchOf(flags, detector)}${why}`,
  )
  for (const line of describeDetector(detector)) say(line)
}

/**
 * So many bases are being scored at once, at most: what comes behind a long record is ahead of it in the end, and waits for
 * its row in the table. A fragment counts `perFragment` more, for what is kept of it beside its bases.
 */
const mostAhead = 2 ** 24
const perFragment = 1024
/** The most bases of a call of `score`, if its fragments are not longer. */
const mostTogether = mostAhead / 16

/** How to score items of an input in their order. */
export type InOrder<T, S> = {
  /** Items of a call of `score`, at most. */
  readonly batch: number
  /** The fragments of an item, one or several. */
  fragmentsOf(item: T): readonly Uint8Array[]
  /** Scores of fragments. */
  score(fragments: readonly Uint8Array[]): Promise<readonly S[]>
}

/** An item, and the scores of its fragments. */
export type ScoredItem<T, S> = { readonly item: T; readonly scores: readonly S[] }

/**
 * Scores items in groups, in their order, in bounded memory: while a group is given, many others are being scored, so that
 * the rows of a batch never want for fragments, and a long one delays no others. Items before a damaged one are given
 * before the error.
 * @throws what the items throw, AbortError when the user interrupts.
 */
export async function* scoreInOrder<T, S>(
  items: AsyncIterable<T>,
  { batch, fragmentsOf, score }: InOrder<T, S>,
): AsyncGenerator<ScoredItem<T, S>[]> {
  async function* started() {
    for await (const group of inBatches(items, batch, fragmentsOf)) {
      interrupted.throwIfAborted()
      const fragments = group.map(fragmentsOf)
      const scores = score(fragments.flat())
      scores.catch(() => {}) // thrown where it is waited for, if no error comes before
      yield { group, fragments, scores }
      // Let the event loop see to the device, signals and the terminal.
      await setImmediate()
    }
  }
  const sizeOf = ({ fragments }: { readonly fragments: readonly (readonly Uint8Array[])[] }) =>
    fragments.flat().reduce((sum, { length }) => sum + length + perFragment, 0)
  for await (const { group, fragments, scores: pending } of readAhead(started(), sizeOf, mostAhead)) {
    const scores = await unlessInterrupted(pending)
    let next = 0
    yield group.map((item, i) => {
      const first = next
      next += fragments[i].length
      return { item, scores: scores.slice(first, next) }
    })
  }
}

/** The same items, and then the same error if there is one, asked for while those that nobody has taken yet are of a size below `most`. */
async function* readAhead<T>(
  items: AsyncGenerator<T, void>,
  sizeOf: (item: T) => number,
  most: number,
): AsyncGenerator<T, void> {
  type Read = { readonly item: T } | { readonly error: unknown }
  const size = (read: Read | undefined) => (read && 'item' in read ? sizeOf(read.item) : 1)
  const ahead = new ReadableStream<Read>(
    {
      async pull(queue) {
        try {
          const { done, value } = await items.next()
          if (!done) return queue.enqueue({ item: value })
        } catch (error) {
          queue.enqueue({ error })
        }
        queue.close()
      },
      // Whoever stops early does not wait for input.
      cancel: () => void items.return().catch(() => {}),
    },
    { highWaterMark: most, size },
  )
  for await (const read of ahead) {
    if ('error' in read) throw read.error
    yield read.item
  }
}

/** Groups of `size` items, or of `mostTogether` bases if that is less; the last one smaller. */
async function* inBatches<T>(
  items: AsyncIterable<T>,
  size: number,
  fragmentsOf: (item: T) => readonly Uint8Array[],
): AsyncGenerator<T[]> {
  let batch: T[] = []
  let bases = 0
  try {
    for await (const item of items) {
      batch.push(item)
      for (const fragment of fragmentsOf(item)) bases += fragment.length
      if (batch.length < size && bases < mostTogether) continue
      const full = batch
      batch = []
      bases = 0
      yield full
    }
  } finally {
    // Also when the source fails: what came before is sound.
    if (batch.length) yield batch
  }
}
