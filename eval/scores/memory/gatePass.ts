import type { JudgedBases } from './expertTrack.js'
import type { Gate } from './gate.js'
import { type GateRows, type LossMeans, noLosses } from './gateRows.js'

/** Calls of a gate under way at once: while the device computes one, rows of the next are written. */
const inFlight = 3

/** Told the log-likelihood of a base of a fragment under the mixture for a genus, in nats; those of a genus in order. */
export type MixedVisitor = (fragment: number, genus: number, base: number, logLikelihood: number) => void

/**
 * Fragments on their way through a gate, in parts of any length: how right experts have been so far is carried on from one
 * part to the next, so that it makes no difference where a fragment is cut.
 */
export class GatePass {
  readonly #means: readonly LossMeans[]
  readonly #mixing: Promise<void>[] = []
  /** Those that are being filled. */
  #rows: GateRows | undefined

  constructor(
    readonly gate: Gate,
    genera: number,
    readonly visit: MixedVisitor,
  ) {
    this.#means = Array.from({ length: genera }, () => noLosses(gate.experts))
  }

  /**
   * Mixes what experts say of the next bases of a fragment, as its caller numbers them, for some genera. All parts of a
   * fragment are for the same ones, and follow each other. What is `judged` may be written anew when the promise has ended.
   */
  async add(judged: JudgedBases, fragment: number, genera: Iterable<number>): Promise<void> {
    for (const genus of genera) {
      const means = this.#means[genus]
      if (judged.start === 0) means.fill(0)
      for (let base = 0; base < judged.bases; ) {
        this.#rows ??= this.gate.takeRows()
        base = this.#rows.add(judged, fragment, genus, means, base)
        if (this.#rows.isFull) this.#mix(this.#rows)
      }
      while (this.#mixing.length >= inFlight) await this.#mixing.shift()
    }
  }

  /** Ends when all has been told. */
  async end(): Promise<void> {
    if (this.#rows) this.#mix(this.#rows)
    while (this.#mixing.length > 0) await this.#mixing.shift()
  }

  #mix(rows: GateRows): void {
    this.#rows = undefined
    const before = this.#mixing.at(-1)
    const mixed = this.gate.mix(rows)
    const told = (async () => {
      const values = await mixed
      await before
      const { fragments, genera, bases, count } = rows
      for (let row = 0; row < count; row++) this.visit(fragments[row], genera[row], bases[row], values[row])
      this.gate.giveBack(rows)
    })()
    told.catch(() => {}) // thrown where it is waited for
    this.#mixing.push(told)
  }
}
