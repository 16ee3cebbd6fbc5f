import { openDevice } from '../../engine/index.js'
import { DetectorScores, type Track } from '../../model/index.js'
import { loadPageDetector, type OwnModels } from './detector.js'

export type TrackInput = {
  /** Of one read, 0 to 3, 4 for unknown. */
  readonly bases: Uint8Array
  /** As `ScoreInput` has it. */
  readonly models?: OwnModels
}

/** Undefined for a detector without scores that are told base by base, and for a read without predictions. */
export type TrackResult = Track | undefined

/** How a score comes about along one read. @throws CheckpointError for models that are none. */
export async function track({ bases, models }: TrackInput): Promise<TrackResult> {
  await openDevice('wasm')
  const scores = new DetectorScores(await loadPageDetector(models), { batch: 1 })
  try {
    const [track] = await scores.tracks([bases])
    return track
  } finally {
    scores.dispose()
  }
}
