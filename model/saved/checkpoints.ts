/** The checkpoints that a run leaves in a folder of its own: `model_STEP.safetensors`. */
import { join } from 'node:path'
import { checkpointName, checkpointsIn } from './locate.js'

/** The file of a checkpoint, and the step that it was written after. */
export type Checkpoint = { readonly path: string; readonly step: number }

/** The checkpoints in a folder, the newest last; the reference's, which may lie there too, are not a run's own. */
export async function runCheckpoints(folder: string): Promise<Checkpoint[]> {
  return (await checkpointsIn(folder)).filter(c => c.format === 'safetensors')
}

/** The path of the checkpoint of a step. */
export const checkpointPath = (folder: string, step: number): string => join(folder, checkpointName(step))
