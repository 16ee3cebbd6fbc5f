import type { GenusPair } from '../score.js'
import type { BaseValues } from './baseValues.js'
import type { GenusCopies } from './genusCopies.js'
import { piecesOf } from './pieces.js'
import type { PooledContexts } from './pooledContexts.js'
import { addBaseLeads } from './regionLeads.js'

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
    for (const [, piece] of piecesOf(fragment)) {
      const tracks = Array.from(sums, () => new Float32Array(piece.length))
      this.#forEachGain(piece, (base, genus, gain) => {
        tracks[genus][base] = gain
      })
      addBaseLeads(tracks, sums)
    }
  }

  /** Adds to `values`, times `weight`, what each base gains for one genus more than for another. */
  addTrack(fragment: Uint8Array, [genus, other]: GenusPair, weight: number, values: BaseValues): void {
    for (const [start, piece] of piecesOf(fragment))
      this.#forEachGain(piece, (base, of, gain) => {
        if (of === genus) values.add(start + base, weight * gain)
        else if (of === other) values.add(start + base, -weight * gain)
      })
  }

  #forEachGain(piece: Uint8Array, visit: (base: number, genus: number, gain: number) => void): void {
    this.contexts.turnTo(piece)
    this.copies.predict(piece, (base, genus, isRight, weight) => {
      const copied = isRight ? weight / Math.exp(this.contexts.logLikelihood(base, genus)) : 0
      visit(base, genus, Math.log(copied + 1 - weight))
    })
  }
}
