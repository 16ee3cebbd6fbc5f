/**
 * What an expert says of bases for each genus: [bases, genera], in nats. The loss is -log p of the base that is there, NaN
 * where the expert predicts none; the uncertainty is the loss that the expert expects, where it tells.
 */
export type ExpertTrack = { readonly losses: Float32Array; readonly uncertainties?: Float32Array }

/** Room for what an expert says, which may be written again and again; there may be more of it than bases. */
export type TrackRoom = Required<ExpertTrack>

export const trackRoom = (bases: number, genera: number): TrackRoom => ({
  losses: new Float32Array(bases * genera),
  uncertainties: new Float32Array(bases * genera),
})

/** What experts say of bases of a fragment that follow each other. */
export type JudgedBases = {
  readonly tracks: readonly ExpertTrack[]
  readonly genera: number
  /** The first of them in the fragment, and how many they are. */
  readonly start: number
  readonly bases: number
}
