import { leaves } from '../engine/index.js'
import { findCell, loadModel, type SavedModel } from '../model/index.js'

/** What the detector is made of. */
export type Models = { readonly foreground: SavedModel; readonly background?: SavedModel }

/** How a model is named on the command line. */
export type ModelFlags = {
  readonly foreground: string
  readonly background?: string | undefined
  /** A .js file with the cell of both, if it is one of the user's own. */
  readonly cell?: string | undefined
  /** The checkpoint of this step in run directories; the newest if undefined. */
  readonly step?: number | undefined
}

/** Loads the models of the command line. @throws CheckpointError as `loadModel`. */
export async function loadModels({ foreground, background, cell: file, step }: ModelFlags): Promise<Models> {
  const cell = file === undefined ? undefined : await findCell(file)
  return {
    foreground: await loadModel(foreground, cell, step),
    ...(background !== undefined && { background: await loadModel(background, cell, step) }),
  }
}

/** How many numbers a model has learned. */
export const parameterCount = ({ state }: SavedModel): number =>
  leaves(state.parameters).reduce((sum, t) => sum + t.size, 0)

/** A model in a line: `model_900.ckpt: lstm, hidden 30, 4204 parameters, step 900`. */
export function describeModel(model: SavedModel): string {
  const { path, options, metadata } = model
  const parts = [
    options.cell.name,
    `hidden ${options.hidden}`,
    ...(options.embedding ? ['embedding'] : []),
    `${parameterCount(model)} parameters`,
    ...(metadata.step === undefined ? [] : [`step ${metadata.step}`]),
  ]
  return `${path}: ${parts.join(', ')}`
}
