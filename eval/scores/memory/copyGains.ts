import type { GenusPair } from '../score.js'
import type { BaseValues } from './baseValues.js'
import type { GenusCopies } from './genusCopies.js'
import { piecesOf } from './pieces.js'
import type { PooledContexts } from './pooledContexts.js'
import { addBaseLeads, forEachLead } from './regionLeads.js'

/**
 * By how much copies make fragments likelier than contexts alone. Where a copy runs, a base is the copied one with a
 * probability w, the copy's weight, and else what contexts predict: p = w [base is the copied one] + (1 - w) p_contexts.
 */
export class CopyGains {
  constructor(
    readonly copies: GenusCopies,
    readonly contexts: PooledContexts,
  ) {}

  /** Adds the gain in log-likelihood of a fragment for each genus to `sums`, in nats. */
  addGains(fragment: Uint8Array, sums: Float64Array): void {
    for (const [, piece] of piecesOf(fragment))
      this.#forEachGain(piece, (_, genus, gain) => {
        sums[genus] += gain
      })
  }

  /** Adds to `sums`, for each genus, by how much its gain leads over those of all others, base by base, in nats. */
  addLeads(fragment: Uint8Array, sums: Float64Array): void {
    for (const [, piece] of piecesOf(fragment)) addBaseLeads(this.#gainsPerBase(piece), sums)
  }

  /** Adds to `values`, times `weight`, what each base adds to what `addLeads` adds for a genus. */
  addLeadTrack(fragment: Uint8Array, genus: number, weight: number, values: BaseValues): void {
    for (const [start, piece] of piecesOf(fragment))
      forEachLead(this.#gainsPerBase(piece), genus, (base, lead) => values.add(start + base, weight * lead))
  }

  /** Adds to `values`, times `weight`, what each base gains for one genus more than for another. */
  addTrack(fragment: Uint8Array, [genus, other]: GenusPair, weight: number, values: BaseValues): void {
    for (const [start, piece] of piecesOf(fragment))
      this.#forEachGain(piece, (base, of, gain) => {
        if (of === genus) values.add(start + base, weight * gain)
        else if (of === other) values.add(start + base, -weight * gain)
      })
  }

  /** The gain of each base for each genus. */
  #gainsPerBase(piece: Uint8Array): Float32Array[] {
    const [{ genera }] = this.contexts.kinds
    const tracks = Array.from({ length: genera }, () => new Float32Array(piece.length))
    this.#forEachGain(piece, (base, genus, gain) => {
      tracks[genus][base] = gain
    })
    return tracks
  }

  #forEachGain(piece: Uint8Array, visit: (base: number, genus: number, gain: number) => void): void {
    this.contexts.turnTo(piece)
    this.copies.predict(piece, (base, genus, isRight, weight) => {
      const copied = isRight ? weight / Math.exp(this.contexts.logLikelihood(base, genus)) : 0
      visit(base, genus, Math.log(copied + 1 - weight))
    })
  }
}
