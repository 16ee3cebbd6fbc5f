/** The checkpoints that a run leaves in a folder of its own: `model_STEP.safetensors`. */
import { join } from 'node:path'
import type { ModelOptions } from '../generative.js'
import type { TrainState } from '../trainState.js'
import { loadToTrain } from './loadModel.js'
import { checkpointName, checkpointsIn } from './locate.js'
import { saveState } from './safetensorsModel.js'
import type { SavedModel } from './savedModel.js'

/** The file of a checkpoint, and the step that it was written after. */
export type Checkpoint = { readonly path: string; readonly step: number }

/** The checkpoints in a folder, the newest last; the reference's, which may lie there too, are not a run's own. */
export async function runCheckpoints(folder: string): Promise<Checkpoint[]> {
  return (await checkpointsIn(folder)).filter(c => c.format === 'safetensors')
}

/**
 * Read the newest checkpoint in a folder, to go on training from its step; undefined when there is none.
 * @throws as `loadToTrain`.
 */
export async function loadNewestCheckpoint(
  folder: string,
  wanted: ModelOptions,
): Promise<(SavedModel & Checkpoint) | undefined> {
  const newest = (await runCheckpoints(folder)).at(-1)
  return newest && { ...(await loadToTrain(newest.path, wanted)), ...newest }
}

/**
 * Write the checkpoint of a step, whole or not at all; `metadata` is kept in it beside the step.
 * @returns its path.
 * @throws Error when it cannot be written.
 */
export async function saveCheckpoint(
  folder: string,
  step: number,
  options: ModelOptions,
  state: TrainState,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const path = join(folder, checkpointName(step))
  await saveState(path, options, state, { ...metadata, step: String(step) })
  return path
}
