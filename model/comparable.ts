import { CheckpointError } from './checkpoint/index.js'
import type { SavedModel } from './saved/index.js'

/**
 * Checks that the ratio of two models means something: that they were trained on fragments of the same lengths, as far as
 * their files say (a run writes down its data; the reference does not).
 * @throws CheckpointError when they were not.
 */
export function checkComparable(foreground: SavedModel, background: SavedModel): void {
  const [wanted, got] = [lengthsOf(foreground), lengthsOf(background)]
  if (wanted !== undefined && got !== undefined && wanted !== got)
    throw new CheckpointError(
      background.path,
      `was trained on fragments of ${got} bases, ${foreground.path} on ${wanted}: their ratio would be of the lengths, too; train both on the same`,
    )
}

/** The lengths in what a run says of its data: `40000 reads of 250 bases, mutation rate 0.1`. */
const lengthsOf = ({ metadata }: SavedModel): string | undefined =>
  /\bof ((?:\d+ windows of )?\d+(?:, \d+)*) bases\b/.exec(metadata.data ?? '')?.[1]
